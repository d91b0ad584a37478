"""A mailbox on an IMAP server (RFC 9051, RFC 2177 IDLE, RFC 6851 MOVE): signing in, reading, marking.

Whatever goes wrong is told as a `Trouble` with a code of ours: what a server or a library says may hold
anything, so none of it is shown or kept.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from helpdesk import oauth, targets
from helpdesk.models import MailSource
from helpdesk.sealed import Unreadable

PORTS = (143, 993)

WORDS = {
    "refused_target": gettext_noop("This server may not be connected to. %(detail)s"),
    "unknown_host": gettext_noop("There is no server named %(host)s. Check the name."),
    "unreachable": gettext_noop("%(host)s cannot be reached on port %(port)s. Check name and port."),
    "slow": gettext_noop("%(host)s did not answer in time. It is tried again."),
    "certificate": gettext_noop("The certificate of %(host)s is not valid: %(detail)s"),
    "no_tls": gettext_noop("%(host)s speaks no TLS on port %(port)s. Check port and encryption."),
    "no_imap": gettext_noop("What answers on port %(port)s of %(host)s is not a mailbox server."),
    "login": gettext_noop("%(host)s does not accept this name and password. Enter them anew."),
    "token": gettext_noop("The provider does not accept the token any more. Enter a new one."),
    "token_server": gettext_noop("The sign-in server of the provider does not answer. It is tried again."),
    "folder": gettext_noop("There is no folder “%(folder)s” in this mailbox."),
    "marks": gettext_noop("Mail comes in, but cannot be marked, moved or deleted in the mailbox afterwards."),
    "no_validity": gettext_noop("The server does not number its mail (UIDVALIDITY), so nothing is taken."),
    "cut": gettext_noop("The connection broke off. It is made again."),
    "answer": gettext_noop("The server answered in a way that makes no sense. It is tried again."),
    "key": gettext_noop("The stored password cannot be read, as SECRET_KEY has changed. Enter it anew."),
    "signature": gettext_noop("A call came without the right signature or password, and was refused."),
    "call": gettext_noop("A call of the provider held no mail. Check that it is the one for incoming mail."),
    "unexpected": gettext_noop("Something unexpected happened. The log of the fetcher says more."),
}  # fmt: skip


STANDING = frozenset(
    {"refused_target", "certificate", "no_imap", "login", "token", "folder", "no_validity", "key"}
)
"""Troubles that do not pass by themselves: somebody is told of them at once."""


class Trouble(Exception):
    """What keeps us from a mailbox: a key of WORDS, and a detail that holds no secret and no answer."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def words_of(source: MailSource, code: str, detail: str) -> str:
    """A trouble in words for people; "" for none."""
    if not code:
        return ""
    known = {"host": source.host, "port": source.port, "folder": source.folder, "detail": detail}
    return _(WORDS.get(code, WORDS["unexpected"])) % known


@dataclass(frozen=True)
class Place:
    """What a folder says when it is opened: its validity, and the highest number given so far."""

    validity: int
    newest: int
    count: int


@dataclass(frozen=True)
class Head:
    """What is known of a mail before it is fetched: octets, whether it was read, arrival (aware)."""

    size: int
    seen: bool
    arrived_at: datetime


class Mailbox:
    """A signed-in connection. Every method raises Trouble alone, except `bodies` (IMAPClientError too)."""

    def __init__(self, source: MailSource, client: IMAPClient) -> None:
        self.source = source
        self.client = client

    def open(self) -> Place:
        """Select the folder, anew each time: what the server knows of it is then fresh."""
        with _plain():
            try:
                said = self.client.select_folder(self.source.folder)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise Trouble("folder") from error
            validity = said.get(b"UIDVALIDITY")
            if not validity:
                raise Trouble("no_validity")
            newest = said[b"UIDNEXT"] - 1 if b"UIDNEXT" in said else max(self.client.search(), default=0)
            return Place(validity, newest, said.get(b"EXISTS", 0))

    def uids(self, low: int, high: int) -> list[int]:
        """Numbers of the mails that are there in a range, ascending."""
        with _plain():
            found = self.client.search(["UID", f"{low}:{high}"])
        return sorted(uid for uid in found if low <= uid <= high)

    def heads(self, uids: Sequence[int]) -> dict[int, Head]:
        with _plain():
            said = self.client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE", "FLAGS"])
            return {
                uid: Head(one[b"RFC822.SIZE"], rb"\Seen" in one[b"FLAGS"], one[b"INTERNALDATE"])
                for uid, one in said.items()
                if b"RFC822.SIZE" in one and b"FLAGS" in one and b"INTERNALDATE" in one
            }

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Whole mails, left unread (BODY.PEEK). Raises IMAPClientError where the server refuses."""
        with _plain(but_refusals=True):
            said = self.client.fetch(uids, ["BODY.PEEK[]"])
        return {uid: one[b"BODY[]"] for uid, one in said.items() if one.get(b"BODY[]") is not None}

    def beginning(self, uid: int, most: int) -> bytes:
        """The first octets of a mail that is not fetched whole."""
        with _plain():
            said = self.client.fetch([uid], [f"BODY.PEEK[]<0.{most}>"])
        return said.get(uid, {}).get(b"BODY[]<0>") or b""

    def finish(self, uids: Sequence[int]) -> None:
        """Mark, move or delete what is stored, as the source says."""
        with _plain():
            after = self.source.after
            try:
                if after == MailSource.After.MOVE:
                    self._move(uids, self.source.move_to)
                elif after == MailSource.After.DELETE:
                    self._delete(uids)
                else:
                    self.client.add_flags(uids, [rb"\Seen"], silent=True)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise Trouble("marks") from error

    def _move(self, uids: Sequence[int], folder: str) -> None:
        """The folder is made where there is none; a slash in its name stands for the server's own sign."""
        signs = [one[1].decode() for one in self.client.list_folders("", "") if one[1]]
        folder = folder.replace("/", signs[0]) if signs else folder
        if not self.client.folder_exists(folder):
            self.client.create_folder(folder)
        if self.client.has_capability("MOVE"):
            self.client.move(uids, folder)
        else:
            self.client.copy(uids, folder)
            self._delete(uids)

    def _delete(self, uids: Sequence[int]) -> None:
        """Without UIDPLUS only flagged: a plain EXPUNGE would remove what others have flagged, too."""
        self.client.add_flags(uids, [rb"\Deleted"], silent=True)
        if self.client.has_capability("UIDPLUS"):
            self.client.uid_expunge(uids)

    @property
    def tells(self) -> bool:
        """Whether the server tells of new mail by itself (IDLE)."""
        return bool(self.client.has_capability("IDLE"))

    def wait(self, stop: threading.Event) -> None:
        """Until new mail is told of, `stop` is set, or it is time to ask."""
        if not self.tells:
            stop.wait(settings.IMAP_POLL_SECONDS)
            return
        with _plain():
            end = time.monotonic() + settings.IMAP_IDLE_SECONDS
            self.client.idle()
            while not stop.is_set() and time.monotonic() < end:
                began = time.monotonic()
                told = self.client.idle_check(timeout=1.0)
                if any(len(one) > 1 and one[1] in (b"EXISTS", b"RECENT") for one in told):
                    break
                if not told and time.monotonic() - began < 0.5:
                    break  # the line may be dead: leaving IDLE will tell
            self.client.idle_done()


def ready_secret(source: MailSource) -> dict[str, Any]:
    """The source's secret with a token that is valid now; it may be a new one, which must be kept. Raises
    Trouble."""
    try:
        secret = source.secret()
        return oauth.renewed(secret) if source.sign_in == MailSource.SignIn.XOAUTH2 else secret
    except Unreadable as error:
        raise Trouble("key") from error
    except oauth.Refused as error:
        raise Trouble("token") from error
    except oauth.Unanswered as error:
        raise Trouble("token_server") from error
    except targets.Refused as error:
        raise Trouble("refused_target", str(error)) from error


@contextmanager
def signed_in(source: MailSource, secret: dict[str, Any], seconds: float) -> Iterator[Mailbox]:
    """A connection to the source's server for the block; a command may take so many seconds.

    Raises Trouble. `secret` must hold a token that is still valid (`oauth.renewed`) or a password.
    """
    with _plain():
        client = _Client(source, seconds)
    try:
        with _plain():
            if source.security == MailSource.Security.STARTTLS:
                client.starttls(ssl.create_default_context())
            try:
                if source.sign_in == MailSource.SignIn.XOAUTH2:
                    client.oauth2_login(source.username, secret.get("access_token", ""))
                else:
                    client.login(source.username, secret.get("password", ""))
            except LoginError as error:
                if isinstance(error.__context__, IMAPClientAbortError):
                    raise Trouble("cut") from error
                raise Trouble("login") from error
            client.normalise_times = False
        yield Mailbox(source, client)
    finally:
        _leave(client)


def _leave(client: IMAPClient) -> None:
    """Say goodbye where that takes no time, and close."""
    with suppress(Exception):
        client.socket().settimeout(2.0)
        client.logout()
    with suppress(Exception):
        client.shutdown()


@contextmanager
def _plain(but_refusals: bool = False) -> Iterator[None]:
    """Tell errors of network, TLS and protocol as Trouble; refusals by the server stay as they are if so
    wished."""
    try:
        yield
    except Trouble:
        raise
    except targets.Refused as error:
        raise Trouble("refused_target", str(error)) from error
    except targets.Unknown as error:
        raise Trouble("unknown_host") from error
    except ssl.SSLCertVerificationError as error:
        raise Trouble("certificate", error.verify_message[:200]) from error
    except ssl.SSLError as error:
        raise Trouble("no_tls") from error
    except TimeoutError as error:
        raise Trouble("slow") from error
    except _NotImap as error:
        raise Trouble("no_imap") from error
    except (ConnectionRefusedError, socket.gaierror) as error:
        raise Trouble("unreachable") from error
    except (OSError, EOFError, IMAPClientAbortError) as error:
        raise Trouble("cut") from error
    except IMAPClientError as error:
        if but_refusals:
            raise
        raise Trouble("answer") from error
    except (ValueError, KeyError, TypeError, IndexError, AssertionError) as error:
        raise Trouble("answer") from error


class _NotImap(Exception):
    """What greets us is no IMAP server."""


class _Client(IMAPClient):
    """A client whose connection goes to a judged address (`helpdesk.targets`)."""

    def __init__(self, source: MailSource, seconds: float) -> None:
        self.source = source
        super().__init__(
            source.host, source.port, ssl=source.security == MailSource.Security.TLS, timeout=seconds
        )

    def _create_IMAP4(self) -> imaplib.IMAP4:
        try:
            return _Line(self.source)
        except IMAPClientError as error:
            if "EOF" in str(error):
                raise
            raise _NotImap from error


class _Line(imaplib.IMAP4):
    def __init__(self, source: MailSource) -> None:
        self.source = source
        super().__init__(source.host, source.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        source = self.source
        line = targets.connect(
            source.host, source.port, ports=PORTS, only_own=source.security == MailSource.Security.NONE
        )
        if source.security != MailSource.Security.TLS:
            return line
        try:
            return ssl.create_default_context().wrap_socket(line, server_hostname=source.host)
        except OSError:
            line.close()
            raise


@dataclass(frozen=True)
class Found:
    """What a trial of a source saw."""

    mails: int
    tells: bool


def look(source: MailSource, secret: dict[str, Any]) -> Found:
    """Sign in and open the folder, changing nothing. Raises Trouble."""
    with signed_in(source, secret, seconds=10.0) as box:
        return Found(box.open().count, box.tells)
