"""The topics that the portal offers, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import get_language

from helpdesk.languages import spoken
from helpdesk.models import Topic


@dataclass(frozen=True)
class Offer:
    """A topic as a reader sees it."""

    topic: Topic
    name: str
    description: str
    hint: str


def topics() -> QuerySet[Topic]:
    """All of them, in their order, with their teams."""
    return Topic.objects.select_related("team").order_by("position", "pk")


def chosen(pk: object) -> Topic | None:
    """The topic of that number, while it is offered."""
    found = isinstance(pk, int) or (isinstance(pk, str) and pk.isascii() and pk.isdigit() and len(pk) < 18)
    return _offered().filter(pk=int(str(pk))).first() if found else None


def offers(fallback: str) -> list[Offer]:
    """What may be chosen now, in the current language; where a topic has no words in it, in that of the
    company (`fallback`) or else in any; one query."""
    languages = (spoken(get_language() or ""), spoken(fallback))
    return [_offer(topic, languages) for topic in _offered()]


def _offered() -> QuerySet[Topic]:
    return topics().filter(is_active=True, team__is_active=True)


def _offer(topic: Topic, languages: tuple[str, ...]) -> Offer:
    said = words_in(topic.words, languages)
    return Offer(topic, said.get("name", ""), said.get("description", ""), said.get("hint", ""))


def words_in(words: Mapping[str, Mapping[str, str]], languages: tuple[str, ...]) -> Mapping[str, str]:
    """The words of the first of these languages that names the topic, else of any that does."""
    for language in (*languages, *sorted(words)):
        if words.get(language, {}).get("name"):
            return words[language]
    return {}
