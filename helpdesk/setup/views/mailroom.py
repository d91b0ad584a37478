"""The Mailroom: every mail in and out, and what an administrator may do about those that came in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import actions, downloads, flooded, outbox
from helpdesk.models import BlockedSender, Delivery, InboundEmail
from helpdesk.setup import mailroom
from helpdesk.setup.base import page, press, reader, settle, setup_view
from helpdesk.setup.forms import BlockForm, FloodForm, MailForm, Nothing
from helpdesk.wording.catalogue import NOTIFICATIONS
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import Ticket, User


@setup_view()
def mail_incoming(request: HttpRequest) -> HttpResponse:
    return _incoming(request)


def _incoming(request: HttpRequest, status: int = 200, form: MailForm | None = None) -> HttpResponse:
    asked = request.GET
    state, source = asked.get("state", ""), asked.get("source", "")
    state = state if state in InboundEmail.State.values else ""
    source = source if source in mailroom.SOURCES else ""
    words = asked.get("q", "").strip()[:200]
    rows, more = mailroom.incoming(state, source, words, _number(asked.get("before", "")))
    return page(
        request,
        "mail_incoming",
        status,
        mails=rows,
        form=form or MailForm(),
        state=state,
        source=source,
        words=words,
        states=InboundEmail.State.choices,
        sources=mailroom.SOURCES,
        before=rows[-1].pk if more else None,
        is_first="before" not in asked,
        reason_words=mailroom.reason_words,
        size=mailroom.PAGE_SIZE,
    )


def _number(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdigit() and len(words) < 19 else None


@setup_view()
def mail_one(request: HttpRequest, pk: int) -> HttpResponse:
    return _one(request, get_object_or_404(InboundEmail, pk=pk))


def _one(
    request: HttpRequest, row: InboundEmail, status: int = 200, form: MailForm | None = None
) -> HttpResponse:
    return page(
        request,
        "mail_one",
        status,
        mail=row,
        form=form or MailForm(),
        steps=mailroom.story(row),
        headers=mailroom.headers_of(row),
        doubles=mailroom.doubles(row),
        can=mailroom.acts_on(row),
        reason_words=mailroom.reason_words,
    )


@setup_view()
def mail_raw(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as it came, byte by byte: plain text to be saved, whatever it holds."""
    row = get_object_or_404(InboundEmail, pk=pk)
    return downloads.original(bytes(row.raw), f"mail-{row.pk}.txt")


@setup_view("POST")
def mail_act(request: HttpRequest) -> HttpResponse:
    """One act on the mails that were ticked. Deleting is asked once more first."""
    form = MailForm(request.POST)
    if form.is_valid() and form.cleaned_data["go"] == "delete" and not form.cleaned_data["sure"]:
        mails = InboundEmail.objects.defer("raw").filter(pk__in=form.cleaned_data["mail"])
        return page(request, "mail_sure", mails=mails, form=MailForm(), back=_back(form))
    did: Counter[str] = Counter()
    return settle(
        request,
        form,
        lambda: _act_on_each(form, reader(request), did),
        to=lambda: _back(form),
        said=lazy(lambda: _said(form.cleaned_data["go"], did), str)(),
        again=lambda status: _again(request, status, form),
    )


def _back(form: MailForm) -> str:
    """Where the reader came from: the one mail, or the list with its filter."""
    data = form.cleaned_data
    if data.get("one") and len(data["mail"]) == 1:
        return reverse("setup:mail_one", args=data["mail"])
    return reverse("setup:mail_incoming") + (f"?{data['list']}" if data.get("list") else "")


def _again(request: HttpRequest, status: int, form: MailForm) -> HttpResponse:
    data = form.cleaned_data
    row = InboundEmail.objects.filter(pk__in=data.get("mail", [])[:1]).first() if data.get("one") else None
    return _one(request, row, status, form) if row else _incoming(request, status, form)


def _act_on_each(form: MailForm, by: User, did: Counter[str]) -> None:
    """A refusal stops a single mail with its words; among several it is counted."""
    data = form.cleaned_data
    rows = list(InboundEmail.objects.defer("raw").filter(pk__in=data["mail"]).order_by("pk"))
    for row in rows:
        try:
            did["done" if _verb(data["go"], data, by)(row) else "left"] += 1
        except NotAllowed:
            if len(rows) == 1:
                raise
            did["left"] += 1


def _verb(go: str, data: dict[str, Any], by: User) -> Callable[[InboundEmail], bool]:
    if go == "file":
        ticket = _ticket(data["ticket"], by)
        return lambda row: actions.refile(row, ticket, by=by)
    verb = {"again": actions.read_again, "release": actions.release, "delete": actions.delete_mail}[go]
    return lambda row: verb(row, by=by)


def _ticket(number: int, by: User) -> Ticket:
    ticket = access.visible_to(by).filter(pk=number).first()
    if ticket is None:
        raise NotAllowed(_("There is no ticket with this number."))
    return ticket


def _said(go: str, did: Counter[str]) -> str:
    number = did["done"]
    words = {
        "again": ngettext(
            "%(number)s mail will be read again", "%(number)s mails will be read again", number
        ),
        "release": ngettext("%(number)s mail released", "%(number)s mails released", number),
        "file": ngettext(
            "%(number)s mail will be filed there", "%(number)s mails will be filed there", number
        ),
        "delete": ngettext("%(number)s mail deleted", "%(number)s mails deleted", number),
    }[go] % {"number": number}
    if did["left"]:
        left = ngettext("%(number)s was left as it is", "%(number)s were left as they are", did["left"])
        words += f". {left % {'number': did['left']}}"
    return words


# --- many at once, and who may not write ---------------------------------------------------------------


@setup_view("GET", "HEAD", "POST")
def mail_floods(request: HttpRequest) -> HttpResponse:
    """The bundles of suspended mail; each is released, filed on one ticket or deleted as a whole."""
    form = FloodForm(request.POST if request.method == "POST" else None)

    def show(status: int = 200) -> HttpResponse:
        return page(request, "mail_floods", status, floods=flooded.floods(), form=form)

    def act() -> None:
        data = form.cleaned_data
        ticket = _ticket(data["ticket"], reader(request)) if data["go"] == "file" else None
        actions.settle_flood(data["flood"], data["go"], by=reader(request), ticket=ticket)

    if request.method != "POST":
        return show()
    to = reverse("setup:mail_floods")
    return settle(request, form, act, to=lambda: to, said=_("Done with this flood"), again=show)


@setup_view("GET", "HEAD", "POST")
def mail_blocked(request: HttpRequest) -> HttpResponse:
    """Whose mail is refused; `value` proposes somebody to be added."""
    proposed = {"value": request.GET.get("value", "")[:320]}
    form = BlockForm(request.POST if request.method == "POST" else None, initial=proposed)

    def show(status: int = 200) -> HttpResponse:
        rows = BlockedSender.objects.all()[:1000]
        return page(request, "mail_blocked", status, senders=rows, form=form, bare=Nothing())

    def act() -> None:
        actions.block_sender(form.cleaned_data["value"], by=reader(request))

    if request.method != "POST":
        return show()
    to = reverse("setup:mail_blocked")
    return settle(request, form, act, to=lambda: to, said=_("Sender blocked"), again=show)


@setup_view("POST")
def mail_unblock(request: HttpRequest, pk: int) -> HttpResponse:
    row = BlockedSender.objects.filter(pk=pk).first()
    act = partial(actions.unblock_sender, row, by=reader(request)) if row else lambda: None
    return press(request, act, reverse("setup:mail_blocked"), _("Sender no longer blocked"))


# --- what leaves --------------------------------------------------------------------------------------


@setup_view()
def mail_outgoing(request: HttpRequest) -> HttpResponse:
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:200]
    state = state if state in Delivery.State.values else ""
    rows, more = mailroom.outgoing(state, words, _number(request.GET.get("before", "")))
    return page(
        request,
        "mail_outgoing",
        deliveries=rows,
        state=state,
        words=words,
        states=Delivery.State.choices,
        letters=NOTIFICATIONS,
        before=rows[-1].pk if more else None,
        is_first="before" not in request.GET,
        size=mailroom.PAGE_SIZE,
    )


@setup_view()
def mail_delivery(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Delivery.objects.select_related("event", "message", "recipient", "carried_by").defer("secret")
    row = get_object_or_404(rows, pk=pk)
    copies = mailroom.copies_of(row)
    return page(
        request,
        "mail_delivery",
        row=row,
        copies=copies,
        can_retry=outbox.can_retry(row),
        bare=Nothing(),
        letters=NOTIFICATIONS,
    )


@setup_view()
def mail_delivery_raw(request: HttpRequest, pk: int) -> HttpResponse:
    """A mail of ours as it was written, where this installation keeps it."""
    row = get_object_or_404(Delivery.objects.defer("secret"), pk=pk)
    copies = mailroom.copies_of(row)
    if not copies:
        raise Http404
    return downloads.original(b"\n\n".join(bytes(one.raw) for one in copies), f"sent-{row.pk}.txt")
