"""Findings as sentences: what a figure says, and no more than it says."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import Kind
from helpdesk.reports.figures import Share, Waits
from helpdesk.reports.geometry import MINUTE, time_label
from helpdesk.reports.ratings import Scored


def waits_finding(waits: Waits, is_working: bool) -> str:
    """How long half and nine in ten wait, as far as the data reach."""
    if not waits.is_enough:
        return ngettext(
            "%(answered)d of %(n)d ticket has an answer. Too few for a median.",
            "%(answered)d of %(n)d tickets have an answer. Too few for a median.",
            waits.n,
        ) % {"answered": waits.answered, "n": waits.n}
    if waits.median is None:
        return _("Fewer than half have an answer yet.")
    median = _within(waits.median, is_working)
    if waits.p90 is None:
        return _("Half got an answer within %(median)s. Fewer than nine in ten have one yet.") % {
            "median": median
        }
    p90 = _within(waits.p90, is_working)
    return _("Half got an answer within %(median)s, nine in ten within %(p90)s.") % {
        "median": median,
        "p90": p90,
    }


def _within(seconds: float, is_working: bool) -> str:
    """A time after the word “within”: less than a minute is within one."""
    return time_label(max(seconds, MINUTE), is_working)


def feedback_finding(satisfied: Share, responded: Share) -> str:
    """How many of those who answered are satisfied, and how many answered."""
    if not satisfied.n:
        return _("Nobody has answered yet.")
    if not satisfied.is_enough:
        return ngettext(
            "%(hits)d of %(n)d answer says satisfied. Too few for a share.",
            "%(hits)d of %(n)d answers say satisfied. Too few for a share.",
            satisfied.n,
        ) % {"hits": satisfied.hits, "n": satisfied.n}
    words = _("%(share)d%% of those who answered are satisfied.") % {"share": round(satisfied.percent or 0)}
    if responded.is_enough:
        words += " " + _("%(share)d%% answered.") % {"share": round(responded.percent or 0)}
    return words


def rating_finding(scored: Scored, responded: Share) -> str:
    """What those who answered say, by the kind of their rating, and how many answered."""
    if scored.scoring.kind == Kind.CSAT:
        return feedback_finding(scored.share, responded)
    if not scored.n:
        return _("Nobody has answered yet.")
    if not scored.is_enough:
        return f"{_few(scored)} {_('Too few for a score.')}"
    if scored.scoring.kind == Kind.CES:
        words = _("%(share)d%% of those who answered found it easy.") % {
            "share": round(scored.share.percent or 0)
        }
    else:
        words = _("The recommendation score is %(score)s.") % {"score": scored.value_words}
    if responded.is_enough:
        words += " " + _("%(share)d%% answered.") % {"share": round(responded.percent or 0)}
    return words


def _few(scored: Scored) -> str:
    if scored.scoring.kind == Kind.CES:
        return ngettext(
            "%(hits)d of %(n)d answer says it was easy.",
            "%(hits)d of %(n)d answers say it was easy.",
            scored.n,
        ) % {"hits": scored.hits, "n": scored.n}
    return ngettext(
        "%(hits)d of %(n)d would recommend us.", "%(hits)d of %(n)d would recommend us.", scored.n
    ) % {"hits": scored.hits, "n": scored.n}
