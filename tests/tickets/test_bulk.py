"""Many rows in one statement are the rows that were given, in their order."""

from django.utils import timezone

from helpdesk.models import Delivery
from tickets.bulk import insert
from tickets.models import Event


def test_rows_are_written_as_they_were_given(ticket):
    now = timezone.now()
    rows = [
        Event(
            ticket=ticket if step else None,
            seq=50 + step if step else None,
            kind="ticket.noted",
            at=now,
            data={"message": step, "word": 'quote " \\ {,} ünï'},
        )
        for step in range(4)
    ]
    insert(rows)
    for row in rows:
        stored = Event.objects.get(pk=row.pk)
        assert (stored.ticket_id, stored.seq, stored.at, stored.data) == (
            row.ticket_id,
            row.seq,
            now,
            row.data,
        )
        assert stored.recorded_at == row.recorded_at


def test_one_row_or_none_can_be_written_and_conflicts_passed_over(ticket, cast):
    insert([])
    event = ticket.events.first()
    row = {"event": event, "recipient": cast.mira, "template": "x", "send_at": timezone.now()}
    insert([Delivery(address="a@b.example", **row)])
    insert([Delivery(address="c@d.example", secret=b"\x00\xff", **row | {"recipient": cast.sue})])
    insert([Delivery(address="e@f.example", **row)], ignore_conflicts=True)
    found = Delivery.objects.filter(template="x").order_by("pk")
    assert [(one.address, one.secret and bytes(one.secret)) for one in found] == [
        ("a@b.example", None),
        ("c@d.example", b"\x00\xff"),
    ]
