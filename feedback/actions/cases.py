"""Recovery cases: whoever was let down hears from us, and what became of it is written down.

A low score opens one by itself, in the transaction of the answer. Until when the customer is to be contacted
is a clock of the ticket, which the events `case.opened`, `case.contacted` and `case.closed` move.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from feedback import access as cases
from feedback.actions.base import has_declined, is_reachable, tell
from feedback.models import Recovery, Survey
from feedback.queries import causes, latest_version
from feedback.questions import is_low
from feedback.timing import sending_time
from sla.models import Clock, MetricName
from tickets import actions
from tickets.actions import NotAllowed
from tickets.actions.base import Words, as_words, instant, lock
from tickets.events import record
from tickets.models import Channel, Event, Message, Role, Ticket, User
from tickets.queries import where_it_goes
from tickets.text import clean_text

Outcome, How, Why, Reason = Recovery.Outcome, Recovery.How, Recovery.Why, Recovery.Reason
WITH_CONTACT = (Outcome.RECOVERED, Outcome.NOT_RECOVERED)
"""Nobody can say so who did not speak to the customer."""
LONGEST = 5000
"""Characters of what was done."""


# --- by themselves ------------------------------------------------------------------------------------


def follow_answer(answered: Event) -> None:
    """A low score opens a case; one that is no longer low closes a case that nobody has acted on.

    In the transaction of `survey.answered`; a function of the event. What is answered after a case opens no
    other: it stands with that case.
    """
    survey = Survey.objects.select_related("ticket", "person").get(pk=answered.data["survey"])
    if survey.after_case_id is not None:
        return
    case = Recovery.objects.filter(survey=survey).first()
    if is_low(answered.data["kind"], answered.data["score"]):
        _open(survey, case, Why.LOW_SCORE, by=None, at=answered.at)
    elif case is not None and case.is_open and case.why == Why.LOW_SCORE and not case.how:
        _close_by_itself(case, Reason.CHANGED, answered.at)


def follow_ticket(event: Event) -> None:
    """Nobody is owed anything about spam, and what was written about a purged ticket goes with it."""
    reason = Reason.SPAM if event.kind == "ticket.marked_spam" else Reason.PURGED
    for case in Recovery.objects.filter(ticket=event.ticket, closed_at=None):
        _close_by_itself(case, reason, event.at)
    if reason == Reason.PURGED:
        Recovery.objects.filter(ticket=event.ticket).update(action_taken="")


def follow_message(event: Event) -> None:
    """A reply that was taken back or reached nobody was no contact; one that arrived after all was."""
    about = Recovery.objects.filter(ticket=event.ticket, message=event.data.get("message") or 0)
    if event.kind == "delivery.recovered":
        for case in about.filter(contacted_at=None, closed_at=None).select_related("message"):
            case.contacted_at = case.message.said_at if case.message else None
            case.save(update_fields=["contacted_at"])
    else:
        about.update(contacted_at=None)


# --- by hand ------------------------------------------------------------------------------------------


def open_case(survey: Survey, *, by: User, at: datetime | None = None) -> Recovery:
    """Open a case about an answer whose comment is reason enough. One that there is already stays as it is.

    Raises NotAllowed for who may not, and where nobody answered or no ticket is left to answer on.
    """
    with transaction.atomic():
        survey = Survey.objects.select_related("ticket", "person").get(pk=survey.pk)
        ticket = _ticket_of(survey)
        if not cases.can_open_case(by, survey, ticket) or survey.answer_id is None:
            raise NotAllowed(_("No case can be opened about this answer."))
        assert ticket is not None
        ticket = lock(ticket)
        case = Recovery.objects.filter(survey=survey).first()
        opened = _open(survey, case, Why.COMMENT, by=by, at=instant(at, ticket))
        assert opened is not None
        return opened


def assign_case(case: Recovery, owner: User | None, *, by: User, at: datetime | None = None) -> Recovery:
    """Somebody else's from now on (or nobody's). Raises NotAllowed for who may not say so and for who may not
    own it: the one whom the score counts for, and who does not work on the ticket."""
    with transaction.atomic():
        case, ticket, at = _take(case, at)
        if not cases.can_assign_case(by, case):
            raise NotAllowed(_("Only supervisors say who owns a case."))
        if owner is not None and not cases.can_own_case(owner, case):
            raise NotAllowed(_("%(name)s cannot own this case. Choose somebody else.") % {"name": owner})
        old, new = case.owner_id, owner.pk if owner else None
        if old != new:
            _demand_open(case)
            case.owner = owner
            case.save(update_fields=["owner"])
            data = {"case": case.pk, "owner": [old, new]}
            record("case.assigned", ticket=ticket, subject=case, by=by, at=at, data=data)
        return case


def contact(case: Recovery, how: str, *, by: User, at: datetime | None = None) -> Recovery:
    """Note that the customer was spoken to: other cases of theirs on this ticket are dealt with by it too.
    Raises NotAllowed for who may not handle the case and for a closed one, ValueError for no way."""
    with transaction.atomic():
        case, ticket, at = _take(case, at)
        _demand_handling(by, case)
        _note_contact(case, ticket, How(how), by=by, at=at)
        return Recovery.objects.get(pk=case.pk)


def answer_customer(
    case: Recovery,
    words: Words | str,
    *,
    by: User,
    hold: timedelta = timedelta(0),
    at: datetime | None = None,
) -> Message:
    """Write to the customer on the ticket; that is the contact. Raises as `contact`, and ValueError for no
    words."""
    with transaction.atomic():
        case, ticket, at = _take(case, at)
        _demand_handling(by, case)
        stands = where_it_goes(ticket)
        channel = Channel.MAIL if stands.requester.email else Channel.PORTAL
        message = actions.reply(stands, as_words(words), by=by, channel=channel, hold=hold, at=at)
        ticket = lock(ticket)
        _note_contact(case, ticket, How.REPLY, by=by, at=instant(at, ticket), message=message)
        return message


def close_case(
    case: Recovery,
    outcome: str,
    *,
    by: User,
    root_cause: str = "",
    action_taken: str = "",
    how: str = "",
    at: datetime | None = None,
) -> Recovery:
    """Write down how it ended. `how` the customer was contacted, if that was not noted before.

    Raises NotAllowed for who may not handle the case, ValueError with words for the reader for what is
    missing.
    """
    with transaction.atomic():
        case, ticket, at = _take(case, at)
        if not case.is_open:
            return case
        _demand_handling(by, case)
        outcome = Outcome(outcome)
        if root_cause and not causes().filter(code=root_cause, is_active=True).exists():
            raise ValueError(_("This cause is not offered any more. Choose another one."))
        if not root_cause and outcome != Outcome.NO_ACTION:
            raise ValueError(_("Choose what went wrong."))
        if outcome in WITH_CONTACT and case.contacted_at is None:
            if not how:
                raise ValueError(_("Say how you were in contact with the customer."))
            _note_contact(case, ticket, How(how), by=by, at=at)
            case.refresh_from_db()
        case.outcome, case.root_cause = outcome, root_cause
        case.action_taken = clean_text(action_taken).strip()[:LONGEST]
        case.closed_at, case.closed_by = at, by
        case.save(update_fields=["outcome", "root_cause", "action_taken", "closed_at", "closed_by"])
        data = {"case": case.pk, "outcome": outcome.value, "root_cause": root_cause}
        record("case.closed", ticket=ticket, subject=case, by=by, at=at, data=data)
        return case


def ask_again(case: Recovery, *, by: User, at: datetime | None = None) -> Survey:
    """Put the question to the customer once more, whenever they were asked last: once for each case.

    Raises NotAllowed for who may not handle the case, before it ended, and for a customer who wants no
    surveys or whom no mail reaches.
    """
    with transaction.atomic():
        case, ticket, at = _take(case, at)
        known = Survey.objects.filter(after_case=case).first()
        if known is not None:
            return known
        _demand_handling(by, case, closed=True)
        before = Survey.objects.select_related("version__definition", "person").get(pk=case.survey_id)
        if has_declined(before.person) or not is_reachable(before.person) or before.person.is_member:
            raise NotAllowed(
                _("This customer cannot be asked again: they want no surveys or no mail arrives.")
            )
        version = latest_version(before.version.definition)
        survey = Survey.objects.create(
            ticket=ticket,
            after_case=case,
            version=version,
            kind=before.kind,
            person=before.person,
            resolved_at=at,
            send_at=sending_time(ticket, at, version),
            team_id=ticket.team_id,
        )
        tell("survey.scheduled", survey, at=at)
        data = {"case": case.pk, "survey": survey.pk}
        record("case.asked_again", ticket=ticket, subject=case, by=by, at=at, data=data)
        return survey


# --- shared -------------------------------------------------------------------------------------------


def _ticket_of(survey: Survey) -> Ticket | None:
    """What a case is about: the survey's ticket, in a person's round their latest one."""
    if survey.ticket is not None:
        return survey.ticket
    theirs = Ticket.objects.filter(requester=survey.person, spam_at=None, merged_into=None)
    return theirs.order_by("-opened_at", "-pk").first()


def _open(
    survey: Survey, case: Recovery | None, why: str, *, by: User | None, at: datetime
) -> Recovery | None:
    """Open the case of a survey, or the one again that closed by itself. None where no ticket is left."""
    ticket = case.ticket if case else _ticket_of(survey)
    if case is not None and case.reason != Reason.CHANGED:
        return case
    if ticket is None:
        return None
    ticket = lock(ticket)
    case = case or Recovery(survey=survey, ticket=ticket, rated_id=survey.agent_id)
    case.why, case.opened_at, case.opened_by = why, at, by
    case.reason, case.closed_at = "", None
    if case.owner_id is None:
        case.owner = by if by is not None and cases.can_own_case(by, case) else _first_owner(case)
    case.save()
    data = {"case": case.pk, "survey": survey.pk, "cause": str(why), "rated": case.rated_id}
    record("case.opened", ticket=ticket, subject=case, by=by, at=at, data=data)
    clocks = Clock.objects.filter(ticket=ticket, metric=MetricName.RECOVERY_CONTACT).order_by("-instance")
    case.instance = clocks.values_list("instance", flat=True).first() or 1
    case.save(update_fields=["instance"])
    return case


def _first_owner(case: Recovery) -> User | None:
    """A supervisor of the ticket's team, else any, with the fewest open cases; nobody where there is none."""
    few = Count("recoveries", filter=Q(recoveries__closed_at=None))
    people = User.objects.filter(is_active=True, role__in=(Role.SUPERVISOR, Role.ADMINISTRATOR))
    people = people.exclude(pk=case.rated_id or 0).annotate(few=few).order_by("few", "pk")
    of_team = people.filter(pk__in=case.ticket.team.members.values("pk"))
    return of_team.first() or people.filter(role=Role.SUPERVISOR).first()


def _close_by_itself(case: Recovery, reason: str, at: datetime) -> None:
    case.reason, case.closed_at = reason, at
    case.save(update_fields=["reason", "closed_at"])
    data = {"case": case.pk, "reason": str(reason)}
    record("case.closed", ticket=lock(case.ticket), subject=case, at=at, data=data)


def _take(case: Recovery, at: datetime | None) -> tuple[Recovery, Ticket, datetime]:
    """The case as it is now and its ticket, locked, and the instant of what is done."""
    ticket = lock(Ticket(pk=case.ticket_id))
    case = Recovery.objects.select_related("survey", "owner").get(pk=case.pk)
    case.ticket = ticket
    return case, ticket, instant(at, ticket)


def _demand_open(case: Recovery) -> None:
    if not case.is_open:
        raise NotAllowed(_("This case is closed."))


def _demand_handling(by: User, case: Recovery, *, closed: bool = False) -> None:
    if not cases.can_handle_case(by, case):
        raise NotAllowed(_("You may not handle this case."))
    if closed and case.is_open:
        raise NotAllowed(_("Record the outcome first, then ask again."))
    if not closed:
        _demand_open(case)


def _note_contact(
    case: Recovery, ticket: Ticket, how: str, *, by: User, at: datetime, message: Message | None = None
) -> None:
    """For this case and all others about the same customer on the ticket that wait for it."""
    waiting = Recovery.objects.filter(ticket=ticket, contacted_at=None, closed_at=None)
    for one in waiting.filter(survey__person=case.survey.person_id).order_by("pk"):
        one.contacted_at, one.contacted_by, one.how, one.message = at, by, how, message
        one.save(update_fields=["contacted_at", "contacted_by", "how", "message"])
        data: dict[str, Any] = {"case": one.pk, "how": str(how)}
        if message is not None:
            data["message"] = message.pk
        record("case.contacted", ticket=ticket, subject=one, by=by, at=at, data=data)
