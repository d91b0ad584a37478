"""What came before that Friday: three months of tickets, answered, measured and rated, and mails of every fate."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from feedback.actions import install_standard_survey
from helpdesk.demo.play import Player
from helpdesk.demo.world import ensure_customers, settle_deliveries
from helpdesk.models import InboundEmail
from sla import tasks
from sla.models import Clock
from tickets.models import Team, Ticket

if TYPE_CHECKING:
    from tests.screens.world import World

COUNT = 210
"""Tickets of three months: enough for every report, a minute of playing."""
BEFORE = timedelta(hours=14)
"""The past ends on the evening before, so that the morning's queue is the one of the pictures."""

LETTERS = (
    # from, subject, words, what became of it, why
    ("Petra Sommer <petra@sommer.example>", "Re: Quotation for office chairs", "Please find our quotation attached.", "suspended", ""),
    ("MAILER-DAEMON@mx.kestrel.example", "Undelivered Mail Returned to Sender", "It could not be delivered.", "quiet", ""),
    ("Win Big <win@lottery.example>", "You have been selected!!!", "Claim your prize today.", "refused", ""),
    ("Scanner 3rd floor <scanner@fjord.example>", "Scan", "", "quarantined", "The structure of this mail could not be read."),
)  # fmt: skip


def play_the_past(world: World, now: Any) -> None:
    """Three months of the demo's stories, played by the agents of the pictures."""
    ends_at = now - BEFORE
    install_standard_survey()
    teams = {team.name: team for team in Team.objects.all()}
    jo, lena, sam, mira = (world.people[name] for name in ("jo", "lena", "sam", "mira"))
    player = Player(
        now=ends_at,
        teams=teams,
        agents={"Billing": [jo, lena, mira], "Tech": [sam], "Orders": [lena, sam]},
        customers=ensure_customers(ends_at - timedelta(days=100)),
    )
    player.play(COUNT)
    settle_deliveries(before=ends_at)


def measure_all(now: Any) -> None:
    """What workers do by then: breaches are seen, stopped clocks measured."""
    tasks.sweep(now=now)
    for pk in Clock.objects.filter(needs_measuring=True).values_list("pk", flat=True):
        tasks.measure(pk)


def receive(world: World) -> None:
    """Mails that came in: one became an answer, one a ticket, the others wait for a decision or were let lie."""
    refund: Ticket = world.tickets["refund"]
    priya = world.people["priya"]
    thanks = (f"Priya Nair <{priya.email}>", f"Re: Refund missing [#{refund.pk}]", "Thank you.", "filed", "")
    for number, (sender, subject, words, state, error) in enumerate((*LETTERS, thanks)):
        head = f"From: {sender}\r\nTo: support@acme.example\r\nSubject: {subject}\r\nMessage-ID: <in{number}@mail.example>"
        date = f"Fri, 20 Nov 2026 08:4{number}:00 +0100"
        raw = f"{head}\r\nDate: {date}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n".encode()
        address = sender.partition("<")[2].rstrip(">") or sender
        filed = {"ticket": refund} if state == "filed" else {}
        row = InboundEmail.objects.create(
            source="smtp", raw=raw, sha256=hashlib.sha256(raw).hexdigest(), size=len(raw), envelope_from=address,
            state=state, subject=subject, from_address=address, error=error, processed_at=world.now, **filed,
        )  # fmt: skip
        InboundEmail.objects.filter(pk=row.pk).update(received_at=world.now - timedelta(minutes=12 - number))
