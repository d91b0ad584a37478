"""Texts that agents insert."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import actions
from helpdesk.models import SavedReply
from helpdesk.setup.base import form_page, page, press, reader, setup_view
from helpdesk.setup.forms import Nothing, SavedReplyForm


@setup_view()
def replies(request: HttpRequest) -> HttpResponse:
    return page(request, "replies", replies=SavedReply.objects.select_related("team").order_by("title", "pk"))


@setup_view("GET", "HEAD", "POST")
def replies_new(request: HttpRequest) -> HttpResponse:
    form = SavedReplyForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = form.cleaned_data
        actions.create_saved_reply(said["title"], said["text"], team=said["team"], by=reader(request))

    return form_page(
        request, form, save, _("New saved reply"), _("Add saved reply"), "replies", _("Saved reply added")
    )


@setup_view("GET", "HEAD", "POST")
def replies_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SavedReply, pk=pk)
    form = SavedReplyForm(request.POST if request.method == "POST" else None, initial=SavedReplyForm.of(row))

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("title", "text", "team")}
        actions.edit_saved_reply(row, by=reader(request), **said)

    extra: dict[str, Any] = {"template": "reply_form", "row": row, "bare": Nothing()}
    return form_page(
        request, form, save, row.title, _("Save this reply"), "replies", _("Saved reply changed"), **extra
    )


@setup_view("POST")
def replies_delete(request: HttpRequest, pk: int) -> HttpResponse:
    row = SavedReply.objects.filter(pk=pk).first()
    act = partial(actions.delete_saved_reply, row, by=reader(request)) if row else lambda: None
    return press(request, act, reverse("setup:replies"), _("Saved reply deleted"))
