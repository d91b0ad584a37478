"""Our mail addresses, and the state of what came in and what goes out."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import actions, health, outbox
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from helpdesk.setup import mailroom, queries
from helpdesk.setup.base import form_page, page, press, reader, setup_view
from helpdesk.setup.forms import AddressForm, Nothing
from tickets.models import Team


@setup_view()
def addresses(request: HttpRequest) -> HttpResponse:
    rows = SupportAddress.objects.select_related("team").order_by("-is_active", "address")
    return page(request, "addresses", addresses=rows, has_team=Team.objects.filter(is_active=True).exists())


@setup_view("GET", "HEAD", "POST")
def addresses_new(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = form.cleaned_data
        actions.create_address(
            said["address"], said["team"], by=reader(request), name=said["name"], signature=said["signature"]
        )

    return form_page(
        request, form, save, _("New mail address"), _("Add address"), "addresses", _("Address added")
    )


@setup_view("GET", "HEAD", "POST")
def addresses_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SupportAddress, pk=pk)
    form = AddressForm(request.POST if request.method == "POST" else None, initial=AddressForm.of(row))

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("address", "team", "name", "signature")}
        actions.edit_address(row, by=reader(request), **said)

    extra: dict[str, Any] = {"template": "address_form", "address": row, "bare": Nothing()}
    return form_page(
        request, form, save, row.address, _("Save address"), "addresses", _("Address saved"), **extra
    )


@setup_view("POST")
def addresses_close(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.edit_address, get_object_or_404(SupportAddress, pk=pk), by=reader(request))
    return press(
        request, partial(act, is_active=False), reverse("setup:addresses"), _("Address switched off")
    )


@setup_view("POST")
def addresses_open(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.edit_address, get_object_or_404(SupportAddress, pk=pk), by=reader(request))
    return press(request, partial(act, is_active=True), reverse("setup:addresses"), _("Address switched on"))


@setup_view()
def mail(request: HttpRequest) -> HttpResponse:
    """Per queue: how many, since when, which ones, their last error, and the way to try again."""
    now = timezone.now()
    return page(
        request,
        "mail",
        queues=queries.mail_queues(now),
        heard_of=mailroom.heard_of(),
        reason_words=mailroom.reason_words,
        system=health.parts(),
        bare=Nothing(),
    )


@setup_view("POST")
def mail_read_again(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(InboundEmail.objects.defer("raw"), pk=pk)
    act = partial(actions.read_again, row, by=reader(request))
    return press(request, act, reverse("setup:mail"), _("This mail will be read again"))


@setup_view("POST")
def mail_send_again(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Delivery, pk=pk)
    act = partial(outbox.retry, row, by=reader(request))
    return press(request, act, reverse("setup:mail"), _("This mail will be sent again"))
