"""The words in force, and what is demanded of new ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk.models import Wording
from helpdesk.wording.catalogue import NOTIFICATIONS, Notification
from helpdesk.wording.parsing import BadWording, Line, Paragraph, holes_in, parse_body, parse_line

logger = logging.getLogger(__name__)

SUBJECT_LENGTH, BODY_LENGTH = 300, 20_000


@dataclass(frozen=True)
class Words:
    """Subject and text of one notification, read and found good."""

    notification: Notification
    subject: Line
    body: tuple[Paragraph, ...]

    def subject_of(self, values: Mapping[str, Any]) -> str:
        """The subject with its values, in one line."""
        parts = (piece if isinstance(piece, str) else str(values[piece.name]) for piece in self.subject)
        return " ".join("".join(parts).split())


def read(key: str, subject: str, body: str) -> Words:
    """New words for a notification. Raises BadWording with a sentence for the reader."""
    one = NOTIFICATIONS[key]
    if len(subject) > SUBJECT_LENGTH or len(body) > BODY_LENGTH:
        raise BadWording(_("This text is too long."))
    if not subject.strip():
        raise BadWording(_("Enter a subject."))
    title = parse_line(" ".join(subject.split()), one.subject_kinds)
    text = parse_body(body, one.kinds)
    present = {name for paragraph in text for name in paragraph.holes}
    for name in one.required:
        if name not in present:
            raise BadWording(
                _("“{%(name)s}” is missing: this mail makes no sense without it.") % {"name": name}
            )
    if one.threads and "subject" not in set(holes_in([title])):
        words = _("The subject needs “{subject}”: without it mail programs would tear conversations apart.")
        raise BadWording(words)
    return Words(one, title, text)


def current(key: str, language: str) -> Words:
    """The words in force: the latest version, else ours. Words of an older release that fit no longer are
    passed over."""
    row = latest(key, language)
    if row is not None and not row.is_reset:
        try:
            return read(key, row.subject, row.body)
        except BadWording as fault:
            logger.error("words %s %s version %s: %s", key, language, row.version, fault)
    return ours(key, language)


@cache
def ours(key: str, language: str) -> Words:
    """The words that come with the product, in a language."""
    return read(key, *our_text(key, language))


def our_text(key: str, language: str) -> tuple[str, str]:
    one = NOTIFICATIONS[key]
    with translation.override(language):
        return str(one.subject), str(one.body)


def latest(key: str, language: str) -> Wording | None:
    return Wording.objects.filter(key=key, language=language).order_by("-version").first()
