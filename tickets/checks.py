"""What Django asks at every start: is the wiring by names whole?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register()
def wiring_is_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each entry of `TICKET_SUBSCRIBERS` and `JOB_KINDS` imports and can be called."""
    named = [("TICKET_SUBSCRIBERS", name) for name in settings.TICKET_SUBSCRIBERS]
    named += [("JOB_KINDS", name) for name in settings.JOB_KINDS.values()]
    found: list[CheckMessage] = []
    for setting, name in named:
        try:
            function = import_string(name)
        except ImportError as error:
            found.append(Error(f"{setting} names {name}, which does not import: {error}", id="tickets.E001"))
        else:
            if not callable(function):
                found.append(Error(f"{setting} names {name}, which is no function", id="tickets.E002"))
    return found
