"""What a mail says, as plain values; and how much of one is read."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from helpdesk.mail.addresses import Address, addresses


@dataclass(frozen=True)
class Limits:
    """Caps of one reading; the numbers are those of the settings `MAIL_…`."""

    max_fields: int = 1000
    max_field_bytes: int = 32 * 1024
    max_block_bytes: int = 256 * 1024
    max_parts: int = 200
    max_depth: int = 30
    max_text: int = 1024 * 1024
    max_addresses: int = 200


@dataclass
class Attachment:
    name: str
    type: str
    content: bytes
    inline: bool = False
    content_id: str = ""
    sha1: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        self.sha1 = hashlib.sha1(self.content, usedforsecurity=False).hexdigest()
        self.sha256 = hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Decoded size in bytes."""
        return len(self.content)


@dataclass
class Body:
    """One place of the readable mail: its plain and its HTML form, either of which may be absent. `enclosed`:
    of a mail in the mail.
    """

    text: str | None = None
    html: str | None = None
    enclosed: bool = False


@dataclass
class Mail:
    """A mail as read. Names, addresses and texts are decoded and free of NUL and lone surrogates."""

    message_id: str = ""
    in_reply_to: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    sender: list[Address] = field(default_factory=list)
    senders: list[Address] = field(default_factory=list)
    reply_to: list[Address] = field(default_factory=list)
    to: list[Address] = field(default_factory=list)
    cc: list[Address] = field(default_factory=list)
    bcc: list[Address] = field(default_factory=list)
    delivered_to: list[str] = field(default_factory=list)
    subject: str = ""
    date: datetime | None = None
    bodies: list[Body] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reports: list[tuple[str, bytes]] = field(default_factory=list)
    type: str = "text/plain"
    type_parameters: dict[str, str] = field(default_factory=dict)
    fields: list[tuple[str, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The first field of that (lower-case) name as text, "" where absent."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def author(self) -> Address:
        """Who the mail says it is from: the first From with an address, else Reply-To, Sender, and the return
        path.
        """
        named = [one for one in self.sender if one.email]
        whole = [one for one in named if "@" in one.email]
        return_path = [
            one for value in self.all("return-path")[:3] for one in addresses(value) if "@" in one.email
        ]
        candidates = (
            whole + [one for one in self.reply_to + self.senders + return_path if "@" in one.email] + named
        )
        if not candidates:
            return self.sender[0] if self.sender else Address("", "")
        found = candidates[0]
        return found if found.name or not self.sender else Address(self.sender[0].name, found.email)

    @property
    def texts(self) -> list[str]:
        return [body.text for body in self.bodies if body.text is not None]

    @property
    def htmls(self) -> list[str]:
        return [body.html for body in self.bodies if body.html is not None]

    def flag(self, name: str) -> None:
        if name not in self.flags:
            self.flags.append(name)
