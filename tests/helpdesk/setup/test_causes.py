"""The causes of recovery cases: added, renamed, put in order, switched off."""

from django.urls import reverse

from feedback.models import Cause
from tickets.models import Event


def test_causes_are_added_renamed_put_in_order_and_switched_off_but_never_all(root):
    there = reverse("setup:surveys_causes")
    assert reverse("setup:surveys_causes") in root.get(reverse("setup:surveys")).content.decode()
    words = {"name_en": "Lost in the post", "name_de": "Auf dem Postweg verloren"}
    assert root.send(reverse("setup:surveys_causes_new"), words).status_code == 303
    cause = Cause.objects.get(code="c11")
    assert (cause.words, cause.position, cause.is_active) == (
        {"en": "Lost in the post", "de": "Auf dem Postweg verloren"},
        10,
        True,
    )
    moved = root.send(reverse("setup:surveys_causes_move", args=[cause.pk]), {"go": "up"}, page=there)
    page = root.get(moved["Location"]).content.decode()
    assert page.index("Lost in the post") < page.index("Something else")
    assert page.index("Score given by mistake") < page.index("Lost in the post")

    path = reverse("setup:surveys_causes_edit", args=[cause.pk])
    root.send(path, {"name_en": "Lost", "name_de": "", "is_active": ""})
    cause.refresh_from_db()
    assert (cause.words, cause.is_active) == ({"en": "Lost"}, False)
    assert "not offered" in root.get(there).content.decode()
    kinds = Event.objects.filter(subject_kind="feedback.cause", subject_id=cause.pk).order_by("pk")
    assert [(event.kind, event.data.get("fields")) for event in kinds] == [
        ("cause.created", None),
        ("cause.edited", ["position"]),
        ("cause.edited", ["is_active", "words"]),
    ]

    Cause.objects.exclude(code="wait").update(is_active=False)
    last = Cause.objects.get(code="wait")
    path = reverse("setup:surveys_causes_edit", args=[last.pk])
    refused = root.send(path, {"name_en": "Too slow", "is_active": ""})
    assert (refused.status_code, "Keep at least one cause" in refused.content.decode()) == (422, True)
    last.refresh_from_db()
    assert (last.words["en"], last.is_active) == ("Took too long", True)
