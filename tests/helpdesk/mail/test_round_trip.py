"""Our mails and the answers to them, through both directions."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage

from helpdesk.models import Delivery, InboundEmail
from tests.helpdesk.mail.post import bounce_of, letter, receive
from tickets import actions
from tickets.models import Ticket, User

PRIYA = "Priya Nair <priya@customers.example>"


def answer_to(ours: EmailMessage, text: str, *, quoting: str) -> bytes:
    """What a mail program writes when somebody answers a mail of ours: text above, quote below."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"] = PRIYA, str(ours["Reply-To"])
    mail["Subject"] = str(ours["Subject"])
    mail["Message-ID"] = "<answer@customers.example>"
    mail["In-Reply-To"] = ours["Message-ID"]
    mail["References"] = f"{ours['References'] or ''} {ours['Message-ID']}".strip()
    plain = ours.get_body(("plain",)).get_content()
    quoted = "\n".join(f"> {line}" for line in plain.splitlines())
    head = "On Sat, 21 Nov 2026 at 09:00, Mira at Acme Support <billing@acme.example> wrote:"
    mail.set_content(f"{text}\n\n{head}\n\n{quoted}\n")
    if quoting == "html":
        page = ours.get_body(("html",)).get_content()
        body = f'<div>{text}</div><br><div class="gmail_quote"><div class="gmail_attr">{head}<br></div>'
        quote = f'<blockquote class="gmail_quote">{page}</blockquote></div>'
        mail.add_alternative(body + quote, subtype="html")
    return mail.as_bytes()


def test_an_answer_to_our_mail_comes_back_to_its_ticket_without_what_it_quotes(
    ticket, cast, support, send_all
):
    actions.prove_address(cast.priya)
    for quoting in ("text", "html"):
        actions.reply(ticket, "Which account is it?", by=cast.mira, channel="desk")
        ours = send_all().mails("priya@customers.example")[-1]
        row = receive(
            answer_to(ours, f"The second, as {quoting}.", quoting=quoting).replace(
                b"answer@", quoting.encode() + b"@"
            )
        )
        assert (row.state, row.reason, row.ticket) == (InboundEmail.State.FILED, "reply", ticket)
        assert row.message.fresh.strip() == f"The second, as {quoting}."


def test_who_answers_to_the_address_that_we_mailed_them_has_proven_theirs(ticket, cast, support, send_all):
    actions.reply(ticket, "Which account is it?", by=cast.mira, channel="desk")
    ours = send_all().mails("priya@customers.example")[0]
    receive(answer_to(ours, "The second.", quoting="text"))
    assert User.objects.get(pk=cast.priya.pk).proven_at


def test_a_token_given_to_somebody_else_proves_nothing(ticket, cast, support, send_all):
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    actions.reply(ticket, "Which account is it?", by=cast.mira, channel="desk")
    ours = send_all().mails("cara@customers.example")[0]
    row = receive(answer_to(ours, "The second.", quoting="text"))
    assert row.ticket == ticket
    assert not User.objects.get(pk=cast.priya.pk).proven_at


def test_a_bounce_that_quotes_nothing_is_known_by_the_address_it_comes_to(ticket, cast, support, send_all):
    Delivery.objects.all().delete()
    actions.reply(ticket, "Which account is it?", by=cast.mira, channel="desk")
    ((sender, _to, _body),) = send_all().bodies
    receive(bounce_of("lost@relay.example", "priya@customers.example"), envelope_from="", to=[sender])
    row = Delivery.objects.get(template="ticket.replied")
    assert row.state == Delivery.State.FAILED
    ticket.refresh_from_db()
    assert ticket.unanswered_since == ticket.opened_at


def test_two_robots_fall_silent(cast, support, send_all):
    """Our acknowledgement comes back as another helpdesk's: nobody answers it."""
    receive(letter(sender=PRIYA, to="billing@acme.example"))
    (ack,) = send_all().mails("priya@customers.example")
    theirs = letter(
        "We have your message.",
        sender=PRIYA,
        to=str(ack["From"]),
        subject=f"[Ticket 77] {ack['Subject']}",
        auto_submitted="auto-replied",
        in_reply_to=ack["Message-ID"],
    )
    row = receive(theirs)
    assert row.state == InboundEmail.State.QUIET
    assert Ticket.objects.count() == 1
    assert len(send_all().bodies) == 1
