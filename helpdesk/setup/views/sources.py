"""Where mail is taken from: mailboxes and mail providers, what is wrong with them, and a trial."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import actions, heartbeats, imap
from helpdesk.models import MailSource
from helpdesk.models.sources import SIGNED
from helpdesk.sealed import Unreadable
from helpdesk.setup.base import form_page, page, press, reader, see, setup_view
from helpdesk.setup.forms import Nothing
from helpdesk.setup.source_forms import MailboxForm, WebhookForm


@setup_view()
def sources(request: HttpRequest) -> HttpResponse:
    rows = list(MailSource.objects.order_by("-is_active", "name"))
    follows = any(row.is_active and row.kind == MailSource.Kind.IMAP for row in rows)
    return page(
        request,
        "sources",
        sources=sorted(((row, trouble_of(row)) for row in rows), key=lambda one: not one[1]),
        is_silent=follows and heartbeats.is_silent("fetcher"),
        smtp_port=settings.SMTP_PORT,
    )


def trouble_of(row: MailSource) -> str:
    """What is wrong with a source, in a sentence; "" when nothing is."""
    if not row.is_active:
        return ""
    said = imap.words_of(row, row.trouble, row.trouble_detail)
    return said or (_("It has not been read for some minutes.") if row.is_stale else "")


@setup_view("GET", "HEAD", "POST")
def sources_new(request: HttpRequest) -> HttpResponse:
    form = MailboxForm(request.POST if request.method == "POST" else None)
    form.blamed = "host"

    def save() -> None:
        actions.add_mailbox(by=reader(request), **form.values())

    return form_page(
        request, form, save, _("New mailbox"), _("Add mailbox"), "sources",
        _("Mailbox added. Its mail comes in from now on."), "source_form", oauth=MailboxForm.OAUTH,
    )  # fmt: skip


@setup_view("GET", "HEAD", "POST")
def sources_webhook(request: HttpRequest) -> HttpResponse:
    form = WebhookForm(request.POST if request.method == "POST" else None)
    form.blamed = "signing_key"

    def save() -> None:
        said = form.cleaned_data
        actions.add_webhook(said["name"], said["provider"], key=said["signing_key"], by=reader(request))

    said = _("Provider added. Open it for the address that it must call.")
    return form_page(request, form, save, _("New mail provider"), _("Add provider"), "sources", said)


@setup_view("GET", "HEAD", "POST")
def sources_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(MailSource, pk=pk)
    extra = {"source": row, "trouble": trouble_of(row), "bare": Nothing(), "oauth": MailboxForm.OAUTH}
    posted = request.POST if request.method == "POST" else None
    form: Any
    if row.kind == MailSource.Kind.IMAP:
        form = MailboxForm(posted, initial=MailboxForm.of(row, _secret(row)))
        form.blamed = "host"
    else:
        form = WebhookForm(posted, initial={"name": row.name, "provider": row.provider})
        del form.fields["provider"]
        extra |= _address(row)

    def save() -> None:
        said = form.values() if row.kind == MailSource.Kind.IMAP else {
            "name": form.cleaned_data["name"], "secret": {"key": form.cleaned_data["signing_key"]}
        }  # fmt: skip
        actions.edit_source(row, by=reader(request), **said)

    return form_page(
        request,
        form,
        save,
        row.name,
        _("Save changes"),
        "sources",
        _("Changes saved"),
        "source_form",
        **extra,
    )


def _secret(row: MailSource) -> dict[str, Any]:
    try:
        return row.secret()
    except Unreadable:
        return {}


def _address(row: MailSource) -> dict[str, Any]:
    """The address that a provider calls, with the password where it does not sign."""
    secret = _secret(row)
    path = reverse("hooks:mail", args=[row.pk, secret.get("token", "-")])
    address = f"{settings.PUBLIC_URL}{path}"
    if row.provider not in SIGNED:
        scheme, _colon, rest = address.partition("://")
        address = f"{scheme}://{secret.get('basic', '')}@{rest}"
    return {"address": address, "signs": row.provider in SIGNED}


@setup_view("POST")
def sources_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign in to the mailbox as it is saved, and say what was seen. Nothing there is changed."""
    row = get_object_or_404(MailSource, pk=pk, kind=MailSource.Kind.IMAP)
    try:
        secret = imap.ready_secret(row)
        if secret != row.secret():
            actions.keep_token(row, secret)
        found = imap.look(row, secret)
    except imap.Trouble as trouble:
        messages.error(request, imap.words_of(row, trouble.code, trouble.detail))
    else:
        seen = ngettext("%(num)s mail", "%(num)s mails", found.mails) % {"num": found.mails}
        how = _("New mail is told at once.") if found.tells else _("New mail is looked for every minute.")
        messages.success(request, _("It works: %(mails)s in “%(folder)s”. %(how)s") % {
            "mails": seen, "folder": row.folder, "how": how,
        })  # fmt: skip
    return see(reverse("setup:sources_edit", args=[pk]))


@setup_view("POST")
def sources_close(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.edit_source, get_object_or_404(MailSource, pk=pk), by=reader(request))
    return press(request, partial(act, is_active=False), reverse("setup:sources"), _("Switched off"))


@setup_view("POST")
def sources_open(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.edit_source, get_object_or_404(MailSource, pk=pk), by=reader(request))
    return press(request, partial(act, is_active=True), reverse("setup:sources"), _("Switched on"))
