"""Mail brought by calls of mail providers: checked by django-anymail, stored whole, then answered with 200.

A provider repeats a call until it is answered well, so a mail that is there already is answered alike. Where
a provider hands on the mail as it was sent, its very bytes are kept; else the mail is put together again from
what the provider says of it, the same way each time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email import policy
from functools import cache
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailCoreWebhookView
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from helpdesk.imap import Trouble
from helpdesk.mail import inbound
from helpdesk.mail.fetching import note_trouble
from helpdesk.models import InboundEmail, MailSource
from helpdesk.sealed import Unreadable

logger = logging.getLogger(__name__)
warnings.filterwarnings("ignore", message=r"django-anymail has dropped official support")

MOST_OFF = 300.0  # seconds by which the instant that was signed may differ from ours


@dataclass(frozen=True)
class Brought:
    """One mail of a call; the envelope where the provider tells it."""

    raw: bytes
    sender: str | None = None
    recipients: tuple[str, ...] = ()


class Unfit(Exception):
    """The call is genuine, but nothing that we could take for a mail."""


@csrf_exempt
@never_cache
@require_http_methods(["POST", "HEAD"])
def receive(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """200 once the mails are committed; 401 not from the provider, 404 no such source, 413 too large, 422 not
    understood, 503 not now: come again."""
    source = MailSource.objects.filter(pk=pk, kind=MailSource.Kind.WEBHOOK).first()
    if source is None:
        return HttpResponse(status=404)
    secret = _secret(source)
    if not constant_time_compare(secret.get("token", ""), token):
        return HttpResponse(status=401)
    if request.method == "HEAD":  # providers ask like this whether we are here
        return HttpResponse()
    if not source.is_active:
        return _come_again()
    body = request.read(_most() + 1)
    if len(body) > _most():
        return HttpResponse(status=413)
    return _take(request, body, source, secret)


def _take(request: HttpRequest, body: bytes, source: MailSource, secret: dict[str, Any]) -> HttpResponse:
    try:
        mails = _mails(request, body, source.provider, secret)
        if any(len(mail.raw) > settings.SMTP_SIZE for mail in mails):
            return HttpResponse(status=413)
        _store(source, mails)
    except AnymailWebhookValidationFailure:
        _note(source, "signature")
        return HttpResponse(status=401)
    except Unfit:
        _note(source, "call")
        return HttpResponse(status=422)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("a call of provider %s was put off: %s", source.pk, type(error).__name__)
        return _come_again()
    return HttpResponse()


def _most() -> int:
    """Octets of a call: a mail of the largest size in base64, and something around it."""
    return settings.SMTP_SIZE * 3 // 2


def _come_again() -> HttpResponse:
    return HttpResponse(status=503, headers={"Retry-After": "60"})


def _secret(source: MailSource) -> dict[str, Any]:
    try:
        return source.secret()
    except Unreadable:
        return {}


def _note(source: MailSource, code: str) -> None:
    logger.warning("a call of provider %s was refused: %s", source.pk, code)
    note_trouble(source.pk, Trouble(code))


# --- what a call holds --------------------------------------------------------------------------------


def _mails(request: HttpRequest, body: bytes, provider: str, secret: dict[str, Any]) -> list[Brought]:
    """The mails of a genuine call. Raises AnymailWebhookValidationFailure for any other, and Unfit."""
    way = WAYS[provider]
    request._body = _as_file(request, body)
    view = _view(way.view)(**{
        way.key: secret.get("key" if way.key != "webhook_secret" else "basic", ""),
        **({"webhook_url": request.build_absolute_uri()} if provider == "mandrill" else {}),
    })  # fmt: skip
    try:
        view.run_validators(request)
        if way.signed_at is not None and abs(time.time() - way.signed_at(request)) > MOST_OFF:
            raise AnymailWebhookValidationFailure
    except AnymailWebhookValidationFailure:
        raise
    except Exception as error:  # nonsense where a signature should be
        raise AnymailWebhookValidationFailure from error
    try:
        found = [mail for mail in way.raw(request) if mail.raw]
        return found or [_rebuilt(event.message) for event in view.parse_events(request)]
    except Exception as error:
        raise Unfit from error


@cache
def _view(path: str) -> type[AnymailCoreWebhookView]:
    return import_string(f"anymail.webhooks.{path}")


def _as_file(request: HttpRequest, body: bytes) -> bytes:
    """The body of a form, with the field of the raw mail named a file: so it is neither decoded, which would
    change it, nor held to the length of what people type."""
    if request.content_type != "multipart/form-data":
        return body
    boundary = re.escape((request.content_params or {}).get("boundary", "").encode())
    field = rb'(--%s\r\ncontent-disposition: form-data; name="(?:body-mime|email)")(?=\r\n)' % boundary
    return re.sub(field, rb'\1; filename="mail"', body, count=1, flags=re.IGNORECASE)


def _rebuilt(message: Any) -> Brought:
    """The mail that anymail made of a provider's fields, with boundaries that are the same each time."""
    seed = repr([(part.get_content_type(), part.get_payload() if not part.is_multipart() else "")
                 for part in message.walk()]) + repr(message.items())  # fmt: skip
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{hashlib.sha256(f'{number} {seed}'.encode()).hexdigest()[:40]}")
    sender, recipient = message.envelope_sender, message.envelope_recipient
    return Brought(message.as_bytes(policy=policy.SMTP), sender, (recipient,) if recipient else ())


def _of_form(field: str) -> Callable[[HttpRequest], Iterable[Brought]]:
    def mails(request: HttpRequest) -> Iterable[Brought]:
        file = request.FILES.get(field)
        if not isinstance(file, UploadedFile):
            return
        if field == "email":
            envelope = json.loads(request.POST.get("envelope", "{}"))
            sender, recipients = envelope.get("from"), envelope.get("to", [])
        else:
            sender, recipients = request.POST.get("sender"), [request.POST.get("recipient", "")]
        yield Brought(file.read(), sender, tuple(one for one in recipients if one))

    return mails


def _postmark(request: HttpRequest) -> Iterable[Brought]:
    said = json.loads(request.body)
    if "RawEmail" in said:
        recipient = said.get("OriginalRecipient")
        yield Brought(_octets(said["RawEmail"]), None, (recipient,) if recipient else ())


def _mandrill(request: HttpRequest) -> Iterable[Brought]:
    for event in json.loads(request.POST["mandrill_events"]):
        if event["event"] != "inbound":
            raise Unfit
        yield Brought(_octets(event["msg"]["raw_msg"]), None, (event["msg"]["email"],))


def _mailersend(request: HttpRequest) -> Iterable[Brought]:
    said = json.loads(request.body)["data"]
    recipients = tuple(one["email"] for one in said.get("recipients", {}).get("rcptTo", []))
    yield Brought(_octets(said["raw"]), said.get("sender", {}).get("email"), recipients)


def _postal(request: HttpRequest) -> Iterable[Brought]:
    said = json.loads(request.body)
    raw = base64.b64decode(said["message"]) if said.get("base64") is True else _octets(said["message"])
    yield Brought(raw, said.get("mail_from"), (said["rcpt_to"],))


def _sparkpost(request: HttpRequest) -> Iterable[Brought]:
    for one in json.loads(request.body):
        said = one["msys"]["relay_message"]
        raw = said["content"]["email_rfc822"]
        coded = said["content"]["email_rfc822_is_base64"]
        recipients = (said["rcpt_to"],)
        yield Brought(base64.b64decode(raw) if coded else _octets(raw), said.get("msg_from"), recipients)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Way:
    """How a provider calls: anymail's view, what that calls its key (`webhook_secret`: it does not sign, and
    signs in with a password), the raw mails of a call, and the instant that it signs, in seconds of the
    epoch."""

    view: str
    key: str
    raw: Callable[[HttpRequest], Iterable[Brought]]
    signed_at: Callable[[HttpRequest], float] | None = None


WAYS = {
    "mailgun": Way(
        "mailgun.MailgunInboundWebhookView", "webhook_signing_key", _of_form("body-mime"),
        lambda request: float(request.POST["timestamp"]),
    ),
    "postmark": Way("postmark.PostmarkInboundWebhookView", "webhook_secret", _postmark),
    "sendgrid": Way("sendgrid.SendGridInboundWebhookView", "webhook_secret", _of_form("email")),
    "mailersend": Way("mailersend.MailerSendInboundWebhookView", "inbound_secret", _mailersend),
    "mailjet": Way("mailjet.MailjetInboundWebhookView", "webhook_secret", lambda request: ()),
    "mandrill": Way("mandrill.MandrillCombinedWebhookView", "webhook_key", _mandrill),
    "postal": Way("postal.PostalInboundWebhookView", "webhook_key", _postal),
    "sparkpost": Way("sparkpost.SparkPostInboundWebhookView", "webhook_secret", _sparkpost),
}  # fmt: skip


# --- keeping it ---------------------------------------------------------------------------------------


def _store(source: MailSource, mails: list[Brought]) -> None:
    """Commit the mails of a call that are not there yet, each once, also when it comes twice at once."""
    name = source.name_in_mail
    by_digest = {hashlib.sha256(mail.raw).hexdigest(): mail for mail in mails}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            for digest in sorted(by_digest):
                key = f"call:{name}:{digest}"
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        known = set(
            InboundEmail.objects.filter(source=name, sha256__in=by_digest).values_list("sha256", flat=True)
        )
        for digest, mail in by_digest.items():
            if digest not in known:
                inbound.store(mail.raw, name, envelope_from=mail.sender, envelope_to=list(mail.recipients))
        MailSource.objects.filter(pk=source.pk).update(
            last_ok_at=Now(), last_mail_at=Now(), trouble="", trouble_detail="", trouble_since_at=None
        )
