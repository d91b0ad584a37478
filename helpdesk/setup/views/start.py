"""The first page: what is set up, and what comes next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from helpdesk.setup import queries
from helpdesk.setup.base import page, reader, setup_view


@setup_view()
def index(request: HttpRequest) -> HttpResponse:
    steps = queries.steps(reader(request))
    following = next((step for step in steps if not step.done), None)
    aside = queries.number_put_aside()
    return page(request, "index", steps=steps, following=following, aside=aside)
