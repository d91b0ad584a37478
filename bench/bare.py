"""A bare view of the same framework, to measure beside: the very page that the real view gives, rendered from memory.

Same server, same Django, same templates in the same Jinja environment. The context is what the real view gave its template,
caught once from a whole request when this starts; every row that the template asks for is in memory then, which is
checked. No middleware, no session, no database: what a page of ours costs beyond this is ours to explain.

`BENCH_COOKIE` is a signed-in session's, `BENCH_PAGES` the real paths by name, as JSON; they are served as `/bare/NAME/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings

from helpdesk.kept import Kept

Kept.keeps = False  # the framework's own rendering is what others are measured by
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.template.backends.jinja2 import Template  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import URLPattern, URLResolver, include, path, reverse  # noqa: E402
from django.utils import timezone, translation  # noqa: E402

# Paths and words by the framework's own functions, which remember nothing; ours remember both.
_ours: Any = engines["jinja2"]
_ours.env.globals["url"] = lambda name, *args, **kwargs: reverse(name, args=args, kwargs=kwargs)
_ours.env.install_gettext_callables(
    translation.gettext,
    translation.ngettext,
    newstyle=True,
    pgettext=translation.pgettext,
    npgettext=translation.npgettext,
)

ROWS = [
    {
        "id": 1000 + n,
        "due": f"{n} min left",
        "metric": "First reply by 10:05",
        "priority": "High",
        "subject": f"Refund missing for A-{n}",
        "who": "Priya Nair",
        "company": "Nordlicht GmbH",
        "words": "One more thing: my bank says that no transfer is on its way",
        "status": "Open",
        "agent": "Mira",
    }
    for n in range(25)
]


class Caught:
    """A template with its whole context, and the language and time zone in which it was rendered."""

    def __init__(self, template: Any, context: dict[str, Any]) -> None:
        self.template, self.context = template, context
        self.language, self.zone = translation.get_language(), timezone.get_current_timezone()

    def render(self) -> str:
        translation.activate(self.language)
        timezone.activate(self.zone)
        words: str = self.template.render(self.context)
        return words


def caught(real_path: str) -> Caught:
    """What the real view at that path gives its template."""
    found: list[Caught] = []
    whole = Template.render

    def render(self: Any, context: Any = None, request: Any = None) -> str:
        given = dict(context or {})
        for processor in self.backend.template_context_processors:
            given |= processor(request)
        found.append(Caught(self.template, given))
        return str(whole(self, given))

    Template.render = render  # type: ignore[method-assign]
    try:
        client = Client(SERVER_NAME="localhost", headers={"cookie": os.environ["BENCH_COOKIE"]})
        status = client.get(real_path).status_code
    finally:
        Template.render = whole  # type: ignore[method-assign]
    if status != 200 or len(found) != 1:
        raise SystemExit(f"{real_path} answered {status} after {len(found)} templates")
    found[0].render()
    with CaptureQueriesContext(connection) as made:
        found[0].render()
    if len(made):
        raise SystemExit(f"{real_path}: not all in memory, {made.captured_queries[0]['sql'][:200]}")
    return found[0]


def view_of(page: Caught) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: HttpResponse(page.render())


def bare_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"results": ROWS})


PAGES = {name: caught(real) for name, real in json.loads(os.environ["BENCH_PAGES"]).items()}
connection.close()
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"bare/{name}/", view_of(page)) for name, page in PAGES.items()
]
urlpatterns += [path("bare/json/", bare_json), path("", include("config.urls"))]  # the page's links
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare"
application = WSGIHandler()
