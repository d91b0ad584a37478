"""What Django asks at every start: is the wiring by names whole?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register()
def subscribers_exist(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each entry of `TICKET_SUBSCRIBERS` imports and can be called."""
    found: list[CheckMessage] = []
    for name in settings.TICKET_SUBSCRIBERS:
        try:
            subscriber = import_string(name)
        except ImportError as error:
            found.append(
                Error(f"TICKET_SUBSCRIBERS names {name}, which does not import: {error}", id="tickets.E001")
            )
        else:
            if not callable(subscriber):
                found.append(
                    Error(f"TICKET_SUBSCRIBERS names {name}, which is no function", id="tickets.E002")
                )
    return found
