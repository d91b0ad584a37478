"""The words of a search: `is:open assignee:me -tag:refund "two weeks"`, read once for every face.

    is:        open (new or open) · new · waiting · hold · resolved · closed · unresolved · unanswered ·
               unassigned · late · snoozed
    assignee:  me · none · part of a colleague's name or address
    team:      a team's name, or a part of it
    from:      me · part of the requester's name or address
    org:       part of the organisation's name
    tag:       a tag
    priority:  low · normal · high · urgent
    channel:   mail · portal · phone · walk_in · desk · api
    due:       <30m · <2h · <3d (late ones included) · today · late
    before:    opened before that day (2026-11-01, 1.11.2026, today, yesterday)
    after:     opened on that day or later

A minus in front turns a term or a word round. Days begin at midnight in the reader's time zone. What is no
term is a word that is looked for (`tickets.finding`); a bare number names a ticket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access, finding
from tickets.models import UNRESOLVED_STATUSES, Channel, Priority, Status, Ticket, User

LONGEST = 400  # characters
MOST = 20  # words and terms


class BadQuery(ValueError):
    """What was typed cannot be understood. Its text says what to do instead and may be shown."""


class Term(NamedTuple):
    """One condition: `text` as it was typed. A word that must not be there has the key "not"."""

    key: str
    value: str
    text: str


@dataclass(frozen=True)
class Query:
    """A search that was understood. `condition` holds of the tickets that fit the terms, `words` is what is
    looked for in them, `number` is set where nothing but a number was typed."""

    text: str
    reader: Any
    condition: Q = field(default_factory=Q)
    terms: tuple[Term, ...] = ()
    phrases: tuple[str, ...] = ()
    number: int | None = None

    @property
    def words(self) -> str:
        """The words and quoted phrases, as one would type them."""
        return " ".join(f'"{phrase}"' if " " in phrase else phrase for phrase in self.phrases)

    def without(self, term: Term) -> str:
        """The same search without one term, to be typed or put into an address."""
        left = [other.text for other in self.terms if other is not term]
        return " ".join([*left, *([self.words] if self.words else [])])

    def has(self, key: str) -> bool:
        return any(term.key == key for term in self.terms)


def parse(text: str, user: User) -> Query:
    """Read a search. Raises BadQuery. Who is no member of the staff has words only, no terms."""
    text = re.sub("[\u201c\u201d\u201e]", '"', text.replace("\x00", " ")).strip()
    if len(text) > LONGEST:
        raise BadQuery(_("Search for at most %(number)s characters.") % {"number": LONGEST})
    number = number_in(text)
    if number is not None and text.startswith("#"):
        return Query(text, user, Q(pk=number), number=number)
    if number is not None or not access.is_member(user):
        return Query(text, user, phrases=_phrases(text), number=number)
    condition, terms, phrases = Q(), [], []
    for piece in re.findall(r'-?(?:[A-Za-z]+:)?"[^"]*"?|[^\s"]+', text):
        term, told = _read(piece, user)
        if term:
            terms.append(term)
            condition &= told
        elif word := piece.strip('"').strip():
            phrases.append(word)
    if len(terms) + len(phrases) > MOST:
        raise BadQuery(_("Search for at most %(number)s words and conditions.") % {"number": MOST})
    return Query(text, user, condition, tuple(terms), tuple(phrases))


def apply(tickets: QuerySet[Ticket], query: Query) -> QuerySet[Ticket]:
    """Those of `tickets` that a search finds, in no order yet. Looks the words up at once.

    Of words that very many messages have, only the newest thousand are looked at.
    """
    tickets = tickets.filter(query.condition)
    if not query.phrases:
        return tickets
    found = finding.candidates(query.reader, query.phrases)
    numbers = found.tickets | ({query.number} if query.number else set())
    return tickets.filter(pk__in=numbers) if numbers else tickets.none()


def found(tickets: QuerySet[Ticket], query: Query, *, settled: bool | None = None) -> finding.Found:
    """As `finding.found`, among those of `tickets` that fit the terms."""
    return finding.found(tickets.filter(query.condition), query.reader, query.phrases, settled=settled)


def number_in(text: str) -> int | None:
    """The ticket's number that `text` ("1042", "#1042") is, if it is one."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else None


def _phrases(text: str) -> tuple[str, ...]:
    pieces = re.findall(r'"[^"]*"?|[^\s"]+', text)
    return tuple(word for piece in pieces if (word := piece.strip('"').strip()))[:MOST]


def _read(piece: str, user: User) -> tuple[Term | None, Q]:
    """The term that a piece of the text is, with its condition; None for a word."""
    minus = piece.startswith("-")
    key, colon, value = piece.removeprefix("-").partition(":")
    value, key = value.strip('"').strip(), key.lower()
    if not (colon and len(key) > 1 and key.isascii() and key.isalpha()) or value.startswith("//"):
        word = piece.removeprefix("-").strip('"').strip()
        if not minus or not finding.is_word(word):
            return None, Q()
        return Term("not", word, piece), ~finding.says(user, word)
    if key not in KEYS:
        if not value:
            return None, Q()
        raise BadQuery(
            _("There is no “%(key)s:” to search by. Use %(known)s, or put words in quotes to look for them.")
            % {"key": key, "known": ", ".join(f"{known}:" for known in KEYS)}
        )
    if not value:
        raise BadQuery(_("Write what you look for behind “%(key)s:”, without a space.") % {"key": key})
    condition = KEYS[key](value, user)
    return Term(key, value, piece), ~condition if minus else condition


def _chosen(key: str, value: str, known: dict[str, Any]) -> Any:
    """What a value from a fixed list stands for."""
    if value.lower() not in known:
        words = {"key": key, "value": value, "known": ", ".join(known)}
        raise BadQuery(_("“%(key)s:” knows no “%(value)s”. It takes %(known)s.") % words)
    return known[value.lower()]


def _is(value: str, user: User) -> Q:
    known = {
        "open": Q(status__in=(Status.NEW, Status.OPEN)),
        "new": Q(status=Status.NEW),
        "waiting": Q(status=Status.WAITING),
        "hold": Q(status=Status.ON_HOLD),
        "resolved": Q(status=Status.RESOLVED),
        "closed": Q(status=Status.CLOSED),
        "unresolved": Q(status__in=UNRESOLVED_STATUSES),
        "unanswered": Q(unanswered_since__isnull=False, status__in=UNRESOLVED_STATUSES),
        "unassigned": Q(assignee=None),
        "late": _due_by(timezone.now()),
        "snoozed": Q(snoozed_until__isnull=False, status__in=UNRESOLVED_STATUSES),
    }
    found: Q = _chosen("is", value, known)
    return found


def _due_by(at: datetime) -> Q:
    """The next due time, which `sla` keeps under the name `due`, is not later than that."""
    return Q(due__due_at__lt=at)


def _assignee(value: str, user: User) -> Q:
    if value.lower() in ("me", "none"):
        return Q(assignee=user.pk if value.lower() == "me" else None)
    people = access.members_visible_to(user).filter(Q(name__icontains=value) | Q(email__istartswith=value))
    found = list(people.values_list("pk", flat=True)[:100])
    if not found:
        raise BadQuery(
            _("Nobody here is called “%(name)s”. Write a part of a colleague's name, “me” or “none”.")
            % {"name": value}
        )
    return Q(assignee__in=found)


def _team(value: str, user: User) -> Q:
    teams = list(access.teams_visible_to(user))
    found = [team.pk for team in teams if team.name.lower() == value.lower()]
    found = found or [team.pk for team in teams if value.lower() in team.name.lower()]
    if not found:
        names = ", ".join(team.name for team in teams)
        raise BadQuery(
            _("There is no team “%(name)s”. There are %(known)s.") % {"name": value, "known": names}
        )
    return Q(team__in=found)


def _from(value: str, user: User) -> Q:
    if value.lower() == "me":
        return Q(requester=user.pk)
    people = access.people_visible_to(user).filter(Q(name__icontains=value) | Q(email__icontains=value))
    return Q(requester__in=people.values("pk"))


def _org(value: str, user: User) -> Q:
    found = access.organizations_visible_to(user).filter(name__icontains=value)
    return Q(organization__in=found.values("pk"))


def _tag(value: str, user: User) -> Q:
    return Q(pk__in=Ticket.tags.through.objects.filter(tag__name=value.lower()).values("ticket"))


def _priority(value: str, user: User) -> Q:
    return Q(priority=_chosen("priority", value, {level.name.lower(): level for level in Priority}))


def _channel(value: str, user: User) -> Q:
    value = {"email": "mail", "walk-in": "walk_in"}.get(value.lower(), value)
    return Q(channel=_chosen("channel", value, {channel.value: channel for channel in Channel}))


_SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _due(value: str, user: User) -> Q:
    now = timezone.now()
    if value.lower() == "late":
        return _due_by(now)
    if value.lower() == "today":
        return _due_by(_midnight(now.astimezone(_zone(user)).date() + timedelta(days=1), user))
    span = re.fullmatch(r"<?([0-9]{1,4})(m|h|d)(?:in)?", value.lower())
    if not span:
        raise BadQuery(_("Write “due:<2h”, “due:<3d”, “due:today” or “due:late”."))
    return _due_by(now + int(span[1]) * _SPANS[span[2]])


def _before(value: str, user: User) -> Q:
    return Q(opened_at__lt=_midnight(_day("before", value, user), user))


def _after(value: str, user: User) -> Q:
    return Q(opened_at__gte=_midnight(_day("after", value, user), user))


def _day(key: str, value: str, user: User) -> date:
    today = timezone.now().astimezone(_zone(user)).date()
    if value.lower() in ("today", "yesterday"):
        return today - timedelta(days=value.lower() == "yesterday")
    for pattern in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    ):
        if found := re.fullmatch(pattern, value, re.ASCII):
            try:
                day = date(**{name: int(digits) for name, digits in found.groupdict().items()})
            except ValueError:
                break
            if 1900 <= day.year <= 2200:
                return day
    raise BadQuery(
        _("Write the day behind “%(key)s:” as year-month-day, such as %(key)s:%(day)s.")
        % {"key": key, "day": today.isoformat()}
    )


def _zone(user: User) -> tzinfo:
    """The zone in which the reader's days begin: their own, else that of the page."""
    try:
        return ZoneInfo(user.time_zone) if user.time_zone else timezone.get_current_timezone()
    except (ValueError, OSError):
        return timezone.get_current_timezone()


def _midnight(day: date, user: User) -> datetime:
    return datetime.combine(day, time(), _zone(user))


KEYS: dict[str, Callable[[str, User], Q]] = {
    "is": _is,
    "assignee": _assignee,
    "team": _team,
    "from": _from,
    "org": _org,
    "tag": _tag,
    "priority": _priority,
    "channel": _channel,
    "due": _due,
    "before": _before,
    "after": _after,
}
"""What stands before a colon, with what makes a condition of the value behind it."""
