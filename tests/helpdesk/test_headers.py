"""Security headers stand on every answer."""

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import Client, RequestFactory

from helpdesk.headers import ClientAddress

EXPECTED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}


@pytest.mark.parametrize("address", ["/livez", "/no-such-page", "/static/css/base.css"])
def test_every_answer_carries_the_headers(address):
    assert finders.find("css/base.css")
    answer = Client().get(address)
    assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED


def test_what_a_signed_in_person_gets_is_not_kept_by_any_cache(db, settings):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "anything"
    assert client.get("/no-such-page").headers["Cache-Control"] == "no-store"


def test_static_files_may_be_kept(settings):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "anything"
    assert "no-store" not in client.get("/static/css/base.css").headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (True, "203.0.113.9, nonsense", "127.0.0.1"),
        (True, "", "127.0.0.1"),
    ],
)
def test_a_client_cannot_make_up_its_address(settings, behind_proxy, forwarded, address):
    settings.BEHIND_PROXY = behind_proxy
    seen = []
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    ClientAddress(lambda request: seen.append(request.META) or HttpResponse())(request)
    assert seen[0]["REMOTE_ADDR"] == address
    assert "HTTP_X_FORWARDED_FOR" not in seen[0]
