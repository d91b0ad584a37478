"""Mail brought by calls of mail providers: who may bring it, what is kept, what is answered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from helpdesk import actions
from helpdesk.models import InboundEmail, MailSource
from tests.helpdesk.mail.post import SUPPORT, letter

pytestmark = pytest.mark.django_db

KEY = "canary-signing-key"
ODD = letter("ünïcode").replace(b"\n", b"\r\n") + b"\xff\xfe\x80 no charset at all\r\n"


def source(provider: str = "mailgun") -> MailSource:
    return actions.add_webhook(provider, provider, key=KEY, by=None)


def path(row: MailSource, token: str = "") -> str:
    return reverse("hooks:mail", args=[row.pk, token or row.secret()["token"]])


def mailgun(raw: bytes, *, key: str = KEY, ago: int = 0) -> dict[str, Any]:
    """The fields of a call of Mailgun, signed as it does."""
    stamp, token = str(int(time.time()) - ago), "t" * 50
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "timestamp": stamp, "token": token, "signature": signature, "sender": "ann@x.example",
        "recipient": SUPPORT, "subject": "Broken", "body-mime": raw,
    }  # fmt: skip


def bring(row: MailSource, fields: dict[str, Any], **extra: Any) -> int:
    """Post a form as Mailgun does: the raw mail is a field, not a file. The status of the answer."""
    boundary = b"--x-boundary"
    body = b""
    for name, value in fields.items():
        octets = value if isinstance(value, bytes) else value.encode()
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        body += b"--" + boundary + b"\r\n" + head + octets + b"\r\n"
    kind = f"multipart/form-data; boundary={boundary.decode()}"
    body += b"--" + boundary + b"--\r\n"
    return Client().generic("POST", extra.pop("to", path(row)), body, content_type=kind, **extra).status_code


def test_the_very_bytes_are_kept_once_however_often_the_call_comes():
    row = source()
    assert [bring(row, mailgun(ODD)) for _ in range(2)] == [200, 200]
    kept = InboundEmail.objects.get()
    assert bytes(kept.raw) == ODD
    assert (kept.source, kept.envelope_from) == (f"webhook:{row.pk}", "ann@x.example")
    assert kept.envelope_to == [SUPPORT]
    row.refresh_from_db()
    assert row.last_mail_at is not None


def test_a_mail_longer_than_a_form_may_be_is_taken():
    row = source()
    raw = letter("x" * 70 + "\n" + "y" * 70 + "\n" * 10) + b"z" * 3_000_000
    assert bring(row, mailgun(raw)) == 200
    assert bytes(InboundEmail.objects.get().raw) == raw


def test_who_is_not_the_provider_is_refused_and_told_about(caplog):
    row = source()
    assert bring(row, mailgun(ODD, key="another")) == 401
    assert bring(row, mailgun(ODD, ago=400)) == 401
    assert bring(row, {"body-mime": ODD}) == 401
    assert bring(row, mailgun(ODD), to=path(row, "wrong-token")) == 401
    assert bring(row, mailgun(ODD), to=reverse("hooks:mail", args=[row.pk + 9, "x"])) == 404
    assert Client().get(path(row)).status_code == 405
    assert Client().head(path(row)).status_code == 200
    row.refresh_from_db()
    assert (InboundEmail.objects.count(), row.trouble) == (0, "signature")
    assert KEY not in caplog.text
    assert bring(row, mailgun(ODD)) == 200
    row.refresh_from_db()
    assert row.trouble == ""


def test_too_large_unfit_and_switched_off_are_told_apart(settings):
    row = source()
    assert bring(row, mailgun(b"") | {"attachments": "[]", "body-mime": b""}) == 422
    settings.SMTP_SIZE = 1_000
    assert bring(row, mailgun(b"x" * 1_100)) == 413
    assert bring(row, mailgun(b"x" * 9_000)) == 413
    settings.SMTP_SIZE = 35_000_000
    actions.edit_source(row, by=None, is_active=False)
    answer = Client().post(path(row), mailgun(ODD))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert InboundEmail.objects.count() == 0


def test_a_database_that_cannot_store_makes_the_provider_come_again(settings):
    row = source()
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before; ALTER TABLE helpdesk_inboundemail RENAME COLUMN raw TO elsewhere")
        try:
            assert bring(row, mailgun(ODD)) == 503
        finally:
            cursor.execute("ROLLBACK TO before")


def as_json(row: MailSource, said: Any, *, user: str = "", **headers: str) -> int:
    if user:
        headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Client().generic(
        "POST", path(row), body, content_type="application/json", headers=headers
    ).status_code  # fmt: skip


def test_providers_that_do_not_sign_need_our_password():
    for provider, said in {
        "postmark": {"RawEmail": letter("by postmark").decode(), "OriginalRecipient": SUPPORT},
        "sparkpost": [{"msys": {"relay_message": {
            "protocol": "smtp", "rcpt_to": SUPPORT, "msg_from": "ann@x.example",
            "content": {"email_rfc822": base64.b64encode(ODD).decode(), "email_rfc822_is_base64": True},
        }}}],
    }.items():  # fmt: skip
        row = source(provider)
        assert as_json(row, said) == 401
        assert as_json(row, said, user="helpdesk:wrong") == 401
        assert as_json(row, said, user=row.secret()["basic"]) == 200
        assert InboundEmail.objects.get(source=row.name_in_mail).envelope_to == [SUPPORT]
    assert bytes(InboundEmail.objects.order_by("pk").last().raw) == ODD


def test_a_mail_that_is_told_in_fields_is_put_together_the_same_way_each_time():
    row = source("mailjet")
    said = {
        "Sender": "ann@x.example", "Recipient": SUPPORT, "Subject": "Broken", "From": "Ann <ann@x.example>",
        "Headers": {"From": "Ann <ann@x.example>", "To": SUPPORT, "Subject": "Broken"},
        "Parts": [], "Text-part": "It is broken.", "Html-part": "<p>It is broken.</p>",
    }  # fmt: skip
    assert [as_json(row, said, user=row.secret()["basic"]) for _ in range(2)] == [200, 200]
    mail = message_from_bytes(bytes(InboundEmail.objects.get().raw), policy=default)
    assert (mail["subject"], mail["from"]) == ("Broken", "Ann <ann@x.example>")
    assert mail.get_body(("plain",)).get_content().strip() == "It is broken."


@pytest.mark.filterwarnings("ignore:django-anymail has dropped")
def test_sendgrid_brings_the_raw_mail_as_a_field_too():
    row = source("sendgrid")
    user = base64.b64encode(row.secret()["basic"].encode()).decode()
    fields = {"email": ODD, "envelope": json.dumps({"from": "ann@x.example", "to": [SUPPORT]})}
    assert bring(row, fields, headers={"Authorization": f"Basic {user}"}) == 200
    assert bytes(InboundEmail.objects.get().raw) == ODD
