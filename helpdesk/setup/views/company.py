"""The company: its name, logo, time zone and language."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import actions
from helpdesk.company import company as current_company
from helpdesk.company import logo_path
from helpdesk.setup.base import page, press, reader, settle, setup_view
from helpdesk.setup.forms import CompanyForm, LogoForm, Nothing

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
