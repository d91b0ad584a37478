"""A ticket's messages and changes as one list in the order in which they happened."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import enclosures, file_links
from helpdesk.delivery_words import Fact, fact_of
from helpdesk.desk.about import About
from helpdesk.desk.changes import SPOKEN, Names, names_in, words_for
from helpdesk.models import Delivery
from helpdesk.sanitize import has_remote_images
from tickets import queries
from tickets.models import Attachment, Event, Message, Speaker, Ticket, User
from tickets.statements import NUMBER, kept_models

READ_KEPT_OPEN = 2  # how many read messages stay open at each end of a long conversation
FOLD_FROM = 7
NOTED = ("message.doubted", "message.read", "message.complained")


@dataclass
class Said:
    """One message as the conversation shows it."""

    message: Message
    seq: int
    is_unread: bool
    files: list[Attachment] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    linked_until: datetime | None = None
    """Until when links to its files work that left by mail."""
    has_original: bool = False
    is_flagged: bool = False
    invitations: list[str] = field(default_factory=list)
    quoted: list[int] = field(default_factory=list)
    """Which messages of the ticket words to somebody outside passed on."""
    origin: int | None = None
    """The ticket from which it was copied when this one was split off."""
    noted: dict[str, datetime] = field(default_factory=dict)
    """What was noted about it: doubted, read, complained; each with its instant."""

    @property
    def notices(self) -> list[str]:
        """What is to be said of a mail that was encrypted or signed, or that is like no honest one."""
        odd = _(
            "This mail is unusual and may not be shown whole. Compare the original mail before you act on it."
        )
        return [*([odd] if self.is_flagged else []), *enclosures.notices(self.files, self.message.text)]

    @property
    def has_pictures(self) -> bool:
        """Whether pictures that came with it stand between its words: without them the words say little."""
        return "data-cid=" in self.message.html

    @property
    def has_remote_images(self) -> bool:
        """Whether pictures on other hosts belong to it, which nobody fetches unasked."""
        return has_remote_images(self.message.html)

    @property
    def kind(self) -> str:
        """customer, reply, note, quiet (automatic mail, one line); asked and outside in a side
        conversation."""
        if self.message.automatic:
            return "quiet"
        if self.message.side_talk_id is not None:
            return "asked" if self.message.by == Speaker.AGENT else "outside"
        if self.message.is_note:
            return "note"
        return "customer" if self.message.by == Speaker.CUSTOMER else "reply"

    @property
    def is_theirs(self) -> bool:
        """Whether the customer said it and it counts."""
        message = self.message
        return self.kind == "customer" and not message.held and not message.withdrawn_at

    @property
    def held_until(self) -> datetime | None:
        """Until when the message can be taken back; None once it has been sent or withdrawn."""
        message = self.message
        leaves = message.public or message.side_talk_id is not None
        is_ours = message.by == Speaker.AGENT and leaves and not message.withdrawn_at
        return message.visible_at if is_ours and message.visible_at > timezone.now() else None

    @property
    def facts(self) -> list[Fact]:
        """What became of the mail of this message, one for each recipient; nothing during its hold."""
        if self.held_until or self.message.withdrawn_at:
            return []
        now = timezone.now()
        return [fact_of(delivery, now) for delivery in self.deliveries]


@dataclass
class Change:
    """One thing done to the ticket, in words."""

    at: datetime
    text: str


@dataclass
class Block:
    """A run of the conversation: a message, folded messages, changes, the line before the unread, or a side
    conversation (`thread`, of which `said` is the latest)."""

    kind: str
    said: Said | None = None
    thread: list[Said] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    folded: list[Block] = field(default_factory=list)
    title: str = ""


@dataclass
class Conversation:
    """Everything the ticket page shows of what was said and done."""

    blocks: list[Block]
    said: list[Said]
    unread: int
    events: list[Event]

    @property
    def latest(self) -> Said | None:
        return self.said[-1] if self.said else None


def conversation(ticket: Ticket, reader: User, around: About) -> Conversation:
    """The conversation for `reader`; rows of which there are none, as is known `around` it, are not asked
    for. Six queries at most."""
    events = queries.timeline(ticket)
    names = names_in(events, around.people)
    said = _said(ticket, reader, around, events)
    by_message = {one.message.pk: one for one in said}
    blocks: list[Block] = []
    for event in events:
        if event.kind in SPOKEN:
            one = by_message.get(event.data.get("message", 0))
            if one and not one.message.withdrawn_at and one.seq == event.seq:
                _add_said(blocks, one)
        else:
            _add_change(blocks, event, names)
    for block in blocks:
        if block.kind == "changes":
            block.title = _changes_title(len(block.changes))
    unread = sum(one.is_unread for one in said)
    return Conversation(_mark_unread(_fold_read(blocks), unread), said, unread, events)


def _add_said(blocks: list[Block], one: Said) -> None:
    """A side conversation stands together, where its latest words belong."""
    talk = one.message.side_talk_id
    if talk is None:
        blocks.append(Block(one.kind, said=one))
        return
    begun = next(
        (n for n, b in enumerate(blocks) if b.thread and b.thread[0].message.side_talk_id == talk), None
    )
    thread = blocks.pop(begun).thread if begun is not None else []
    blocks.append(Block("side", said=one, thread=[*thread, one]))


def _said(ticket: Ticket, reader: User, around: About, events: list[Event]) -> list[Said]:
    seqs = {event.data["message"]: event.seq or 0 for event in events if event.kind in SPOKEN}
    noted: dict[int, dict[str, datetime]] = defaultdict(dict)
    quoted = {event.data["message"]: event.data["quoted"] for event in events if "quoted" in event.data}
    for event in events:
        if event.kind in NOTED:
            noted[event.data["message"]][event.kind.partition(".")[2]] = event.at
    origin = events[0].data.get("split_from") if events else None
    rows = queries.words_on(ticket, reader)
    files: dict[int, list[Attachment]] = defaultdict(list)
    for file in queries.files_on(ticket) if around.has_files else ():
        files[file.message_id].append(file)
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in _sent(ticket) if around.has_deliveries else ():
        deliveries[delivery.message_id or 0].append(delivery)
    lines = enclosures.invitations([file for found in files.values() for file in found])
    linked = _linked(ticket) if around.has_file_links else {}
    return [
        Said(
            message=row,
            seq=seqs.get(row.pk, 0),
            is_unread=seqs.get(row.pk, 0) > around.read_up_to
            and row.author_id != reader.pk
            and not row.automatic,
            files=files[row.pk],
            deliveries=deliveries[row.pk],
            linked_until=linked.get(row.pk),
            has_original=row.pk in around.originals,
            is_flagged=around.originals.get(row.pk, False),
            invitations=[line for file in files[row.pk] for line in lines.get(file.pk, [])],
            quoted=quoted.get(row.pk, []),
            origin=origin if row.copied_from_id else None,
            noted=noted[row.pk],
        )
        for row in rows
    ]


def _sent(ticket: Ticket) -> list[Delivery]:
    return kept_models("sent", _sent_on, number=ticket.pk)


def _sent_on() -> QuerySet[Delivery]:
    return Delivery.objects.filter(message__ticket=NUMBER).defer("secret").order_by("pk")


def _linked(ticket: Ticket) -> dict[int, datetime]:
    """Until when links to files work, by message."""
    links = file_links.living_of(ticket).values_list("attachment__message", "expires_at")
    return dict(links.order_by("expires_at"))


def _add_change(blocks: list[Block], event: Event, names: Names) -> None:
    text = words_for(event, names)
    if not text:
        return
    if not blocks or blocks[-1].kind != "changes":
        blocks.append(Block("changes"))
    blocks[-1].changes.append(Change(event.at, text))


def _changes_title(number: int) -> str:
    return ngettext("%(number)s change", "%(number)s changes", number) % {"number": number}


def _fold_read(blocks: list[Block]) -> list[Block]:
    """Fold the read middle of a long conversation; its beginning, its end and all unread stay open."""
    spoken = [n for n, block in enumerate(blocks) if block.said]
    first_unread = next((n for n in spoken if blocks[n].said and blocks[n].said.is_unread), None)  # type: ignore[union-attr]
    read = [n for n in spoken if first_unread is None or n < first_unread]
    if len(read) < FOLD_FROM:
        return blocks
    start, end = read[READ_KEPT_OPEN - 1] + 1, read[-READ_KEPT_OPEN]
    middle = blocks[start:end]
    number = sum(1 for block in middle if block.said)
    title = ngettext("%(number)s read message", "%(number)s read messages", number) % {"number": number}
    return [*blocks[:start], Block("folded", folded=middle, title=title), *blocks[end:]]


def _mark_unread(blocks: list[Block], unread: int) -> list[Block]:
    if not unread:
        return blocks
    place = next((n for n, block in enumerate(blocks) if block.said and block.said.is_unread), 0)
    line = Block("unread", title=_("%(number)s unread") % {"number": unread})
    return [*blocks[:place], line, *blocks[place:]]
