"""A note that names a colleague: they are told that it does, and nothing of what it says."""

from helpdesk.models import Delivery
from tests.cast import PersonFactory
from tickets import actions, queries
from tickets.models import Role


def test_a_note_tells_whom_it_names_if_they_may_work_on_the_ticket(cast, ticket, support, send_all):
    lee = PersonFactory(name="Lee Öz", role=Role.AGENT, teams=[cast.billing])
    note = actions.add_note(ticket, "@Lee zanzibar? @Gus @Mira @Priya", by=cast.mira)
    assert list(note.mentions.values_list("person", flat=True)) == [lee.pk]
    assert ticket.events.get(kind="ticket.mentioned").data == {"people": [lee.pk]}
    assert list(queries.in_view(lee, "mentions")) == [ticket]
    assert queries.view_counts(cast.mira)["mentions"] == 0
    assert Delivery.objects.get(template="ticket.mentioned").recipient == lee
    server = send_all()
    told = next(body for _sender, to, body in server.bodies if lee.email in to).decode()
    assert "named you in a note" in told
    assert "zanzibar" not in told
    assert "Reply-To:" not in told  # an answer proves nobody: it is held, and becomes a note when accepted
    actions.resolve(ticket, by=cast.mira)
    assert not queries.in_view(lee, "mentions").exists()
