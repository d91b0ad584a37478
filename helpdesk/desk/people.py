"""Looking people up by name or address."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from tickets import access
from tickets.models import User


def people_matching(user: Any, words: str) -> QuerySet[User]:
    """Everybody the reader may see whose name, address or organisation has each of the words."""
    people = access.people_visible_to(user).select_related("organization")
    for word in words.replace("\x00", " ").split()[:8]:
        people = people.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(organization__name__icontains=word)
        )
    return people.order_by("name", "pk")
