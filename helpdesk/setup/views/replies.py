"""Texts that agents insert."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import actions, saved_replies
from helpdesk.models import SavedReply
from helpdesk.setup.base import form_page, page, press, reader, setup_view
from helpdesk.setup.forms import Nothing, SavedReplyForm


@setup_view()
def replies(request: HttpRequest) -> HttpResponse:
    rows = SavedReply.objects.select_related("team").order_by("folder", "title", "pk")
    return page(request, "replies", replies=rows)


@setup_view("GET", "HEAD", "POST")
def replies_new(request: HttpRequest) -> HttpResponse:
    form = SavedReplyForm(request.POST if request.method == "POST" else None)

    if "preview" in request.POST:
        return _preview(request, form, _("New saved reply"), _("Add saved reply"), row=None)

    def save() -> None:
        said = form.cleaned_data
        actions.create_saved_reply(
            said["title"], said["text"], team=said["team"], folder=said["folder"], by=reader(request)
        )

    return form_page(
        request,
        form,
        save,
        _("New saved reply"),
        _("Add saved reply"),
        "replies",
        _("Saved reply added"),
        "reply_form",
        row=None,
        **_places(form),
    )


@setup_view("GET", "HEAD", "POST")
def replies_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SavedReply, pk=pk)
    form = SavedReplyForm(request.POST if request.method == "POST" else None, initial=SavedReplyForm.of(row))

    if "preview" in request.POST:
        return _preview(request, form, row.title, _("Save this reply"), row=row, bare=Nothing())

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("title", "text", "team", "folder")}
        actions.edit_saved_reply(row, by=reader(request), **said)

    extra: dict[str, Any] = {"template": "reply_form", "row": row, "bare": Nothing(), **_places(form)}
    return form_page(
        request, form, save, row.title, _("Save this reply"), "replies", _("Saved reply changed"), **extra
    )


def _places(form: SavedReplyForm, *, previewed: bool = False) -> dict[str, Any]:
    """The list of places, and the words of the form with an example's values in them."""
    filled = saved_replies.fill(form["text"].value() or "", saved_replies.EXAMPLE)
    return {"places": saved_replies.PLACES, "filled": filled, "previewed": previewed}


def _preview(
    request: HttpRequest, form: SavedReplyForm, title: str, button: str, **extra: Any
) -> HttpResponse:
    """The form as it was typed, nothing saved, with its preview brought up to date."""
    shown = SavedReplyForm(initial={name: form[name].value() for name in form.fields if name != "once"})
    context = {"form": shown, "title": title, "button": button, "back": reverse("setup:replies"), **extra}
    return page(request, "reply_form", **context, **_places(shown, previewed=True))


@setup_view("POST")
def replies_delete(request: HttpRequest, pk: int) -> HttpResponse:
    row = SavedReply.objects.filter(pk=pk).first()
    act = partial(actions.delete_saved_reply, row, by=reader(request)) if row else lambda: None
    return press(request, act, reverse("setup:replies"), _("Saved reply deleted"))
