"""The two forms of the composer, which share no address: a reply leaves, a note stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import actions as outward
from helpdesk import file_links, presence
from helpdesk.desk import neighbours
from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket, see_other, tell
from helpdesk.desk.composing import goes_on_to_next
from helpdesk.desk.forms import ComposerForm, NoteForm, ReplyForm
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.views.ticket import Composing, ticket_page
from helpdesk.desk.where import where_of
from helpdesk.holding import hold_of
from helpdesk.once import KeyReused, once
from tickets import access, actions
from tickets.actions.drafts import CHANGED
from tickets.actions.status import STATUS_ACTIONS
from tickets.events import STATUS_KINDS
from tickets.mentions import mentioned
from tickets.models import Attachment, Channel, DraftFile, DraftKind, Message, Status, Ticket


@desk_view("POST")
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Say the words to the customer; held for some seconds, so that Undo can take them back."""
    ticket = find_ticket(request, number)
    form = ReplyForm(request.POST, request.FILES)
    user: Any = request.user
    if stopped := stop_at_names(request, ticket, form):
        return stopped
    busy = [one for one in presence.beside(ticket, user) if one.is_replying]

    def send() -> dict[str, int]:
        # What was said meanwhile is told before who is writing at this moment.
        actions.demand_unchanged(ticket, form.cleaned_data["seen"], by=user)
        demand_asked(busy, form.cleaned_data["beside"])
        message = actions.reply(
            ticket,
            form.words(kept_files(request, ticket, form)),
            by=user,
            channel=Channel.MAIL if ticket.requester.email else Channel.PORTAL,
            then=form.cleaned_data["then"] or None,
            seen_seq=form.cleaned_data["seen"],
            hold=hold_of(user),
            as_customer=False,
        )
        _end_draft(request, ticket, form, DraftKind.REPLY)
        return {"message": message.pk}

    return _say(request, ticket, form, "reply", send)


def demand_asked(busy: list[presence.Seen], known: str) -> None:
    """Raise Conflict where somebody is replying too of whom the writer was not asked (`known`: their ids)."""
    new = [one for one in busy if str(one.person.pk) not in known.split(".")]
    if new:
        raise actions.Conflict(
            _("%(who)s at this moment. Send again if both answers are to go out.")
            % {"who": presence.words(new)}
        )


@desk_view("POST")
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Keep the words among the team."""
    ticket = find_ticket(request, number)
    form = NoteForm(request.POST, request.FILES)
    user: Any = request.user

    def keep() -> dict[str, int]:
        row = actions.add_note(ticket, form.words(kept_files(request, ticket, form)), by=user)
        _end_draft(request, ticket, form, DraftKind.NOTE)
        return {"message": row.pk}

    return _say(request, ticket, form, "note", keep)


def stop_at_names(request: HttpRequest, ticket: Ticket, form: ReplyForm) -> HttpResponse | None:
    """A reply that names a colleague with an @ was probably meant as a note: the page comes back and asks.
    None when it names nobody, or the writer means it."""
    if "named" in request.POST:
        return None
    text = request.POST.get("text", "")
    named = mentioned(text, access.mentionable_in(ticket, request.user)) if "@" in text else []
    if not named:
        return None
    words = {"colleague": named[0], "customer": ticket.requester.first_name or ticket.requester}
    problem = _("It names %(colleague)s with an @, who is not told, and %(customer)s reads it.") % words
    return back_with_words(request, ticket, form, "reply", problem, 422, names_colleagues=True)


Act = Callable[[], dict[str, int]]


def once_or_back(
    request: HttpRequest, ticket: Ticket, form: ComposerForm, mode: str, act: Act, *, verb: str = ""
) -> tuple[dict[str, int] | None, HttpResponse | None]:
    """Run `act` once for this form: its answer. Whatever stops it gives the page back with the text in it."""

    def back(problem: str, status: int, **how: bool) -> tuple[None, HttpResponse]:
        return None, back_with_words(request, ticket, form, mode, problem, status, **how)

    if not form.is_valid():
        return back(" ".join(str(error) for errors in form.errors.values() for error in errors), 422)
    key = f"{verb or mode}:{ticket.pk}:{form.cleaned_data['once']}"
    try:
        answer, repeated = once(f"user:{request.user.pk}", key, form.fingerprint(), act)
    except KeyReused:
        return back(_("This form was sent already, with other words. These have not been sent yet."), 409)
    except actions.Conflict as conflict:
        return back(str(conflict), 409, stopped=True)
    except actions.NotAllowed as refusal:
        return back(str(refusal), 409)
    return answer | {"repeated": int(repeated)}, None


def back_with_words(
    request: HttpRequest,
    ticket: Ticket,
    form: ComposerForm,
    mode: str,
    problem: str,
    status: int,
    *,
    stopped: bool = False,
    names_colleagues: bool = False,
) -> HttpResponse:
    """The page with the words in it that were not taken, and why."""
    draft = Composing(mode, form.data.get("text", ""), form.data.get("then", ""), problem, stopped)
    draft.names_colleagues = names_colleagues or "named" in request.POST
    draft.elsewhere = saved_elsewhere(request, ticket, form, mode)
    draft.kept = list(_kept_rows(request, ticket, form))
    return ticket_page(request, find_ticket(request, ticket.pk), draft=draft, status=status)


def saved_elsewhere(request: HttpRequest, ticket: Ticket, form: ComposerForm, mode: str) -> bool:
    """Whether another window has saved other words since those of the form were begun."""
    if not form.data.get("draft", ""):
        return False
    found = access.drafts_visible_to(request.user, ticket).filter(kind=mode).first()
    if found is None or str(found.version) == form.data["draft"]:
        return False
    typed = form.data.get("text", "").replace("\r\n", "\n").strip()
    return bool(found.text.strip()) and found.text.strip() != typed


def _end_draft(request: HttpRequest, ticket: Ticket, form: ComposerForm, mode: str) -> None:
    """What was said is no draft any more. Raises Conflict rather than losing words from another window."""
    if saved_elsewhere(request, ticket, form, mode):
        raise actions.Conflict(str(CHANGED))
    actions.discard_draft(ticket, by=request.user, kind=mode)  # type: ignore[arg-type]


def _say(request: HttpRequest, ticket: Ticket, form: ComposerForm, mode: str, act: Act) -> HttpResponse:
    answer, response = once_or_back(request, ticket, form, mode, act)
    if answer is None:
        assert response is not None
        return response
    if mode == "note" and not answer["repeated"]:
        tell(request, _("Note added. Only your team sees it."))
    if mode == "reply" and (following := _following(request, ticket)):
        return _on_to_next(request, ticket, answer, following)
    return see_other(with_view(request, ticket.pk) + f"#message-{answer['message']}")


def _following(request: HttpRequest, ticket: Ticket) -> str:
    """The way to the ticket below, for who wants to go on to it; "" to stay, also at the end of the list."""
    return neighbours.following(request, ticket) if goes_on_to_next(request.user) else ""


def _on_to_next(request: HttpRequest, ticket: Ticket, answer: dict[str, int], following: str) -> HttpResponse:
    """What was sent can be taken back from there; `sent` lets the page forget its copy of the words."""
    hold = hold_of(request.user)
    if hold and not answer["repeated"]:
        seconds = int(hold.total_seconds())
        words = {"name": ticket.requester.first_name, "number": ticket.pk, "seconds": seconds}
        undo = reverse("desk:withdraw", args=[ticket.pk, answer["message"]])
        back = f"{undo}?view={where_of(request).address}"
        tell(request, _("#%(number)s: sending to %(name)s in %(seconds)s s") % words, back)
    return see_other(f"{following}&sent={ticket.pk}#latest")


def _kept_rows(request: HttpRequest, ticket: Ticket, form: ComposerForm) -> Any:
    """Files of the writer's own withdrawn messages on this ticket, nothing else."""
    return Attachment.objects.filter(
        pk__in=form.kept(),
        message__ticket=ticket,
        message__author=request.user.pk,
        message__withdrawn_at__isnull=False,
    ).select_related("blob")


def kept_files(request: HttpRequest, ticket: Ticket, form: ComposerForm) -> tuple[actions.NewFile, ...]:
    """Files that came back with a withdrawn reply or stand beside the reader's draft, and shall go out."""
    rows = [*_kept_rows(request, ticket, form)]
    if form.kept_of_draft() and form.goes_out:
        mine = access.drafts_visible_to(request.user, ticket)
        rows += DraftFile.objects.filter(pk__in=form.kept_of_draft(), draft__in=mine).select_related("blob")
    return tuple(actions.NewFile(row.name, bytes(row.blob.data), row.content_type) for row in rows)


def find_message(request: HttpRequest, ticket: Ticket, pk: int) -> Message:
    """A message of the ticket. Raises NoSuchTicket."""
    try:
        return access.messages_visible_to(request.user, ticket).select_related("author").get(pk=pk)
    except Message.DoesNotExist as error:
        raise NoSuchTicket from error


@desk_view("POST")
def withdraw(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """Take a held reply back: nothing leaves, the words and files stand in the composer again."""
    ticket = find_ticket(request, number)
    row = find_message(request, ticket, message)
    user: Any = request.user
    try:
        with transaction.atomic():
            was_held = row.withdrawn_at is None
            row = actions.withdraw(row, by=user)
            if was_held:
                _back_into_draft(ticket, row, _take_status_back(ticket, row, user))
    except actions.NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    if row.author_id == user.pk:
        tell(request, _("Not sent. Your words are in the composer again."))
    else:
        tell(request, _("Not sent. %(name)s has the words as a draft again.") % {"name": row.author})
    return see_other(with_view(request, number) + "#composer")


def _take_status_back(ticket: Ticket, message: Message, user: Any) -> str:
    """Undo the status move that the reply made with it, unless somebody moved on since. The status that it
    had gone to, "" for none."""
    said = ticket.events.get(kind="ticket.replied", data__message=message.pk)
    move = ticket.events.filter(seq=(said.seq or 0) + 1, kind__in=STATUS_KINDS, actor=message.author).first()
    if move is None:
        return ""
    old, new = move.data["status"]
    if Ticket.objects.get(pk=ticket.pk).status == new and old in STATUS_ACTIONS:
        if new in (Status.RESOLVED, Status.CLOSED):
            actions.reopen(ticket, by=user)
        STATUS_ACTIONS[Status(old)](ticket, by=user)
    return str(new)


def _back_into_draft(ticket: Ticket, message: Message, then: str) -> None:
    """The words and files are their author's draft again, below what was begun meanwhile."""
    author = message.author
    if author is None or not access.can_work(author, ticket):
        return
    begun = access.drafts_visible_to(author, ticket).filter(kind=DraftKind.REPLY).first()
    if begun and begun.send_at:
        begun = actions.schedule_draft(begun, None, by=author, version=begun.version)
    files = message.attachments.order_by("pk").select_related("blob")
    actions.save_draft(
        ticket,
        "\n\n".join(filter(None, [begun.text.rstrip() if begun else "", message.text])),
        by=author,
        kind=DraftKind.REPLY,
        version=begun.version if begun else 0,
        then=then if then in dict(ReplyForm.THEN) else "",
        files=[actions.NewFile(row.name, bytes(row.blob.data), row.content_type) for row in files],
    )


@desk_view("POST")
def open_held(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """Let a held mail open a ticket of its own."""
    ticket = find_ticket(request, number)
    user: Any = request.user
    try:
        new = outward.open_from_held(find_message(request, ticket, message), by=user)
    except actions.NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    tell(request, _("Ticket #%(number)s opened") % {"number": new.pk})
    return see_other(with_view(request, number))


@desk_view("POST")
def accept(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """Let a mail from somebody who is no participant count as the customer's word."""
    ticket = find_ticket(request, number)
    actions.accept_message(find_message(request, ticket, message), by=request.user)  # type: ignore[arg-type]
    tell(request, _("Mail accepted"))
    return see_other(reverse("desk:ticket", args=[number]) + f"#message-{message}")


@desk_view("POST")
def revoke_links(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """End the links by which the recipients fetch the files of a reply."""
    ticket, user = find_ticket(request, number), request.user
    file_links.revoke(find_message(request, ticket, message), by=user)  # type: ignore[arg-type]
    tell(request, _("The links to these files no longer work"))
    return see_other(with_view(request, number) + f"#message-{message}")
