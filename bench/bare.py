"""A bare view of the same framework, to measure beside: 50 rows and a ticket rendered from memory.

Same server, same Django, same template engine; no middleware, no session, no database. What a page of ours costs beyond
this is ours to explain.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings

django.setup()
settings.ROOT_URLCONF = "bench.bare"
settings.MIDDLEWARE = []

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from jinja2 import Environment  # noqa: E402

ENGINE = Environment(autoescape=True)
ROW = """<tr id="t{{ t.id }}"><td><input type="checkbox" name="t" value="{{ t.id }}"></td><td><span class="chip">{{ t.due }}</span>
<span class="muted">{{ t.metric }}</span></td><td>{{ t.priority }}</td><td><a href="/desk/tickets/{{ t.id }}/">{{ t.subject }}</a>
<span>#{{ t.id }}</span><p>{{ t.who }}, {{ t.company }} · “{{ t.words }}”</p></td><td>{{ t.status }}</td><td>{{ t.agent }}</td></tr>
"""
LIST = ENGINE.from_string(
    "<!doctype html><html lang=en><title>Queue</title><body><table>"
    f"{{% for t in rows %}}{ROW}{{% endfor %}}</table></body></html>"
)
TICKET = ENGINE.from_string(
    "<!doctype html><html lang=en><title>Ticket</title><body><h1>{{ t.subject }}</h1><ol>"
    "{% for m in messages %}<li><article><h2>{{ m.who }}</h2><time>{{ m.at }}</time><p>{{ m.words }}</p></article>"
    "{% endfor %}</ol></body></html>"
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
    for n in range(50)
]
MESSAGES = [
    {"who": "Priya Nair", "at": "2026-11-20T09:02Z", "words": "It is now two weeks. " * 6} for _ in range(8)
]


def bare_list(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LIST.render(rows=ROWS))


def bare_ticket(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TICKET.render(t=ROWS[0], messages=MESSAGES))


def bare_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"results": ROWS[:25]})


urlpatterns = [path("list/", bare_list), path("ticket/", bare_ticket), path("json/", bare_json)]
application = WSGIHandler()
