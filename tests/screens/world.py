"""Friday 20 November 2026, 09:53 in Berlin: the queue of Acme Support, played through the real actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from helpdesk.demo.world import settle_deliveries
from helpdesk.models import Company, Delivery, SavedReply, SupportAddress
from sla import actions as sla_actions
from tests.cast import PersonFactory
from tests.screens.past import measure_all, play_the_past, receive
from tickets import actions
from tickets.actions import NewFile, Words
from tickets.models import Organization, Role, Team, Ticket, User

NOW = datetime(2026, 11, 20, 8, 53, tzinfo=UTC)
ZONE = "Europe/Berlin"
HOUR = 3600
OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
DECEMBER = {
    "holidays": {
        "2026-12-25": "Christmas Day",
        "2026-12-26": "Second day of Christmas",
        "2027-01-01": "New Year",
    },
    "date_hours": {"2026-12-24": [["09:00", "13:00"]], "2026-12-31": [["09:00", "13:00"]]},
    "names": {"2026-12-24": "Half day", "2026-12-31": "Half day"},
    "sources": [{"country": "DE", "region": "BE", "until": 2027}],
}
TARGETS = {
    "first_response": {1: 4, 2: 2, 3: 1, 4: 0.5},
    "next_response": {1: 8, 2: 4, 3: 2, 4: 1},
    "resolution": {1: 40, 2: 16, 3: 8, 4: 4},
}


def thursday(hour: int, minute: int = 0) -> datetime:
    """That Thursday, in Berlin's winter time."""
    return datetime(2026, 11, 19, hour - 1, minute, tzinfo=UTC)


def friday(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour - 1, minute, tzinfo=UTC)


@dataclass
class World:
    """Who is there, and the tickets by a short name."""

    people: dict[str, User] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    now: datetime = NOW


def make_world() -> World:
    """Everything that the pictures show."""
    world = World()
    billing, tech = Team.objects.create(name="Billing"), Team.objects.create(name="Tech")
    orders = Team.objects.create(name="Orders")
    Company.objects.create(pk=1, name="Acme Support", time_zone=ZONE)
    SupportAddress.objects.create(address="support@acme.example", team=billing, name="Acme Support")
    SavedReply.objects.create(
        title="Refund is on its way", text="Hello {customer},\n\nyour refund left today.\n\n{agent}"
    )
    SavedReply.objects.create(
        title="Ask for the order number", text="Hello {customer}, which order is it about?"
    )
    _promises(tech)
    for name, role, teams in (
        ("Mira Keller", Role.AGENT, (billing, tech)),
        ("Jo Brandt", Role.AGENT, (billing,)),
        ("Lena Fuchs", Role.AGENT, (billing, orders)),
        ("Sam Osei", Role.AGENT, (billing, tech, orders)),
        ("Sue Park", Role.SUPERVISOR, (billing, tech, orders)),
        ("Ada Root", Role.ADMINISTRATOR, ()),
    ):
        email = f"{name.split()[0].lower()}@acme.example"
        person = PersonFactory(name=name, email=email, role=role, teams=teams, time_zone=ZONE)
        world.people[name.split()[0].lower()] = person
    world.people["newcomer"] = PersonFactory(name="Nora Quist", email="nora@quist.example", time_zone=ZONE)
    play_the_past(world, NOW)
    _refund(world, billing)
    _others(world, billing, tech)
    receive(world)
    settle_deliveries(before=NOW - timedelta(minutes=10))
    measure_all(NOW)
    return world


def _promises(tech: Team) -> None:
    calendar = sla_actions.create_calendar(
        "Berlin office",
        {"timezone": ZONE, "hours": OFFICE} | DECEMBER,
        by=None,
        is_default=True,
        at=NOW - timedelta(days=90),
    )
    targets = {
        metric: {
            str(level): {"seconds": int(hours * HOUR), "basis": "working"} for level, hours in levels.items()
        }
        for metric, levels in TARGETS.items()
    }
    spec: dict[str, Any] = {"targets": targets, "conditions": []}
    then = NOW - timedelta(days=90)
    standard = sla_actions.create_policy("Standard support", spec, calendar=calendar, by=None, at=then)
    asked = [
        {"field": "team", "operator": "is", "values": [tech.pk]},
        {"field": "type", "operator": "is", "values": ["incident", "problem"]},
    ]
    tags = [{"field": "tag", "operator": "is", "values": ["pilot"]}]
    for name, conditions in (("Outages", asked), ("Pilot customers", tags)):
        more = spec | {"conditions": conditions}
        policy = sla_actions.create_policy(name, more, calendar=calendar, by=None, before=standard, at=then)
    sla_actions.edit_policy(policy, by=None, is_active=False, at=then)


def _customer(name: str, organization: str, **more: Any) -> User:
    first = name.split()[0].lower()
    row, _created = Organization.objects.get_or_create(name=organization)
    email = f"{first}.{name.split()[-1].lower()}@{organization.split()[0].lower()}.example"
    more = {"created_at": NOW - timedelta(days=60)} | more
    return PersonFactory(name=name, email=email, organization=row, **more)


def _refund(world: World, billing: Team) -> None:
    """Priya waits for a refund: a first reply that is late, a note, an unread word, earlier tickets."""
    mira, jo, sam = (world.people[name] for name in ("mira", "jo", "sam"))
    priya = _customer("Priya Nair", "Nordlicht GmbH", time_zone=ZONE, language="de", phone="+49 30 5550 4471")
    world.people["priya"] = priya
    early = datetime(2026, 11, 6, 9, 0, tzinfo=UTC)
    label = actions.open_ticket(
        requester=priya, subject="Return label missing", team=billing, by=priya, channel="mail",
        words="The parcel came without a return label. Could you send me one?", at=early, assignee=sam,
    )  # fmt: skip
    actions.reply(label, "Here is the label.", by=sam, channel="mail", at=early + timedelta(minutes=40))
    actions.resolve(label, by=sam, at=early + timedelta(hours=5))
    words = (
        "Hello,\n\nit is now two weeks since I sent back order 88412, and the refund of €148.50 still has not"
        " arrived. You wrote “five working days”. Could you check what happened?"
    )
    receipt = NewFile("return-receipt.pdf", b"%PDF-" + b"0" * 212_000, "application/pdf")
    ticket = actions.open_ticket(
        requester=priya, subject="Refund missing", team=billing, by=priya, channel="mail", priority=2,
        words=Words(text=words, files=(receipt,)), at=thursday(16, 32),
    )  # fmt: skip
    actions.prioritize(ticket, 3, by=jo, at=thursday(16, 40))
    actions.assign(ticket, mira, by=jo, at=thursday(16, 41))
    actions.tag(ticket, "refund", by=jo, at=thursday(16, 41))
    actions.tag(ticket, "bank", by=jo, at=friday(9, 11))
    note = "Bank file was rejected, one digit of the IBAN is wrong on our side. Finance sends it again today."
    actions.add_note(ticket, note + " @Mira can you tell her?", by=jo, at=friday(9, 12))
    ticket.refresh_from_db()
    actions.mark_read(ticket, by=mira, seq=ticket.event_seq)
    more = (
        "One more thing: my bank says no transfer is on its way. Please tell me today when I can expect it."
    )
    actions.reply(ticket, more, by=priya, channel="mail", at=friday(9, 41))
    world.tickets["refund"] = ticket


OTHERS = (
    # subject, requester, organisation, words, priority, opened, owner, status
    ("Payments fail at checkout since 09:10", "Tomás Rivera", "Brightmill", "Still failing for every card we try.", 4, friday(9, 17), "sam", "new"),
    ("Invoice shows the wrong VAT number", "Ines Kowalska", "Delta Print", "Our accountant cannot book it like this, could you correct it?", 3, friday(9, 5), "mira", "new"),
    ("Login loop after changing the password", "Henrik Dahl", "Fjord Logistics", "I end up on the same page again, in two browsers.", 3, friday(9, 35), "", "new"),
    ("Export stops at 10,000 rows", "Amara Diallo", "Kestrel Media", "Thank you, that helped for October. November still stops.", 2, thursday(15, 10), "lena", "open"),
    ("Change of delivery address for November", "Claire Fontaine", "Atelier Nord", "The new address is Rue des Lilas 12.", 2, thursday(16, 0), "mira", "open"),
    ("Question about the annual plan", "Samir Haddad", "Olive Row", "Is it possible to switch in the middle of the year?", 1, friday(9, 20), "sam", "new"),
    ("Duplicate charge on 3 November", "Yuki Tanaka", "Hanami Tea", "I have attached both statements.", 3, thursday(11, 0), "mira", "open"),
    ("Webhook signature does not match", "Elif Aydın", "Sirius Apps", "We rotated the secret yesterday and since then every call fails.", 2, thursday(12, 0), "jo", "open"),
    ("Copy of the October invoice", "Greta Lind", "Lind Optics", "Which of the two addresses should be on the copy?", 1, thursday(10, 0), "jo", "waiting"),
    ("Bank file rejected for three customers", "Oskar Brenner", "Brenner KG", "We wait for the bank, they promised an answer.", 2, thursday(9, 30), "lena", "on_hold"),
    ("Cannot add a second card", "Noah Weber", "Weber & Sons", "The form says that the card exists already.", 1, thursday(14, 0), "lena", "resolved"),
)  # fmt: skip


def _others(world: World, billing: Team, tech: Team) -> None:
    for subject, name, organization, words, priority, opened, owner, status in OTHERS:
        customer = _customer(name, organization)
        agent = world.people.get(owner)
        ticket = actions.open_ticket(
            requester=customer, subject=subject, team=billing, by=customer, channel="mail",
            words=words, priority=priority, at=opened, assignee=agent,
        )  # fmt: skip
        if agent and status != "new":
            then = "open" if status == "open" else status
            message = actions.reply(
                ticket,
                "Thank you, we look into it.",
                by=agent,
                channel="mail",
                then=then,
                at=opened + timedelta(minutes=30),
            )
            if subject.startswith("Change of delivery"):
                Delivery.objects.create(
                    event=ticket.events.get(kind="ticket.replied", data__message=message.pk),
                    message=message, recipient=customer, address=customer.email or "", template="ticket.replied",
                    state=Delivery.State.FAILED, last_error="550 5.1.1 The address does not exist",
                    send_at=message.visible_at, internet_message_id="refused@acme.example",
                    ended_at=message.visible_at,
                )  # fmt: skip
            if status == "open":
                actions.reply(ticket, words, by=customer, channel="mail", at=friday(9, 2))
        world.tickets[subject.split()[0].lower()] = ticket
