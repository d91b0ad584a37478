"""A member's own tokens for the API."""

from __future__ import annotations

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import actions
from helpdesk.models import ApiToken
from helpdesk.once import KeyReused, once
from helpdesk.setup.base import page, press, reader, setup_view
from helpdesk.setup.forms import Nothing, TokenForm


@setup_view("GET", "HEAD", "POST", members=True)
def tokens(request: HttpRequest) -> HttpResponse:
    """The list, and making one. The secret stands on the answer alone and is shown this one time: sending the
    form again makes no second token and cannot show the first."""
    if request.method != "POST":
        return _page(request, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    if _is_repetition(request, form):
        form.add_error(None, _("This token was made already and is shown once only. Make another one."))
        form.renew()
        return _page(request, form, 409)
    made, secret = actions.issue_token(
        reader(request), by=reader(request), name=form.cleaned_data["name"], days=form.cleaned_data["days"]
    )
    return _page(request, TokenForm(), secret=secret, made=made)


def _is_repetition(request: HttpRequest, form: TokenForm) -> bool:
    """Whether this form was sent before. The secret is kept nowhere, so its answer cannot be repeated."""
    try:
        owner = f"user:{reader(request).pk}"
        _answer, repeated = once(owner, form.key(request), form.fingerprint(), lambda: True)
    except KeyReused:
        return True
    return repeated


@setup_view("POST", members=True)
def tokens_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    row = ApiToken.objects.filter(pk=pk, person=reader(request)).first()
    if row is None:
        raise Http404
    act = partial(actions.revoke_token, row, by=reader(request))
    return press(request, act, reverse("setup:tokens"), _("Token ended"))


def _page(
    request: HttpRequest,
    form: TokenForm,
    status: int = 200,
    secret: str = "",
    made: ApiToken | None = None,
) -> HttpResponse:
    rows = ApiToken.objects.filter(person=reader(request), revoked_at=None).order_by("-created_at")
    return page(
        request,
        "tokens",
        status,
        form=form,
        tokens=rows,
        secret=secret,
        made=made,
        bare=Nothing(),
        moment=timezone.now(),
    )
