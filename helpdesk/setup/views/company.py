"""The company: its name, logo, time zone and language."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import actions
from helpdesk.brand import palette
from helpdesk.company import company as current_company
from helpdesk.company import logo_path
from helpdesk.setup.base import page, press, reader, settle, setup_view
from helpdesk.setup.forms import BrandForm, CompanyForm, LogoForm, Nothing

_FIELDS = ("name", "time_zone", "language", "default_team")


@setup_view("GET", "HEAD", "POST")
def company(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, _filled())
    form = CompanyForm(request.POST)

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in _FIELDS if name in form.fields}
        actions.edit_company(by=reader(request), **said)

    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:company"),
        said=_("Company saved"),
        again=lambda status: _page(request, form, status=status),
    )


@setup_view("GET", "HEAD", "POST")
def company_brand(request: HttpRequest) -> HttpResponse:
    """The colour and the footer; a colour that could not be read is shown beside the one that is used."""
    row = current_company()
    given = {"accent": row.accent, "footer": row.footer}
    form = BrandForm(request.POST if request.method == "POST" else None, initial=given)
    context: dict[str, Any] = {
        "form": form,
        "title": _("Colour and footer"),
        "button": _("Save colour and footer"),
        "back": reverse("setup:company"),
        "shades": palette(row.accent) if row.accent else None,
    }

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in given}
        actions.edit_company(by=reader(request), **said)

    if request.method != "POST":
        return page(request, "company_brand", **context)
    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:company_brand"),
        said=_("Colour and footer saved"),
        again=lambda status: page(request, "company_brand", status, **context),
    )


@setup_view("POST")
def logo(request: HttpRequest) -> HttpResponse:
    form = LogoForm(request.POST, request.FILES)
    return settle(
        request,
        form,
        lambda: actions.set_logo(form.cleaned_data["logo"].read(), by=reader(request)),
        to=lambda: reverse("setup:company"),
        said=_("Logo saved"),
        again=lambda status: _page(request, _filled(), form, status),
    )


@setup_view("POST")
def logo_remove(request: HttpRequest) -> HttpResponse:
    act = partial(actions.remove_logo, by=reader(request))
    return press(request, act, reverse("setup:company"), _("Logo removed"))


def _filled() -> CompanyForm:
    row = current_company()
    return CompanyForm(initial={name: getattr(row, name) for name in _FIELDS})


def _page(
    request: HttpRequest, form: CompanyForm, logo_form: LogoForm | None = None, status: int = 200
) -> HttpResponse:
    return page(
        request,
        "company",
        status,
        form=form,
        logo_form=logo_form or LogoForm(),
        faulty=logo_form or form,
        logo=logo_path(current_company()),
        bare=Nothing(),
    )
