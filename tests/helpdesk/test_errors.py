"""The pages people see when something is wrong."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from helpdesk import errors


def _raising(error: Exception):
    def view(request: HttpRequest) -> HttpResponse:
        assert request.POST is not None  # the form is read before anything fails
        raise error

    return view


urlpatterns = [
    path("bad", _raising(SuspiciousOperation("x"))),
    path("denied", _raising(PermissionDenied())),
    path("broken", _raising(RuntimeError("secret detail"))),
    path("away", _raising(OperationalError("server closed the connection"))),
    path("cut", _raising(InterfaceError("connection already closed"))),
    path("api/v1/away", _raising(OperationalError("no"))),
]
handler400, handler403 = "helpdesk.errors.bad_request", "helpdesk.errors.forbidden"
handler404, handler500 = "helpdesk.errors.not_found", "helpdesk.errors.server_error"


@pytest.fixture
def client():
    """Answers as a visitor gets them, without a database: none of these pages may ask one."""
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status"),
    [("/bad", 400), ("/denied", 403), ("/nowhere", 404), ("/broken", 500), ("/away", 503), ("/cut", 503)],
)
def test_each_error_has_its_page_which_asks_no_database(client, address, status):
    answer = client.get(address)
    assert answer.status_code == status
    text = answer.content.decode()
    assert "<h1>" in text
    assert str(status) in text
    assert "secret detail" not in text


def test_a_form_that_met_a_restarting_database_is_given_back_with_its_words(client):
    answer = client.post(
        "/away", {"body": "Two <b>careful</b> paragraphs.", "once": "token", "password": "x y"}
    )
    text = answer.content.decode()
    assert answer.headers["Retry-After"] == "10"
    assert "Two &lt;b&gt;careful&lt;/b&gt; paragraphs." in text
    assert '<input type="hidden" name="once" value="token">' in text
    assert "x y" not in text


def test_the_api_is_told_in_json(client):
    answer = client.get("/api/v1/away")
    assert answer.status_code == 503
    assert "restarting" in answer.json()["error"]["message"]


def test_an_error_page_whose_template_is_broken_still_says_what_happened(client, monkeypatch):
    monkeypatch.setattr(errors.loader, "get_template", _raising(ValueError()))
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.django_db
def test_a_statement_that_takes_too_long_is_cut_off_by_postgres():
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '50ms'")
        with pytest.raises(OperationalError):
            cursor.execute("select pg_sleep(5)")


@pytest.mark.django_db
def test_every_connection_has_the_limits_of_a_page():
    with connection.cursor() as cursor:
        cursor.execute(
            "select name, setting, unit from pg_settings where name in "
            "('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')"
        )
        found = {name: f"{setting}{unit}" for name, setting, unit in cursor.fetchall()}
    assert found == {
        "statement_timeout": "15000ms",
        "lock_timeout": "5000ms",
        "idle_in_transaction_session_timeout": "60000ms",
    }


def test_a_form_without_its_token_is_refused_with_a_page():
    request = RequestFactory().post("/x")
    assert errors.csrf_failed(request).status_code == 403
