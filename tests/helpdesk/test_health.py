"""What the two health addresses say."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from helpdesk import health, heartbeats
from helpdesk.models import Heartbeat, InboundEmail, MailSource

PARTS = ("worker", "mailer", "beat", "smtp", "fetcher", "tasks")


@pytest.fixture
def everybody_alive(db):
    for name in PARTS:
        heartbeats.beat(name)


def _silence(name: str, **ago: float) -> None:
    Heartbeat.objects.filter(name=name).update(at=Now() - timedelta(**ago))


def _healthz() -> tuple[int, list[str]]:
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()["failing"]


def test_liveness_asks_nothing_but_the_process(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert Client().get("/livez").status_code == 200


def test_health_is_good_when_every_part_reports(everybody_alive):
    assert _healthz() == (200, [])


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("worker", "worker"),
        ("mailer", "mailer"),
        ("beat", "beat"),
        ("smtp", "mail listener"),
        ("fetcher", "mail fetcher"),
        ("tasks", "worker"),
    ],
)
def test_a_silent_part_is_named(everybody_alive, name, part):
    _silence(name, seconds=61)
    assert _healthz() == (503, [part])


def test_a_part_may_miss_a_beat(everybody_alive):
    _silence("worker", seconds=55)
    assert _healthz() == (200, [])


def test_without_beat_the_worker_is_not_blamed_for_being_idle(everybody_alive):
    _silence("beat", seconds=90)
    _silence("tasks", seconds=90)
    assert _healthz() == (503, ["beat"])


def test_a_part_that_never_reported_is_named(everybody_alive):
    Heartbeat.objects.filter(name="smtp").delete()
    assert _healthz() == (503, ["mail listener"])


def test_mail_that_waits_too_long_is_named(everybody_alive):
    email = InboundEmail.objects.create(source="smtp", raw=b"x", sha256="0" * 64, size=1)
    assert _healthz() == (200, [])
    InboundEmail.objects.filter(pk=email.pk).update(received_at=Now() - timedelta(minutes=6))
    assert _healthz() == (503, ["oldest unprocessed mail"])


def test_a_mailbox_that_is_not_read_is_named_with_the_reason(everybody_alive):
    row = MailSource.objects.create(kind="imap", name="Sales", host="imap.acme.example", trouble="slow")
    assert _healthz() == (200, [])
    long_ago = Now() - timedelta(minutes=5)
    MailSource.objects.filter(pk=row.pk).update(changed_at=long_ago, last_ok_at=long_ago)
    assert _healthz() == (503, ["mailbox Sales"])
    MailSource.objects.filter(pk=row.pk).update(last_ok_at=Now(), trouble="login")
    assert _healthz() == (503, ["mailbox Sales"])
    told = Client().get("/healthz").json()["parts"]["mailbox Sales"]["detail"]
    assert told == "imap.acme.example does not accept this name and password. Enter them anew."
    MailSource.objects.filter(pk=row.pk).update(is_active=False)
    assert _healthz() == (200, [])


def test_a_broker_that_is_away_is_named(everybody_alive, settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    assert _healthz() == (503, ["broker"])


def test_a_database_that_is_away_is_named_without_an_error_page(monkeypatch):
    # pytest-django refuses the database to a test that did not ask for it; to the code it is away.
    monkeypatch.setattr(health, "_database_time", _away)
    status, failing = _healthz()
    assert (status, failing) == (503, ["database"])


def _away():
    raise health.InterfaceError("connection already closed")


def test_every_beat_replaces_the_one_before(db):
    heartbeats.beat("worker")
    heartbeats.beat("worker")
    assert list(heartbeats.last_beats()) == ["worker"]
