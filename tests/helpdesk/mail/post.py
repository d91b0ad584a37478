"""Writing mails as people and programs write them, for the tests of the inbound side."""

from email.message import EmailMessage
from email.policy import default
from itertools import count

from helpdesk.mail.inbound import Outcome, process, store
from helpdesk.models import InboundEmail

_numbers = count(1)
SUPPORT = "support@desk.example"


def letter(
    text: str = "The machine is broken.",
    *,
    sender: str = "Priya Nair <priya@customers.example>",
    to: str = SUPPORT,
    subject: str = "Broken",
    message_id: str | None = "",
    **fields: str,
) -> bytes:
    """A plain mail; `message_id` None leaves it out; other keywords become fields (`in_reply_to` …)."""
    mail = EmailMessage(policy=default.clone(max_line_length=900))
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    if message_id is not None:
        mail["Message-ID"] = message_id or f"<letter{next(_numbers)}@customers.example>"
    for name, value in fields.items():
        mail[name.replace("_", "-").title()] = value
    mail.set_content(text)
    return mail.as_bytes()


def receive(
    raw: bytes, *, source: str = "smtp", envelope_from: str | None = None, to: list[str] | None = None
) -> InboundEmail:
    """Store and file a mail; the row as it ended."""
    return outcome_of(raw, source=source, envelope_from=envelope_from, to=to).row


def outcome_of(
    raw: bytes, *, source: str = "smtp", envelope_from: str | None = None, to: list[str] | None = None
) -> Outcome:
    row = store(raw, source, envelope_from=envelope_from, envelope_to=to)
    outcome = process(row.pk)
    while outcome is not None and outcome.row.state == InboundEmail.State.WAITING:
        outcome = process(row.pk)  # as a worker does whose reader was ended
    assert outcome is not None
    return outcome


def bounce_of(message_id: str, address: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """The report of a mail server on a mail of ours (RFC 3464)."""
    return (
        f"From: Mail Delivery System <MAILER-DAEMON@relay.example>\r\nTo: {SUPPORT}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\n\r\n<{address}>: user unknown\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: <{message_id}>\r\nSubject: Re\r\n--b--\r\n"
    ).encode()
