"""What pages behind a mail's link share: the row that its token is for, and headers that keep them private.

The token in the address is the only key: no cookie decides anything here, so there is nothing that a foreign
page could ride on, and Django's check of the Origin header is left out (under `Referrer-Policy: no-referrer`
browsers send "null").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

View = Callable[..., HttpResponse]

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


def by_token(find: Callable[[str], Any]) -> Callable[[View], View]:
    """Give the view the row of its link (unknown and altered ones are a 404); keep its answer private."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, token: str) -> HttpResponse:
            row = find(token)
            if row is None:
                raise Http404
            response = view(request, token, row)
            for name, value in HEADERS.items():
                response.headers[name] = value
            return response

        return wrapped

    return decorate
