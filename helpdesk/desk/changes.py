"""What an event says to an agent, in words. The rows that it names by id are read in one query each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from feedback.questions import SCALES
from helpdesk.clock_words import METRIC_WORDS
from helpdesk.models import SupportAddress
from helpdesk.times import day_time, deadline
from helpdesk.words import PRIORITY_WORDS, STATUS_WORDS
from tickets.models import Draft, Event, LinkWord, SnoozeEnd, Tag, Team, TicketType, User
from tickets.models.people import Named

SPOKEN = frozenset(
    {
        "ticket.opened",
        "ticket.replied",
        "ticket.carried",
        "ticket.carried_quietly",
        "ticket.noted",
        "ticket.heard_automatic",
        "message.held",
        "side_talk.written",
        "side_talk.heard",
    }
)
"""Kinds that stand in a conversation as their message."""


@dataclass(frozen=True)
class Names:
    """Names of the people, teams, tags and addresses of ours that a list of events speaks of."""

    people: dict[int, str]
    teams: dict[int, str]
    tags: dict[int, str]
    addresses: dict[int, str]


def names_in(events: Iterable[Event], around: Iterable[Named] = ()) -> Names:
    """Read every name that `events` need: four queries at most, whatever their number. Who did something is
    known from the events themselves, and who is `around` anyway."""
    events = list(events)
    known = {one.pk: str(one) for one in around} | {
        event.actor_id: str(event.actor) for event in events if event.actor_id and event.actor
    }
    people: set[int] = set()
    teams: set[int] = set()
    tags: set[int] = set()
    addresses: set[int] = set()
    for event in events:
        data = event.data
        people.update(
            pk for pk in data.get("assignee", ()) or () if pk
        ) if event.kind == "ticket.assigned" else None
        if "follower" in event.kind:
            people.add(data["person"])
        elif event.kind == "ticket.requester_changed":
            people.update(data["requester"])
        elif event.kind == "case.assigned":
            people.update(pk for pk in data["owner"] if pk)
        elif event.kind == "ticket.moved":
            teams.update(data["team"])
        elif event.kind == "ticket.left_waiting":
            teams.add(data["team"])
        elif event.kind == "ticket.also_addressed":
            addresses.add(data["address"])
        elif "tag" in data:
            tags.add(data["tag"])
    people -= known.keys()
    read = User.objects.filter(pk__in=people).only("name", "email") if people else ()
    return Names(
        people=known | {row.pk: str(row) for row in read},
        teams=dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")) if teams else {},
        tags=dict(Tag.objects.filter(pk__in=tags).values_list("pk", "name")) if tags else {},
        addresses=dict(SupportAddress.objects.filter(pk__in=addresses).values_list("pk", "address"))
        if addresses
        else {},
    )


def _actor(event: Event) -> str:
    return event.actor.first_name if event.actor else _("The system")


def _status(event: Event, names: Names) -> str:
    return _("%(name)s set the status to %(status)s") % {
        "name": _actor(event),
        "status": STATUS_WORDS.get(event.data["status"][1], event.data["status"][1]),
    }


def _resolved(event: Event, names: Names) -> str:
    days = event.data.get("silent_days")
    if days is not None:
        return ngettext(
            "Resolved after %(days)d working day of silence",
            "Resolved after %(days)d working days of silence",
            days,
        ) % {"days": days}
    return _("%(name)s resolved the ticket") % {"name": _actor(event)}


def _followed_up(event: Event, names: Names) -> str:
    words = FOLLOWED_UP[event.data["kind"]]
    return _(words)


def _stayed(event: Event, names: Names) -> str:
    words = STAYED if event.data["stayed"] else CAME_BACK
    return _(words)


def _reopened(event: Event, names: Names) -> str:
    return _("%(name)s reopened the ticket") % {"name": _actor(event)}


def _closed(event: Event, names: Names) -> str:
    if event.actor is None:
        return _("Closed by itself")
    return _("%(name)s closed the ticket") % {"name": _actor(event)}


SHARED_WORDS = {
    "in_turn": gettext_noop("Assigned to %(other)s, whose turn it was"),
    "by_load": gettext_noop("Assigned to %(other)s, who has the least to do"),
}
FOLLOWED_UP = {
    "waiting": gettext_noop("Reminder sent to the customer"),
    "silence": gettext_noop("The customer was told so, and how to reopen it"),
    "thanks": gettext_noop("The customer was thanked for the good score"),
    "sorry": gettext_noop("A word of regret about the low score was sent"),
    "fixed": gettext_noop("The customer was asked whether it stayed solved"),
}
STAYED = gettext_noop("The customer says that it stayed solved")
CAME_BACK = gettext_noop("The customer says that it did not stay solved")
WAITING_WORDS = {
    "nobody": gettext_noop("Nobody of %(team)s was available: the ticket waits in the queue"),
    "full": gettext_noop("Everybody available in %(team)s has enough to do: the ticket waits in the queue"),
}


def _left_waiting(event: Event, names: Names) -> str:
    words = WAITING_WORDS[event.data["reason"]]
    return _(words) % {"team": names.teams.get(event.data["team"], "?")}


def _assigned(event: Event, names: Names) -> str:
    old, new = event.data["assignee"]
    reason = event.data.get("reason")
    if reason == "away":
        return _("%(name)s went away and handed the ticket back") % {"name": names.people.get(old, "?")}
    if reason in SHARED_WORDS:
        return _(SHARED_WORDS[reason]) % {"other": names.people.get(new, "?")}
    if new is None:
        return _("%(name)s put the ticket back") % {"name": _actor(event)}
    if event.actor_id == new:
        return _("%(name)s took the ticket") % {"name": _actor(event)}
    return _("%(name)s assigned the ticket to %(other)s") % {
        "name": _actor(event),
        "other": names.people.get(new, "?"),
    }


def _prioritized(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "priority": PRIORITY_WORDS.get(event.data["priority"][1], "?")}
    return _("%(name)s set the priority to %(priority)s") % words


def _moved(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "team": names.teams.get(event.data["team"][1], "?")}
    return _("%(name)s moved the ticket to %(team)s") % words


def _typed(event: Event, names: Names) -> str:
    return _("%(name)s set the type to %(type)s") % {
        "name": _actor(event),
        "type": TicketType(event.data["type"][1]).label,
    }


def _requester_changed(event: Event, names: Names) -> str:
    old, new = (names.people.get(pk, "?") for pk in event.data["requester"])
    return _("%(name)s changed the requester from %(old)s to %(new)s") % {
        "name": _actor(event),
        "old": old,
        "new": new,
    }


def _tagged(event: Event, names: Names) -> str:
    return _("%(name)s added the tag %(tag)s") % {
        "name": _actor(event),
        "tag": names.tags.get(event.data["tag"], "?"),
    }


def _untagged(event: Event, names: Names) -> str:
    return _("%(name)s removed the tag %(tag)s") % {
        "name": _actor(event),
        "tag": names.tags.get(event.data["tag"], "?"),
    }


def _follower(text: str) -> Callable[[Event, Names], str]:
    return lambda event, names: _(text) % {"person": names.people.get(event.data["person"], "?")}


def _fixed(text: str) -> Callable[[Event, Names], str]:
    return lambda event, names: _(text)


def _plain(text: str) -> Callable[[Event, Names], str]:
    return lambda event, names: _(text) % {"name": _actor(event)}


def _clock(text: str) -> Callable[[Event, Names], str]:
    return lambda event, names: _(text) % {"metric": METRIC_WORDS[event.data["metric"]]}


def _escalated(event: Event, names: Names) -> str:
    """A level after the due time; those before and at it say the same as the warning and the breach."""
    if event.data["level"].endswith("%") or int(event.data["level"]) <= 0:
        return ""
    return _("Still late, told as the policy says: %(metric)s") % {
        "metric": METRIC_WORDS[event.data["metric"]]
    }


def _deadline_set(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "metric": METRIC_WORDS[event.data["metric"]]}
    words["time"] = day_time(datetime.fromisoformat(event.data["due_at"]))
    return _("%(name)s set the due time of “%(metric)s” to %(time)s") % words


def _deadline_released(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "metric": METRIC_WORDS[event.data["metric"]]}
    return _("%(name)s let the policy decide again when “%(metric)s” is due") % words


def _scheduled(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "time": day_time(datetime.fromisoformat(event.data["send_at"]))}
    return _("%(name)s wrote a reply to be sent %(time)s") % words


def _cancelled(event: Event, names: Names) -> str:
    if event.data["reason"] == Draft.WhyNot.CUSTOMER_WROTE:
        return _("A reply that was to be sent later was not sent: the customer wrote first")
    if event.data["reason"] in (Draft.WhyNot.MERGED, Draft.WhyNot.SPAM):
        return _("A reply that was to be sent later was not sent: the ticket was closed")
    if event.data["reason"] == Draft.WhyNot.DELETED:
        return _("A reply that was to be sent later was not sent: the ticket was deleted")
    if event.data["reason"] == Draft.WhyNot.REQUESTER:
        return _("A reply that was to be sent later was not sent: the requester changed")
    return _("A reply that was to be sent later was not sent: its author no longer works on this ticket")


def _snoozed(event: Event, names: Names) -> str:
    until = datetime.fromisoformat(event.data["until"][1])
    return _("%(name)s put the ticket off until %(time)s") % {
        "name": _actor(event),
        "time": deadline(until),
    }


def _unsnoozed(event: Event, names: Names) -> str:
    if event.data["reason"] == SnoozeEnd.TAKEN_BACK:
        return _("%(name)s took the ticket up again before its time") % {"name": _actor(event)}
    if event.data["reason"] == SnoozeEnd.CUSTOMER_WROTE:
        return _("Back before its time: the customer wrote")
    if event.data["reason"] == SnoozeEnd.TIME:
        return _("Back: the ticket was put off until now")
    return ""  # the status says it


def _also_addressed(event: Event, names: Names) -> str:
    return _("The mail also went to %(address)s") % {
        "address": names.addresses.get(event.data["address"], "?")
    }


def _merged(event: Event, names: Names) -> str:
    return _("%(name)s merged the ticket into #%(number)s") % {
        "name": _actor(event),
        "number": event.data["into"],
    }


def _took_over(event: Event, names: Names) -> str:
    return _("Ticket #%(ticket)s was merged into this one") % event.data


def _unmerged(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "number": event.data["from"]}
    return _("%(name)s undid the merge into #%(number)s") % words


def _gave_back(event: Event, names: Names) -> str:
    return _("Ticket #%(ticket)s stands for itself again") % event.data


def _linked(event: Event, names: Names) -> str:
    word = LinkWord(event.data["word"]).label
    words = {"name": _actor(event), "number": event.data["ticket"], "word": word}
    return _("%(name)s linked #%(number)s (%(word)s)") % words


def _unlinked(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "number": event.data["ticket"]}
    return _("%(name)s removed the link to #%(number)s") % words


def _split(event: Event, names: Names) -> str:
    number = len(event.data["messages"])
    words = {"name": _actor(event), "number": number, "ticket": event.data["ticket"]}
    return (
        ngettext(
            "%(name)s split %(number)s message off into #%(ticket)s",
            "%(name)s split %(number)s messages off into #%(ticket)s",
            number,
        )
        % words
    )


def _split_undone(event: Event, names: Names) -> str:
    words = {"name": _actor(event), "ticket": event.data["ticket"]}
    return _("%(name)s took back that #%(ticket)s was split off") % words


def _case_assigned(event: Event, names: Names) -> str:
    owner = event.data["owner"][1]
    if owner is None:
        return _("%(name)s left the recovery case without an owner") % {"name": _actor(event)}
    words = {"name": _actor(event), "owner": names.people.get(owner, f"#{owner}")}
    return _("%(name)s gave the recovery case to %(owner)s") % words


def _related(event: Event, names: Names) -> str:
    return _("May belong to ticket #%(ticket)s") % event.data


WORDS: dict[str, Callable[[Event, Names], str]] = {
    "ticket.resolved": _resolved,
    "ticket.reopened": _reopened,
    "ticket.closed": _closed,
    "ticket.set_waiting": _status,
    "ticket.put_on_hold": _status,
    "ticket.set_open": _status,
    "ticket.assigned": _assigned,
    "ticket.left_waiting": _left_waiting,
    "ticket.prioritized": _prioritized,
    "ticket.moved": _moved,
    "ticket.typed": _typed,
    "ticket.requester_changed": _requester_changed,
    "ticket.tagged": _tagged,
    "ticket.untagged": _untagged,
    "ticket.follower_proposed": _follower(gettext_noop("%(person)s was put in copy and waits for your word")),
    "ticket.follower_accepted": _follower(gettext_noop("%(person)s now gets copies")),
    "ticket.follower_removed": _follower(gettext_noop("%(person)s no longer gets copies")),
    "ticket.snoozed": _snoozed,
    "ticket.unsnoozed": _unsnoozed,
    "ticket.also_addressed": _also_addressed,
    "ticket.related": _related,
    "ticket.merged": _merged,
    "ticket.took_over": _took_over,
    "ticket.unmerged": _unmerged,
    "ticket.mentioned": lambda event, names: "",  # the note says it
    "ticket.linked": _linked,
    "ticket.unlinked": _unlinked,
    "ticket.marked_spam": _plain(gettext_noop("%(name)s marked the ticket as spam")),
    "ticket.unmarked_spam": _plain(gettext_noop("%(name)s took back that it is spam")),
    "ticket.split": _split,
    "ticket.split_undone": _split_undone,
    "ticket.deleted": _plain(gettext_noop("%(name)s deleted the ticket")),
    "ticket.restored": _plain(gettext_noop("%(name)s brought the deleted ticket back")),
    "ticket.gave_back": _gave_back,
    "message.read": _fixed(gettext_noop("A reader confirmed to have read a reply")),
    "message.complained": _fixed(gettext_noop("A reader reported a reply as spam")),
    "message.accepted": _fixed(gettext_noop("A held mail was accepted")),
    "message.dismissed": _fixed(gettext_noop("A held mail was put away")),
    "message.withdrawn": _fixed(gettext_noop("A reply was taken back before it was sent")),
    "side_talk.opened": lambda event, names: "",  # its words say it
    "side_talk.withdrawn": _fixed(gettext_noop("Words to somebody outside were taken back")),
    "side_talk.undelivered": _fixed(gettext_noop("Words to somebody outside were not delivered")),
    "side_talk.closed": _plain(gettext_noop("%(name)s closed a side conversation")),
    "side_talk.reopened": _fixed(gettext_noop("A side conversation is open again")),
    "draft.scheduled": _scheduled,
    "draft.unscheduled": _fixed(gettext_noop("A reply no longer waits to be sent")),
    "draft.cancelled": _cancelled,
    "delivery.failed": _fixed(gettext_noop("A reply was not delivered")),
    "message.links_revoked": _fixed(gettext_noop("The links to the files of a reply were ended")),
    "delivery.delayed": _fixed(gettext_noop("A reply has not left for an hour")),
    "delivery.recovered": _fixed(gettext_noop("A reply arrived after all")),
    "sla.warned": _clock(gettext_noop("Due soon: %(metric)s")),
    "sla.breached": _clock(gettext_noop("Late: %(metric)s")),
    "sla.escalated": _escalated,
    "sla.deadline_set": _deadline_set,
    "sla.deadline_released": _deadline_released,
    "survey.scheduled": _fixed(gettext_noop("A survey was scheduled")),
    "survey.invited": _fixed(gettext_noop("The survey was sent")),
    "survey.reminded": _fixed(gettext_noop("The customer was reminded of the survey")),
    "survey.cancelled": _fixed(gettext_noop("The survey was cancelled")),
    "survey.expired": _fixed(gettext_noop("The survey expired")),
    "followup.sent": _followed_up,
    "followup.answered": _stayed,
    "case.opened": _fixed(gettext_noop("A recovery case was opened")),
    "case.assigned": _case_assigned,
    "case.contacted": _plain(gettext_noop("%(name)s was in contact with the customer about the score")),
    "case.closed": _fixed(gettext_noop("The recovery case was closed")),
    "case.asked_again": _plain(gettext_noop("%(name)s had the customer asked once more")),
}


def words_for(event: Event, names: Names) -> str:
    """One line of the history; "" for events that say nothing to a reader (`sla.applied`)."""
    if event.kind == "survey.answered":
        best = SCALES[event.data.get("kind", "csat")][1]
        given = {"score": event.data.get("score") or "–", "best": best}
        return _("The customer rated %(score)s of %(best)s") % given
    words: Any = WORDS.get(event.kind)
    return words(event, names) if words else ""
