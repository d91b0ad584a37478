"""What every page gets, whichever face renders it: the reader, the brand, the look, the permitted areas."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from duty.queries import duty_of
from helpdesk.brand import sheet_path
from helpdesk.company import company_of, logo_path
from helpdesk.kept import setting_of
from helpdesk.notifications import Alerts
from helpdesk.times import zone_named
from tickets import access

THEMES = ("system", "light", "dark")
DENSITIES = ("compact", "comfortable", "roomy")
LOOK_COOKIE = "look"


@dataclass(frozen=True)
class Look:
    """A reader's choices of appearance; each comes from a known set, so it can stand in an attribute."""

    theme: str = "system"
    density: str = "comfortable"
    exact_times: bool = False
    keys: bool = True

    def words(self) -> str:
        """The choices as they are kept in the cookie: "dark.compact.exact.nokeys"."""
        flags = [word for word, on in (("exact", self.exact_times), ("nokeys", not self.keys)) if on]
        return ".".join([self.theme, self.density, *flags])


def look_of(request: HttpRequest) -> Look:
    """The choices kept in this browser; unknown words fall back to the defaults."""
    words = request.COOKIES.get(LOOK_COOKIE, "").split(".")
    return Look(
        theme=next((word for word in words if word in THEMES), "system"),
        density=next((word for word in words if word in DENSITIES), "comfortable"),
        exact_times="exact" in words,
        keys="nokeys" not in words,
    )


class FormField:
    """The hidden field that a page's forms carry against forgery: one for all of them, as making each its own
    costs more than the form. Nothing is made, and no cookie set, for a page without a form."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def markup(self) -> str:
        return csrf_input(self.request)

    def __html__(self) -> str:
        return self.markup

    __str__ = __html__


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor for our Jinja2 pages; `defaults` holds the same names where there is no request."""
    user = getattr(request, "user", None)
    reader = user if user is not None and user.is_authenticated else None
    # No more names than these: what is given here wins over what the view said (`problem`, `search_words`).
    row = company_of(request)
    if reader is None:
        timezone.activate(zone_named(row.time_zone))  # until the end of the request
    look = look_of(request)
    return {
        "look": look,
        "csrf_input": FormField(request),
        "reader": reader,
        "alerts": getattr(request, "alerts", None) or Alerts(reader),
        "is_away": reader is not None and reader.is_member and duty_of(reader).is_away(timezone.now()),
        "areas": areas_for(reader),
        "brand": row.name,
        "brand_logo": logo_path(row),
        "brand_sheet": sheet_path(row),
        "brand_foot": row.footer.splitlines(),
        "kept_for": setting_of(look.exact_times),
    }


def defaults() -> dict[str, Any]:
    """The same names for pages that are rendered without a request, such as the page for a server error."""
    return {
        "request": None,
        "look": Look(),
        "reader": None,
        "alerts": None,
        "is_away": False,
        "areas": [],
        "brand": _("Support"),
        "brand_logo": None,
        "brand_sheet": "",
        "brand_foot": [],
        "kept_for": None,
        "area": "",
        "problem": False,
        "search_words": "",
    }


def areas_for(reader: Any) -> list[tuple[str, str, str, str]]:
    """The areas this reader may enter, in their fixed order: (key, word, path, shortcut)."""
    if reader is None or not reader.is_member:
        return []
    areas = [
        ("queue", _("Queue"), "desk:queue", "g q"),
        ("customers", _("Customers"), "desk:customers", "g c"),
    ]
    own = "reports:index" if access.can_see_reports(reader) else "reports:mine"
    areas.append(("reports", _("Reports"), own, "g r"))
    if access.can_set_promises(reader):
        start = "setup:index" if access.can_administer(reader) else "setup:hours"
        areas.append(("setup", _("Setup"), start, "g s"))
    return [(key, word, path, chord) for key, word, route, chord in areas if (path := path_of(route))]


def path_of(route: str, *arguments: Any) -> str:
    """The path of `route`, or "" where no such face is mounted."""
    try:
        return reversed_path(route, *arguments)
    except NoReverseMatch:
        return ""


def reversed_path(route: str, *arguments: Any) -> str:
    """The path of `route`, remembered: Django looks through the routes each time. Raises NoReverseMatch."""
    return _reversed(get_urlconf() or settings.ROOT_URLCONF, route, *arguments)


@lru_cache(maxsize=4096, typed=True)
def _reversed(_routes: Any, route: str, *arguments: Any) -> str:
    return reverse(route, args=arguments)
