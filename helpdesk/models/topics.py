"""What customers may write about, as the portal offers it."""

from __future__ import annotations

from django.db import models

from tickets.models import Priority, Team


class Topic(models.Model):
    """One of the things that a new ticket may be about: the team it goes to, its priority and its tags.

    `words` holds, by language, "name", "description" and "hint" (told once the topic is chosen); a language
    without a name is not spoken for this topic. `position` is its place in the list, from 0.
    """

    words = models.JSONField(default=dict)
    team = models.ForeignKey(Team, models.PROTECT, related_name="topics")
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    tags = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return next((said["name"] for said in self.words.values() if said.get("name")), "")
