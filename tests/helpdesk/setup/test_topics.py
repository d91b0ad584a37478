"""Topics of the portal: added, changed, put in order."""

from django.urls import reverse

from helpdesk import actions as outward
from helpdesk.models import Topic
from tickets.models import Event

NEW = {"name_en": "Refunds", "name_de": "Erstattungen", "description_en": "Money back", "priority": 3}


def test_topics_are_added_changed_and_put_in_order(root, cast):
    other = outward.create_topic({"en": {"name": "A fault"}}, cast.tech, by=None)
    form = NEW | {"team": cast.billing.pk, "tags": "Money, money", "is_active": "on"}
    assert root.send(reverse("setup:topics_new"), form).status_code == 303
    topic = Topic.objects.exclude(pk=other.pk).get()
    assert topic.words["de"] == {"name": "Erstattungen", "description": "", "hint": ""}
    assert (topic.team, topic.priority, topic.tags, topic.is_active) == (cast.billing, 3, ["money"], True)

    there = reverse("setup:topics")
    moved = root.send(reverse("setup:topics_move", args=[topic.pk]), {"go": "up"}, page=there)
    page = root.get(moved["Location"]).content.decode()
    assert page.index("Refunds") < page.index("A fault")
    assert list(Topic.objects.values_list("pk", flat=True)) == [topic.pk, other.pk]

    root.send(reverse("setup:topics_edit", args=[topic.pk]), form | {"name_de": "", "is_active": ""})
    topic.refresh_from_db()
    assert list(topic.words) == ["en"]
    assert not topic.is_active
    assert "not offered" in root.get(there).content.decode()
    kinds = Event.objects.filter(subject_kind="helpdesk.topic", subject_id=topic.pk).order_by("pk")
    assert [(event.kind, event.data.get("fields")) for event in kinds] == [
        ("topic.created", None),
        ("topic.edited", ["position"]),
        ("topic.edited", ["is_active", "words"]),
    ]
