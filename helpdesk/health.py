"""Does every part of the running system work? The facts, and the two addresses that tell them to machines."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.heartbeats import SILENT_AFTER, last_beats
from helpdesk.imap import STANDING, words_of
from helpdesk.models import InboundEmail, MailSource
from helpdesk.outbox import overdue
from sla.queries import parked_clocks

# Mail that waits longer than this has been forgotten by somebody.
MAIL_WAITS_AT_MOST = timedelta(minutes=5)


@dataclass(frozen=True)
class Part:
    """One part of the system: `ok`, and in `detail` what an operator should know. Machines go by `name`;
    `title` and `detail` are in the reader's language."""

    name: str
    title: str
    ok: bool
    detail: str


def parts() -> list[Part]:
    """Every part, the database first; without it nothing else that lives in it can be told."""
    try:
        now = _database_time()
        return [
            Part("database", _("Database"), True, _("answers")),
            _broker(),
            *_heartbeats(now),
            *_mailboxes(now),
            _oldest_mail(now),
            _mail_that_does_not_leave(),
            _clocks_put_aside(),
        ]
    except (DatabaseError, InterfaceError) as error:
        return [Part("database", _("Database"), False, type(error).__name__), _broker()]


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is asked, so that nobody restarts it because of another part."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when every part works, else 503; the answer names the parts that do not, always in English."""
    with override("en"):
        found = parts()
    failing = [part.name for part in found if not part.ok]
    return JsonResponse(
        {
            "status": "failing" if failing else "ok",
            "failing": failing,
            "parts": {
                part.name: {k: v for k, v in asdict(part).items() if k not in ("name", "title")}
                for part in found
            },
        },
        status=503 if failing else 200,
    )


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _broker() -> Part:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError as error:
        return Part("broker", _("Broker"), False, type(error).__name__)
    return Part("broker", _("Broker"), True, _("answers"))


def _heartbeats(now: datetime) -> list[Part]:
    beats = last_beats()
    silent = {
        name: name not in beats or now - beats[name] > SILENT_AFTER
        for name in ("worker", "mailer", "beat", "smtp", "fetcher", "tasks")
    }
    # Tasks come from beat: while that is silent, their silence says nothing about the worker.
    idle = silent["tasks"] and not silent["beat"] and not silent["worker"]
    return [
        Part(
            "worker",
            _("Worker"),
            not silent["worker"] and not idle,
            _("works nothing off") if idle else _since(beats, "worker", now),
        ),
        Part("mailer", _("Mailer"), not silent["mailer"], _since(beats, "mailer", now)),
        Part("beat", _("Schedule"), not silent["beat"], _since(beats, "beat", now)),
        Part("mail listener", _("Mail listener"), not silent["smtp"], _since(beats, "smtp", now)),
        Part("mail fetcher", _("Mail fetcher"), not silent["fetcher"], _since(beats, "fetcher", now)),
    ]


def _mailboxes(now: datetime) -> list[Part]:
    """One part for each mailbox that mail is fetched from; it works as long as it was read lately."""
    rows = MailSource.objects.filter(kind=MailSource.Kind.IMAP, is_active=True)
    found = []
    for row in rows:
        said = words_of(row, row.trouble, row.trouble_detail) or (
            _("read %(number)s s ago") % {"number": max(0, round((now - row.last_ok_at).total_seconds()))}
            if row.last_ok_at
            else _("not read yet")
        )
        works = not row.is_stale and row.trouble not in STANDING
        found.append(Part(f"mailbox {row.name}", _("Mailbox %(name)s") % {"name": row.name}, works, said))
    return found


def _since(beats: dict[str, datetime], name: str, now: datetime) -> str:
    if name not in beats:
        return _("has never reported")
    return _("reported %(number)s s ago") % {"number": max(0, round((now - beats[name]).total_seconds()))}


def _oldest_mail(now: datetime) -> Part:
    waiting = InboundEmail.objects.filter(state=InboundEmail.State.WAITING)
    oldest = waiting.order_by("received_at").values_list("received_at", flat=True).first()
    name, title = "oldest unprocessed mail", _("Oldest unprocessed mail")
    if oldest is None:
        return Part(name, title, True, _("none waits"))
    age = now - oldest
    waits = _("waits %(number)s s") % {"number": round(age.total_seconds())}
    return Part(name, title, age <= MAIL_WAITS_AT_MOST, waits)


def _mail_that_does_not_leave() -> Part:
    """Mail that should have left an hour ago: the list of it stands at the desk."""
    count = overdue().count()
    said = _("%(number)s over an hour late") % {"number": count} if count else _("leaves")
    return Part("outgoing mail", _("Outgoing mail"), count == 0, said)


def _clocks_put_aside() -> Part:
    """Told, but no failure of the system: each is one ticket's, is tried again and shown in setup."""
    count = parked_clocks().count()
    said = _("%(number)s could not be checked") % {"number": count} if count else pgettext("clocks", "none")
    return Part("clocks put aside", _("Clocks put aside"), True, said)
