"""What every report shares: who may enter, the question in the address, the rail and the filter form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from typing import Any, Generic, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from feedback.queries import cause_names
from helpdesk.company import company_of
from helpdesk.context import path_of
from helpdesk.models import ReportMail
from helpdesk.reports import lookups
from helpdesk.reports.asks import REASON_WORDS, STAGE_WORDS
from helpdesk.reports.filters import DIMENSIONS, LINKED, NOBODY, Filters
from helpdesk.reports.geometry import time_label
from helpdesk.reports.periods import PRESETS
from helpdesk.reports.waits import VERDICT_WORDS
from helpdesk.times import zone_named
from tickets import access
from tickets.models import Channel, Organization, Priority, Tag, Team, User
from tickets.models.people import STAFF_ROLES

View = Callable[..., HttpResponseBase]


def report_view(view: View) -> View:
    """A page for supervisors and administrators; for everybody else it does not exist."""
    return _guarded(view, access.can_see_reports)


def member_view(view: View) -> View:
    """A page about oneself, for everybody who works here."""
    return _guarded(view, access.is_member)


def member_deed(view: View) -> View:
    """Something that who works here does from a page of the reports."""
    return _guarded(view, access.is_member, require_POST)


def overseer_deed(view: View) -> View:
    """Something that supervisors and administrators do; for everybody else it does not exist."""
    return _guarded(view, access.can_see_reports, require_POST)


def _guarded(view: View, may_see: Callable[[Any], bool], method: Any = require_safe) -> View:
    @never_cache
    @method
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not may_see(request.user):
            raise Http404
        if (question := _with_numbers(request)) is not None:
            return HttpResponseRedirect(f"{request.path}?{question.urlencode()}")
        with timezone.override(zone_named(company_of(request).time_zone)):
            return view(request, *args, **kwargs)

    return guarded


def _with_numbers(request: HttpRequest) -> QueryDict | None:
    """The question with the numbers of the names that were typed; None where none were. Who may not see the
    reports learns of no names."""
    is_asked = request.method in ("GET", "HEAD") and access.can_see_reports(request.user)
    return lookups.resolved(request.GET) if is_asked else None


def frame(request: HttpRequest, current: str, filters: Filters) -> dict[str, Any]:
    """What every page of the reports needs in its context."""
    return {
        "area": "reports",
        "rail_items": rail(request, current),
        "filters": filters,
        "period": filters.period,
        "zone": filters.zone.key.replace("_", " "),
        "counted_at": timezone.localtime(filters.now, filters.zone),
        "here": request.get_full_path(),
        "desk_tickets": f"{queue}tickets/" if (queue := path_of("desk:queue")) else "",
        "verdict_words": VERDICT_WORDS | {"": ""},
        "stage_words": STAGE_WORDS,
        "reason_words": REASON_WORDS,
        "mailed_as": _mailed_as(request),
        "unclear": lookups.unclear(request.GET) if access.can_see_reports(request.user) else [],
        "rhythms": ReportMail.Rhythm.choices,
        "time_words": partial(_time_words, is_working=filters.is_working),
    }


def _mailed_as(request: HttpRequest) -> str:
    """The page as it is mailed to who may see it; "" for pages that are not."""
    name = request.resolver_match.url_name if request.resolver_match else None
    is_mailed = name in ReportMail.Report.values and access.can_see_reports(request.user)
    return str(name) if is_mailed else ""


def _time_words(seconds: float | None, *, is_working: bool) -> str:
    return "–" if seconds is None else time_label(seconds, is_working)


def rail(request: HttpRequest, current: str) -> list[tuple[str, str, str, None, bool]]:
    pages = [("cases", _("Recovery cases"), "flag"), ("mine", _("My numbers"), "person")]
    if access.can_see_reports(request.user):
        pages = [
            ("index", _("Overview"), "chart"),
            ("first-response", _("First response"), "reply"),
            ("sla", _("SLA"), "clock"),
            ("feedback", _("Feedback"), "star"),
            ("workload", _("Workload"), "box"),
            *pages,
        ]
    return [(reverse(f"reports:{name}"), word, glyph, None, name == current) for name, word, glyph in pages]


@dataclass(frozen=True)
class Option:
    value: str
    word: str
    is_chosen: bool


@dataclass(frozen=True)
class Select:
    """One choice of the filter form."""

    name: str
    label: str
    options: list[Option]

    @property
    def is_rare(self) -> bool:
        return self.name in ("agent", "priority", "channel", *LINKED)

    @property
    def is_set(self) -> bool:
        return not self.options[0].is_chosen

    @property
    def typed_in(self) -> str:
        """The field in which a name is typed; "" where one of the options is chosen."""
        return lookups.field_of(self.name) if self.name in LINKED else ""


def selects(filters: Filters, dates: dict[str, Any], *, basis: bool) -> list[Select]:
    """The choices of a report; `dates` are the words of the dates by which it can count, default first."""
    chosen = "" if filters.dates else filters.preset
    periods = {name: words for name, (words, _span) in PRESETS.items()}
    if filters.dates:
        periods = {"": str(filters.period), **periods}
    found = [_select("period", _("Period"), periods, chosen)]
    teams: dict[Any, str] = dict(Team.objects.values_list("pk", "name"))
    found.append(_select("team", _("Team"), {"": _("All teams"), **teams}, filters.team))
    members: dict[Any, str] = {
        row.pk: str(row) for row in User.objects.filter(role__in=STAFF_ROLES).order_by("name", "pk")
    }
    agents: dict[Any, str] = {"": _("All agents"), **members, NOBODY: _("Nobody")}
    found.append(_select("agent", _("Agent"), agents, filters.agent))
    priorities: dict[Any, Any] = {"": _("All priorities"), **dict(reversed(Priority.choices))}
    found.append(_select("priority", _("Priority"), priorities, filters.priority))
    channels: dict[Any, str] = {
        "": _("All channels"),
        **{value: capital(str(word)) for value, word in Channel.choices},
    }
    found.append(_select("channel", _("Channel"), channels, filters.channel))
    found += [_lookup(name, filters) for name in LINKED]
    if basis:
        times = {"working": _("Working time"), "calendar": _("Calendar time")}
        found.append(_select("basis", _("Time"), times, filters.basis))
    if dates:
        found.append(_select("by", _("Date"), dates, filters.by or next(iter(dates))))
    return found


def _select(name: str, label: str, words: dict[Any, Any], chosen: str) -> Select:
    return Select(
        name, label, [Option(str(key), str(word), str(key) == chosen) for key, word in words.items()]
    )


def _lookup(name: str, filters: Filters) -> Select:
    """The choice of which only what was chosen is known: nobody lists all there are."""
    label, everything = {
        "organization": (_("Organisation"), _("All organisations")),
        "tag": (_("Tag"), _("All tags")),
    }[name]
    words = {"": everything}
    if chosen := getattr(filters, name):
        [word] = [lookups.nothing_of(name)] if chosen == NOBODY else names_narrowed_to(filters, (name,))
        words[chosen] = word
    return _select(name, label, words, chosen)


def capital(word: str) -> str:
    return word[:1].upper() + word[1:]


Figure = TypeVar("Figure")


@dataclass(frozen=True)
class Group(Generic[Figure]):
    """What is said of the rows of one value of a dimension, under its name."""

    value: Any
    name: str
    figure: Figure


def grouped(figures: Mapping[tuple[Any, ...], Figure], dimension: str) -> list[Group[Figure]]:
    """What a relation said by the values of a dimension, in a fixed order that ranks nobody: by name,
    priorities from urgent down, causes as they are offered."""
    found = {value: figure for (value,), figure in figures.items()}
    names = dimension_names(dimension, found)
    groups = [Group(value, names.get(value, f"#{value}"), figure) for value, figure in found.items()]
    if dimension == "priority":
        return sorted(groups, key=lambda group: -group.value)
    if dimension == "cause":
        order = list(names)
        return sorted(groups, key=lambda group: order.index(group.value) if group.value in names else -1)
    return sorted(groups, key=lambda group: (group.value is None, group.name.casefold(), str(group.value)))


def dimension_names(dimension: str, values: Iterable[Any]) -> dict[Any, str]:
    """What the values of a dimension are called."""
    if dimension == "priority":
        return {value: str(word) for value, word in Priority.choices}
    if dimension == "channel":
        return {value: capital(str(word)) for value, word in Channel.choices}
    if dimension == "cause":
        return {**cause_names(), None: pgettext("cause", "None")}
    keys = [value for value in values if value is not None]
    if dimension == "tag":
        names: dict[Any, str] = dict(Tag.objects.filter(pk__in=keys).values_list("pk", "name"))
        return names | {None: pgettext("tag", "None")}
    if dimension == "organization":
        names = dict(Organization.objects.filter(pk__in=keys).values_list("pk", "name"))
        return names | {None: pgettext("organisation", "None")}
    model: Any = Team if dimension == "team" else User
    return {row.pk: str(row) for row in model.objects.filter(pk__in=keys)} | {None: _("Nobody")}


def names_narrowed_to(filters: Filters, dimensions: Iterable[str]) -> list[str]:
    """The names of the values to which a question is narrowed."""
    found = []
    for dimension in dimensions:
        value: Any = getattr(filters, dimension)
        if value:
            key: Any = None if value == NOBODY else int(value) if value.isdigit() else value
            found.append(dimension_names(dimension, [key]).get(key, f"#{value}"))
    return found


def split_tabs(filters: Filters, splits: Iterable[str] = DIMENSIONS) -> list[tuple[str, str, None, bool]]:
    """The dimensions by which the breakdown can be split, as tabs."""
    words = {
        "team": _("By team"),
        "agent": _("By agent"),
        "priority": _("By priority"),
        "channel": _("By channel"),
        "organization": _("By organisation"),
        "tag": _("By tag"),
    }
    return [(filters.query(split=name) + "#by", words[name], None, name == filters.split) for name in splits]


def opens(filters: Filters, report: str, slice_: str = "all") -> str:
    """The address of the list of exactly the rows behind a figure."""
    return _lists(get_script_prefix()) + filters.query(report=report, slice=slice_)


@lru_cache(maxsize=8)
def _lists(prefix: str) -> str:
    """Where the lists are, below the path at which the project is mounted: a page asks some hundred times."""
    return reverse("reports:tickets")
