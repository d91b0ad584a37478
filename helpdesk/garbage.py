"""When Python looks for garbage in processes that live long."""

import gc

SELDOM = 50_000
"""New objects between two looks: a page or a batch of mail makes tens of thousands, nearly all of which go by
themselves."""


def look_seldom() -> None:
    """Leave what was loaded at the start alone for good, and look at the rest less often.

    To be called once a process has loaded its code, also after a fork (which then keeps sharing that memory).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, 20, 50)
