"""Mail from mailboxes: one thread follows each source, and takes every mail once.

A mail's bytes and the place reached in its folder (`MailSource.last_uid`) commit together; only then is the
mail marked in the mailbox, and what is to be marked stands in the row until it is done. So any process may
die and any line break at any moment: what was stored is not taken again, what was not is.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from imapclient.exceptions import IMAPClientError

from helpdesk import imap
from helpdesk.actions import keep_token
from helpdesk.heartbeats import beat_quietly
from helpdesk.imap import Head, Mailbox, Place, Trouble
from helpdesk.mail import inbound
from helpdesk.models import InboundEmail, MailSource

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
BEAT_SECONDS = 15.0
TAKEN_SECONDS = 15.0  # until a mailbox that another process follows is asked for again
GROUP_BYTES = 5 * 1024 * 1024  # mails fetched in one go, so that memory stays flat
WINDOW = 20_000  # numbers searched in one go
HEAD_BYTES = 64 * 1024  # kept of a mail that is too large
# A mail that the server refuses three times, or breaks off at ten times, is passed over with a notice.
ENOUGH, REFUSAL, CUT = 10, 4, 1
MARKS_AT_MOST = 1000
CLOCKS_DIFFER = timedelta(minutes=5)  # a server's from ours, and it counts whole seconds
MAILBOX_LOCK = 0x6D61696C  # first key of the advisory locks, "mail"; the second is the source's primary key


class TakenOver(Exception):
    """Another process has moved on in this mailbox, or it was set up anew."""


class Fetcher:
    """Follows every active mailbox with a thread of its own, until `stop` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.followers: dict[tuple[int, int], Follower] = {}

    def run(self) -> None:
        beat_in = 0.0
        while not self.stop.is_set():
            if beat_in <= 0:
                beat_quietly("fetcher")
                beat_in = BEAT_SECONDS
            self._look()
            self.stop.wait(LOOK_SECONDS)
            beat_in -= LOOK_SECONDS
        for one in self.followers.values():
            one.stop.set()
        for one in self.followers.values():
            one.join(10.0)
        connection.close()

    def _look(self) -> None:
        """Begin what is new, end what was switched off or changed, replace what died."""
        close_old_connections()
        try:
            rows = MailSource.objects.filter(kind=MailSource.Kind.IMAP, is_active=True)
            wanted = set(rows.values_list("pk", "revision"))
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the mailboxes cannot be listed: %s", type(error).__name__)
            connection.close()
            return
        for key in self.followers.keys() - wanted:
            self.followers[key].stop.set()
        self.followers = {key: one for key, one in self.followers.items() if one.is_alive()}
        busy = {pk for pk, _revision in self.followers}
        for pk, revision in wanted - self.followers.keys():
            if pk not in busy:
                self.followers[pk, revision] = follower = Follower(pk, revision)
                follower.start()


class Follower(threading.Thread):
    """Follows one mailbox as it is set up in one revision."""

    def __init__(self, pk: int, revision: int) -> None:
        super().__init__(name=f"mailbox-{pk}", daemon=True)
        self.pk = pk
        self.revision = revision
        self.stop = threading.Event()
        self.suspects: Counter[int] = Counter()
        self.failures = 0

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                with _alone(self.pk) as alone:
                    if alone:
                        self._session()
                pause = 0.0 if alone else TAKEN_SECONDS
            except Trouble as trouble:
                self.failures += 1
                pause = settings.IMAP_GAPS[min(self.failures, len(settings.IMAP_GAPS)) - 1]
                self._note(trouble)
            except TakenOver:
                pause = LOOK_SECONDS
            except (DatabaseError, InterfaceError) as error:
                logger.warning("mailbox %s waits for the database: %s", self.pk, type(error).__name__)
                pause = LOOK_SECONDS
            except Exception:
                logger.exception("mailbox %s", self.pk)
                pause = settings.IMAP_GAPS[-1]
                self._note(Trouble("unexpected"))
            finally:
                connection.close()
            self.stop.wait(pause)

    def _row(self) -> MailSource:
        row = MailSource.objects.filter(pk=self.pk, revision=self.revision, is_active=True).first()
        if row is None:
            raise TakenOver
        return row

    def _session(self) -> None:
        row = self._row()
        secret = imap.ready_secret(row)
        if secret != row.secret():
            keep_token(row, secret)
        with imap.signed_in(row, secret, settings.IMAP_ANSWER_SECONDS) as box:
            while not self.stop.is_set():
                more = Round(row, box, self.suspects, self.stop).run()
                self.failures = 0
                if not more:
                    box.wait(self.stop)

    def _note(self, trouble: Trouble) -> None:
        logger.warning("mailbox %s: %s", self.pk, trouble.code)
        try:
            note_trouble(self.pk, trouble)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the trouble of mailbox %s was not kept: %s", self.pk, type(error).__name__)


@contextmanager
def _alone(pk: int) -> Iterator[bool]:
    """Whether this thread alone follows the mailbox during the block: its connection has the lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [MAILBOX_LOCK, pk])
        (alone,) = cursor.fetchone()
    try:
        yield bool(alone)
    finally:
        connection.close()  # and with it the lock


class Round:
    """One look into the mailbox: what is new, some of what is older, and the marks that are due."""

    def __init__(self, row: MailSource, box: Mailbox, suspects: Counter[int], stop: threading.Event) -> None:
        self.row = row
        self.box = box
        self.suspects = suspects
        self.stop = stop

    def run(self) -> bool:
        """Whether more mail is known to be there."""
        row, place = self.row, self.box.open()
        if place.validity != row.uidvalidity:
            self._begin(place)
        elif place.newest - row.last_uid > settings.IMAP_BACKLOG and row.backlog_next > row.backlog_until:
            self._write(backlog_next=row.last_uid + 1, backlog_until=place.newest, last_uid=place.newest)
        finished = self._finish()
        self._take("last_uid", row.last_uid + 1, place.newest)
        if row.backlog_next <= row.backlog_until and self._has_room():
            self._take("backlog_next", row.backlog_next, row.backlog_until)
        finished = self._finish() and finished
        note_ok(row.pk, marked=finished)
        behind = row.backlog_next <= row.backlog_until
        if behind and not self._has_room():
            self.stop.wait(LOOK_SECONDS)
        return behind or row.last_uid < place.newest

    def _begin(self, place: Place) -> None:
        """A folder that is new to us, or was made anew: all its mail is looked at, behind what comes in."""
        logger.info("mailbox %s: begins with validity %s", self.row.pk, place.validity)
        self._write(
            uidvalidity=place.validity,
            last_uid=place.newest,
            first_new_uid=place.newest + 1,
            backlog_next=1,
            backlog_until=place.newest,
            marks_due=[],
        )

    def _has_room(self) -> bool:
        """Old mail waits while its forerunners do, so that new mail never stands behind all of it."""
        waiting = InboundEmail.objects.filter(source=self.row.name_in_mail, state=InboundEmail.State.WAITING)
        return waiting.count() < settings.IMAP_BACKLOG

    def _take(self, field: str, low: int, high: int) -> None:
        """Take some mails of a range and move on in it; `field` is the place that is kept."""
        high = min(high, low + WINDOW - 1)
        if low > high:
            return
        uids = self.box.uids(low, high)
        some = uids[: settings.IMAP_BATCH]
        heads = self.box.heads(some) if some else {}
        unknown = [uid for uid in some if uid not in heads]
        if unknown and set(unknown).intersection(self.box.uids(unknown[0], unknown[-1])):
            raise Trouble("answer")  # they are there, so they must not be passed over
        for group in _groups(heads, self.suspects):
            self._take_group(field, group, heads)
            if self.stop.is_set():
                return
        end = high if len(some) == len(uids) else some[-1]
        self._move_on(field, end, [])

    def _take_group(self, field: str, group: list[int], heads: Mapping[int, Head]) -> None:
        wanted = [uid for uid in group if self._is_ours(uid, heads[uid])]
        large = [uid for uid in wanted if heads[uid].size > settings.SMTP_SIZE]
        bodies = self._bodies([uid for uid in wanted if uid not in large])
        for uid in group:
            if uid in bodies:
                self._keep(field, uid, bodies[uid])
            elif uid in large:
                self._keep_beginning(field, uid, heads[uid])
            elif uid in wanted and self.suspects[uid] >= ENOUGH:
                self._keep_notice(field, uid, heads[uid])
            else:  # not ours, or gone meanwhile
                self._move_on(field, uid, [])
            self.suspects.pop(uid, None)

    def _is_ours(self, uid: int, head: Head) -> bool:
        since = self.row.counts_from_at - CLOCKS_DIFFER
        return uid >= self.row.first_new_uid or not head.seen or head.arrived_at >= since

    def _bodies(self, uids: list[int]) -> dict[int, bytes]:
        """The mails, without those that are gone and those that were suspected often enough."""
        asked = [uid for uid in uids if self.suspects[uid] < ENOUGH]
        if not asked:
            return {}
        try:
            found = self.box.bodies(asked)
            for uid in set(asked) - found.keys():
                if self.box.uids(uid, uid):
                    self.suspects[uid] = ENOUGH  # it is there, and kept from us
            return found
        except (Trouble, IMAPClientError) as error:
            refused = not isinstance(error, Trouble) or error.code == "answer"
            for uid in asked:
                self.suspects[uid] += REFUSAL if refused and len(asked) == 1 else CUT
            if not refused:
                raise
            return {uid: raw for uid in asked for uid, raw in self._bodies([uid]).items()}

    # --- keeping ----------------------------------------------------------------------------------------

    def _keep(self, field: str, uid: int, raw: bytes) -> None:
        source = self.row.name_in_mail
        with transaction.atomic():
            self._move_on(field, uid, [uid], last_mail_at=Now())
            if uid < self.row.first_new_uid:
                digest = hashlib.sha256(raw).hexdigest()
                if InboundEmail.objects.filter(sha256=digest, source=source).exists():
                    return  # taken under another number, before the folder was made anew
            inbound.store(raw, source)

    def _keep_beginning(self, field: str, uid: int, head: Head) -> None:
        beginning = self.box.beginning(uid, HEAD_BYTES)
        words = (
            f"{head.size:,} bytes; at most {settings.SMTP_SIZE:,} are taken. "
            f"The whole mail is still in the mailbox, in the folder {self.row.folder}."
        )
        self._keep_aside(field, uid, beginning, head, "too large", words)

    def _keep_notice(self, field: str, uid: int, head: Head) -> None:
        words = (
            f"The mail server does not hand out mail {uid} of {head.arrived_at:%Y-%m-%d %H:%M %Z}. "
            f"It is still in the mailbox, in the folder {self.row.folder}."
        )
        self._keep_aside(field, uid, b"", head, "not handed out", words)

    def _keep_aside(self, field: str, uid: int, raw: bytes, head: Head, reason: str, words: str) -> None:
        with transaction.atomic():
            self._move_on(field, uid, [], last_mail_at=Now())
            inbound.store_aside(raw, self.row.name_in_mail, size=head.size, reason=reason, error=words)

    def _move_on(self, field: str, uid: int, marks: list[int], **more: Any) -> None:
        """All up to this number is accounted for. The place only ever moves forward: who finds it further on
        is not alone."""
        value = uid + 1 if field == "backlog_next" else uid
        if getattr(self.row, field) >= value:
            return
        due = [*self.row.marks_due, *marks][-MARKS_AT_MOST:]
        self._write(**{field: value}, marks_due=due, **more)

    def _write(self, **values: Any) -> None:
        """Write the place, provided that it is where we left it, durably."""
        row = self.row
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = on")
            left = MailSource.objects.filter(
                pk=row.pk,
                revision=row.revision,
                uidvalidity=row.uidvalidity,
                last_uid=row.last_uid,
                backlog_next=row.backlog_next,
            )
            if not left.update(**values):
                raise TakenOver
        for name, value in values.items():
            setattr(row, name, value)

    def _finish(self) -> bool:
        """Mark what is stored; False where the mailbox does not let us."""
        due = list(self.row.marks_due)
        if not due:
            return True
        try:
            self.box.finish(due)
        except Trouble as trouble:
            if trouble.code != "marks":
                raise
            return False
        self._write(marks_due=[])
        return True


def _groups(heads: Mapping[int, Head], suspects: Mapping[int, int]) -> Iterable[list[int]]:
    """Numbers in order, in groups that are small in memory; a suspected one goes alone."""
    group: list[int] = []
    size = 0
    for uid in sorted(heads):
        alone = suspects.get(uid, 0) > 0
        if group and (alone or size + heads[uid].size > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(uid)
        size += heads[uid].size
        if alone:
            yield group
            group, size = [], 0
    if group:
        yield group


def note_ok(pk: int, *, marked: bool = True) -> None:
    """The mailbox was read just now, and what came in was marked there or not."""
    row = MailSource.objects.filter(pk=pk)
    if marked:
        row.update(last_ok_at=Now(), trouble="", trouble_detail="", trouble_since_at=None)
    else:
        row.update(last_ok_at=Now())
        note_trouble(pk, Trouble("marks"))


def note_trouble(pk: int, trouble: Trouble) -> None:
    """Keep what is wrong and since when."""
    MailSource.objects.filter(pk=pk).update(
        trouble=trouble.code,
        trouble_detail=trouble.detail[:200],
        trouble_since_at=Coalesce(F("trouble_since_at"), Now()),
    )
