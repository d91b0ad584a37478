"""The words of our mails: a list, an editor with its placeholders, a preview that is the mail itself."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk import actions
from helpdesk.models import Wording
from helpdesk.setup.base import page, press, reader, settle, setup_view
from helpdesk.setup.forms import Nothing, WordingForm
from helpdesk.wording import store
from helpdesk.wording.catalogue import (
    ACCOUNTS,
    CUSTOMERS,
    NOTIFICATIONS,
    OUTSIDE,
    STAFF,
    Notification,
)
from helpdesk.wording.look import look_of
from helpdesk.wording.parsing import BadWording
from helpdesk.wording.rendering import Look, as_html, as_text
from tickets.models import Team

PREVIEW_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src 'self';"
    " frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
)
_DARK, _LIGHT = "(prefers-color-scheme: dark)", "(prefers-color-scheme: light)"


@setup_view()
def wording(request: HttpRequest) -> HttpResponse:
    """Every notification by its readers, with a mark on those whose words were changed."""
    latest = Wording.objects.order_by("key", "language", "-version").distinct("key", "language")
    changed = {(row.key, row.language) for row in latest if not row.is_reset}
    titles = {
        CUSTOMERS: _("To customers"),
        OUTSIDE: _("To others outside"),
        STAFF: _("To the team"),
        ACCOUNTS: _("About accounts"),
    }
    groups = [
        (title, [one for one in NOTIFICATIONS.values() if one.audience == audience])
        for audience, title in titles.items()
    ]
    return page(request, "wording", groups=groups, changed=changed, languages=settings.LANGUAGES)


@setup_view("GET", "HEAD", "POST")
def wording_edit(request: HttpRequest, key: str, language: str) -> HttpResponse:
    one = _find(key, language)
    row = store.latest(key, language)
    is_changed = row is not None and not row.is_reset
    subject, body = (row.subject, row.body) if row and is_changed else store.our_text(key, language)
    given = {"subject": subject, "body": body, "version": row.version if row else 0}
    form = WordingForm(request.POST if request.method == "POST" else None, initial=given)
    context: dict[str, Any] = {
        "form": form,
        "one": one,
        "tongue": dict(settings.LANGUAGES)[language],
        "code": language,
        "is_changed": is_changed,
        "versions": Wording.objects.filter(key=key, language=language).select_related("made_by")[:20],
        "bare": Nothing(),
    }
    if request.method != "POST":
        return page(request, "wording_edit", **context)

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("subject", "body", "version")}
        actions.change_wording(key, language, by=reader(request), **said)

    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:wording_edit", args=[key, language]),
        said=_("Saved. Mails from now on use these words."),
        again=lambda status: page(request, "wording_edit", status, **context),
    )


@setup_view("POST")
def wording_reset(request: HttpRequest, key: str, language: str) -> HttpResponse:
    _find(key, language)
    back = reverse("setup:wording_edit", args=[key, language])
    by = reader(request)
    return press(
        request, lambda: actions.reset_wording(key, language, by=by), back, _("The standard words are back")
    )


@setup_view("GET", "HEAD", "POST")
def wording_preview(request: HttpRequest, key: str, language: str) -> HttpResponse:
    """The mail with sample values: as text, and as HTML in both themes. Posted words are shown unsaved."""
    _find(key, language)
    problem, shown = "", None
    with translation.override(language):
        try:
            if request.method == "POST":
                given = (request.POST.get("subject", ""), request.POST.get("body", ""))
                words = store.read(key, *given)
            else:
                words = store.current(key, language)
            shown = _shown(words, look_of(_team(request)))
        except BadWording as fault:
            problem = str(fault)
    status = 422 if problem else 200
    response = render(
        request, "setup/wording_preview.html", {"problem": problem, "shown": shown}, status=status
    )
    response["Content-Security-Policy"] = PREVIEW_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _team(request: HttpRequest) -> Team | None:
    number = request.GET.get("team", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 18
    return Team.objects.filter(pk=int(number)).first() if is_number else None


def _shown(words: store.Words, look: Look) -> dict[str, str]:
    values = words.notification.samples
    subject = words.subject_of(values)
    html = as_html(words, values, look, title=subject)
    if look.logo:
        picture = base64.b64encode(look.logo_data).decode()
        html = html.replace(f"cid:{look.logo}", f"data:image/png;base64,{picture}")
    return {
        "subject": subject,
        "text": as_text(words, values, look),
        "light": _only(html, "light", _LIGHT, _DARK),
        "dark": _only(html, "dark", _DARK, _LIGHT),
    }


def _only(html: str, theme: str, this: str, other: str) -> str:
    """The mail as it looks in one theme, whatever the reader's own is."""
    html = html.replace(other, "not all").replace(this, "all")
    return html.replace('content="light dark"', f'content="{theme}"')


def _find(key: str, language: str) -> Notification:
    if key not in NOTIFICATIONS or language not in dict(settings.LANGUAGES):
        raise Http404
    return NOTIFICATIONS[key]
