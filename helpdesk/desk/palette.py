"""What the palette offers: the ticket's actions, places to go to, tickets and people, each as one option."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from markupsafe import Markup

from helpdesk import context
from helpdesk.desk.rail import rail, saved_rail
from helpdesk.desk.where import where_of
from helpdesk.marking import marked, starts
from helpdesk.words import PRIORITY_WORDS, STATUS_WORDS
from tickets import access, finding, searching
from tickets.models import Status, Ticket, User

FOUND = 5
"""Tickets, and people, for the words typed."""


@dataclass
class Option:
    """One line. It presses `control` where the page has one (a CSS selector), else posts `fields` to `post`,
    else goes to `href`. `keys` are shown beside; `more` says what it is."""

    word: str
    icon: str
    more: str = ""
    keys: str = ""
    href: str = ""
    post: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    control: str = ""
    label: Markup = field(default_factory=Markup)


@dataclass
class Group:
    title: str
    options: list[Option]
    is_ticket: bool = False


def groups(request: HttpRequest, text: str, ticket: Ticket | None) -> list[Group]:
    """The options whose words begin with what was typed; all actions and places where nothing was."""
    words = tuple(text.split())
    found = []
    if ticket is not None:
        title = _("Ticket #%(number)s · %(subject)s") % {
            "number": ticket.reference,
            "subject": Truncator(ticket.subject).chars(60),
        }
        offers = _Offers(request, ticket)
        options = offers.usual() + (offers.each() if words else [])
        found.append(Group(title, _fitting(options, words), is_ticket=True))
    found.append(Group(_("Go to"), _fitting(_places(request), words)))
    if words:
        found.append(Group(_("Tickets"), _tickets(request, text)))
        found.append(Group(_("People"), _people(request, text)))
        found.append(Group(_("Search"), [_everywhere(text)]))
    for option in (option for group in found for option in group.options):
        option.label = marked(option.word, words)
    return [group for group in found if group.options]


def _fitting(options: list[Option], words: tuple[str, ...]) -> list[Option]:
    return [option for option in options if all(starts(f"{option.word} {option.more}", w) for w in words)]


def _everywhere(text: str) -> Option:
    href = f"{reverse('desk:search')}?{urlencode({'q': text})}"
    return Option(_("Search everything for “%(words)s”") % {"words": text}, "search", href=href)


# --- this ticket ----------------------------------------------------------------------------------------


class _Offers:
    """What can be done with a ticket by its reader, in the words and with the fields of the ticket's page."""

    def __init__(self, request: HttpRequest, ticket: Ticket) -> None:
        self.reader: Any = request.user
        self.ticket = ticket
        self.view = f"?view={where_of(request).address}"
        self.here = reverse("desk:ticket", args=[ticket.pk]) + self.view
        self.owner = {"expected": str(ticket.assignee_id or 0)}

    def deed(
        self, word: str, icon: str, route: str, keys: str = "", control: str = "", **fields: str
    ) -> Option:
        path = reverse(f"desk:{route}", args=[self.ticket.pk]) + self.view
        return Option(word, icon, keys=keys, post=path, fields=fields, control=control)

    def place(self, word: str, icon: str, keys: str, control: str, more: str = "") -> Option:
        return Option(word, icon, keys=keys, control=control, href=self.here + more)

    def usual(self) -> list[Option]:
        """What has a key of its own."""
        name = {"name": self.ticket.requester.first_name or _("the customer")}
        found = [
            self.place(_("Reply to %(name)s") % name, "reply", "R", "[data-composer=reply]", "#composer"),
            self.place(_("Note to team"), "lock", "N", "[data-composer=note]", "&write=note#composer"),
            self.deed(_("Reopen"), "undo", "reopen", "E", "#prop-resolve")
            if self.ticket.status in _OVER
            else self.deed(_("Resolve"), "check", "resolve", "E", "#prop-resolve"),
        ]
        if self.ticket.assignee_id != self.reader.pk:
            found.append(self.deed(_("Take"), "person", "take", "I", "#prop-take", **self.owner))
        return [
            *found,
            self.place(
                _("Reassign to someone") if self.ticket.assignee_id else _("Assign to someone"),
                "people",
                "A",
                "#prop-assignee",
            ),
            self.place(_("Change the status"), "status-open", "S", "#prop-status"),
            self.place(_("Change the priority"), "flag", "P", "#prop-priority"),
            self.place(_("Tags"), "tag", "T", "[data-key=t]"),
        ]

    def each(self) -> list[Option]:
        """Every owner, status and priority that the ticket can be given, and what is done on a page."""
        return [*self._owners(), *self._statuses(), *self._priorities(), *self._pages()]

    def _pages(self) -> list[Option]:
        """What has a page of its own, which says what would happen."""
        found = []
        if not self.ticket.merged_into_id:
            found += [
                self.page(_("Merge"), "forward", "merge"),
                self.page(_("Split off"), "forward", "split"),
                self.page(_("Change the requester"), "person", "change-requester"),
                self.page(_("Ask outside"), "globe", "ask-outside"),
            ]
        if access.can_delete(self.reader, self.ticket):
            found.append(self.page(_("Delete"), "trash", "delete"))
        return found

    def page(self, word: str, icon: str, route: str) -> Option:
        return Option(word, icon, href=reverse(f"desk:{route}", args=[self.ticket.pk]) + self.view)

    def _owners(self) -> list[Option]:
        found = []
        for person in access.assignable_to(self.ticket):
            if person.pk not in (self.ticket.assignee_id, self.reader.pk):
                word = _("Assign to %(name)s") % {"name": person}
                found.append(self.deed(word, "person", "assign", to=str(person.pk), **self.owner))
        if self.ticket.assignee_id:
            found.append(self.deed(_("Assign to nobody"), "unassigned", "assign", to="0", **self.owner))
        return found

    def _statuses(self) -> list[Option]:
        routes = [("open", "set-open"), ("closed", "close")]
        if self.ticket.status not in _OVER:
            routes[1:1] = [("waiting", "set-waiting"), ("on_hold", "put-on-hold")]
        return [
            self.deed(_("Status: %(status)s") % {"status": STATUS_WORDS[status]}, f"status-{status}", route)
            for status, route in routes
            if status != self.ticket.status
        ]

    def _priorities(self) -> list[Option]:
        found = []
        for level in (4, 3, 2, 1):
            if level != self.ticket.priority:
                word = _("Priority: %(priority)s") % {"priority": PRIORITY_WORDS[level]}
                found.append(self.deed(word, "flag", "prioritize", priority=str(level)))
        return found


_OVER = (Status.RESOLVED, Status.CLOSED)


# --- elsewhere ------------------------------------------------------------------------------------------


def _places(request: HttpRequest) -> list[Option]:
    """Areas, views with their counts, and what is in the reader's own menu."""
    chords = {"queue": "list", "customers": "people", "reports": "chart", "setup": "settings"}
    options = [
        Option(word, chords.get(key, "forward"), keys=chord.upper(), href=path)
        for key, word, path, chord in context.areas_for(request.user)
    ]
    options += [
        Option(
            word,
            icon or "list",
            more=_("View · %(number)s") % {"number": count} if count is not None else _("View"),
            href=path,
        )
        for path, word, icon, count, *_rest in rail(request)
    ]
    options += [
        Option(item.view.name, "list", more=_("Saved view"), href=item.path)
        for item in saved_rail(request)
        if not item.problem
    ]
    options += [
        Option(_("Take the next one"), "person", keys="Y", control="[data-take-next]"),
        Option(_("New ticket"), "plus", keys="C", href=reverse("desk:new")),
        Option(_("Search"), "search", keys="/", href=reverse("desk:search")),
        Option(_("Shortcut keys"), "key", keys="?", control="[data-opens=keys]"),
    ]
    for word, icon, route in (
        (_("Your details"), "person", "account_preferences"),
        (_("API tokens"), "lock", "setup:tokens"),
        (_("Sign out"), "leave", "account_logout"),
    ):
        if path := context.path_of(route):
            options.append(Option(word, icon, href=path))
    return options


def _tickets(request: HttpRequest, text: str) -> list[Option]:
    """The ticket with that number, then those with the words in their subjects: unresolved ones, newest."""
    user: Any = request.user
    mine = access.worked_by(user).select_related("requester")
    number = searching.number_in(text)
    rows = list(mine.filter(pk=number)) if number else []
    rows += [row for row in finding.by_subject(mine, text.split(), FOUND) if row not in rows]
    return [
        Option(
            row.subject,
            f"status-{row.status}",
            more=f"#{row.reference} · {row.requester} · {STATUS_WORDS[row.status]}",
            href=f"{reverse('desk:ticket', args=[row.pk])}?view=open",
        )
        for row in rows[:FOUND]
    ]


def _people(request: HttpRequest, text: str) -> list[Option]:
    found = finding.people_named(request.user, text)[:FOUND]
    return [
        Option(
            str(person), "person", more=_of_person(person), href=reverse("desk:customer", args=[person.pk])
        )
        for person in found
    ]


def _of_person(person: User) -> str:
    parts = [person.organization.name if person.organization else "", str(person.get_role_display())]
    return " · ".join(part for part in parts if part)
