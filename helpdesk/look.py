"""A reader's choice of theme, row height, exact times and shortcut keys, kept in a cookie of this browser."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from helpdesk.context import DENSITIES, LOOK_COOKIE, THEMES, look_of

A_YEAR = 365 * 24 * 60 * 60  # seconds


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the posted choice and go back to the page it was made on; anything unknown is left as it was."""
    look = look_of(request)
    if request.POST.get("theme") in THEMES:
        look = replace(look, theme=request.POST["theme"])
    if request.POST.get("density") in DENSITIES:
        look = replace(look, density=request.POST["density"])
    if request.POST.get("exact_times") in ("on", "off"):
        look = replace(look, exact_times=request.POST["exact_times"] == "on")
    if request.POST.get("keys") in ("on", "off"):
        look = replace(look, keys=request.POST["keys"] == "on")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(
        LOOK_COOKIE, look.words(), max_age=A_YEAR, secure=request.is_secure(), httponly=True, samesite="Lax"
    )
    return response
