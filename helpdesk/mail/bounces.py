# ruff: noqa: E501  (tables of the words that mail programs use)
"""Reports of mail servers about mail that we sent: who did not get it, why, and which mail it was. Pure.

First what servers say by the rules (RFC 3464 delivery reports, RFC 5965 complaints, RFC 8098 receipts), then,
only where the mail already looks like a server's, what the many others write in prose.
"""

import re
from dataclasses import dataclass, field

from helpdesk.mail import headers, reasons
from helpdesk.mail.addresses import addresses
from helpdesk.mail.charsets import decode
from helpdesk.mail.mail import Mail

MAX_TEXT = 200_000


@dataclass
class Failed:
    """One address that a report speaks of. `hard`: the address itself is dead, whatever is sent there.

    `permanent`: this mail will not be tried again (status class 5, or given up after many tries).
    """

    address: str
    status: str = ""
    reply_code: str = ""
    reason: str = ""
    hard: bool = False
    permanent: bool = True
    action: str = ""
    diagnostic: str = ""


@dataclass
class Report:
    """What a server reports. `kind`: `bounce`, `delayed`, `delivered`, `feedback` (complaint) or `receipt`
    (read).
    """

    kind: str
    recipients: list[Failed] = field(default_factory=list)
    original_message_id: str = ""

    @property
    def is_bounce(self) -> bool:
        return self.kind in ("bounce", "delayed")


_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u00a1-\uffff-]{1,64}@[A-Za-z0-9\u00a1-\uffff.-]{1,253}")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.,:/-])([45][0-5]\d)(?=[\s-](?!\d{3}\b))")
_SENDERS = re.compile(
    r"(?i)^(?:mailer[-_.]?daemon|mail[-_.]?daemon|postmaster|mdaemon|mmdf|bounce[\w.+-]*|mail.?delivery.*|uucp|root|smtp|mailer|"
    r"mail-?system|post_?master|mail-?deliver(?:y|er)|no-?reply|nondelivery|administrator|scanmail|symantec.*|double-bounce|smtpd|mailadmin|mail-?admin|mailsystem)$"
)
_NAMES = re.compile(
    r"(?i)mail(?:er)? ?(?:delivery|daemon|administrator|system)|delivery (?:sub)?system|postmaster|mailer-daemon|system administrator|"
    r"internet mail delivery|mail ?router|delivery status|undeliver|content filter|email quarantine"
)
_SUBJECT = re.compile(
    r"(?i)undeliver|un-?deliverable|deliver(?:y|ed).{0,30}(?:fail|status|problem|report|notification|unsuccessful|error|impossible|delay)|"
    r"fail(?:ed|ure)?.{0,20}deliver|returned? (?:mail|to sender|e-?mail)|returned to sender|non.?deliver|mail (?:system|delivery|could not|not delivered|error)|"
    r"message (?:could not|not|you sent|delivery)|could not (?:be )?(?:deliver|send)|unzustellbar|nicht zugestellt|zustell|onbestelbaar|niet bezorgd|"
    r"non remis|échec|no se ha podido|notification d'état|rejected|user unknown|bounce|failure notice|mail fail|email not delivered|"
    r"unable to deliver|warning: (?:message|could not)|fallo|não (?:foi|entregue)|non consegnat|mancata|mail delivery|delivery (?:notice|of)|"
    r"недоставлен|не доставлен|возврат|配信|配送|退信|送信できません|エラー|error (?:mail|sending)|problem(?:s)? (?:delivering|sending)|"
    r"considered unsolicited|message (?:refused|blocked|rejected)|not? (?:been )?delivered|quarantine|over quota|dsn:|sorry|permanent error|unknown user"
)
_PROSE = re.compile(
    r"(?i)could not (?:be )?deliver|unable to deliver|was (?:not|un)\s?deliver|not (?:been |be )?delivered|delivery (?:to|of|has|attempt).{0,80}(?:fail|not)|"
    r"undeliverable|user unknown|unknown user|does not exist|no such (?:user|recipient|address|mailbox)|mailbox (?:full|unavailable|not found)|"
    r"returned (?:message|to|below|mail)|fatal errors|permanent(?:ly)? (?:error|fail)|delivery (?:failure|failed|error|status)|rejected|could not send|"
    r"following (?:address|recipient|addresses|recipients|message).{0,60}|no valid recipients?|failed addresses|unknown host|wasn't delivered|couldn't be delivered|was blocked|transcript of session|"
    r"(?:nicht zugestellt|konnte nicht|unzustellbar)|配信できません|送信できません|宛先不明|受信できません|unroutable|relay(?:ing)? denied|over quota|failed recipient|error"
)
_ORIGINAL = re.compile(
    r"(?im)^[\s>]{0,4}(?:-{2,}.{0,20}(?:below (?:this line|is)|this is a copy|original message|returned message|message header|"
    r"undelivered message|message text|the header|unsent message|begin (?:of )?|copy of|message follows|received:|body of message|"
    r"original).{0,80}|original message (?:follows|headers?|below).{0,40}|(?:the )?(?:message )?headers? (?:of|from|follows?|for).{0,60}|"
    r"received-from-mta:.{0,80}|"
    r"here is (?:your|the|a copy).{0,60}|content-type: message/rfc822.{0,40}|received: (?:from|by).{0,200}|return-path: .{1,200}|"
    r"(?:a )?copy of (?:the|your) (?:original )?(?:message|mail).{0,60}|message-id: ?<.{1,200}|"
    r"ursprüngliche (?:nachricht|kopfzeilen).{0,30}|dies ist eine kopie.{0,60}|----- ?original.{0,60}|"
    r"the (?:original )?message (?:that caused|was|follows|headers).{0,80})$"
)
_ID = re.compile(r"(?im)^[\s>]{0,8}message-id:\s{0,20}<([^<>\s]{1,500})>")
_XIDS = re.compile(r"(?i)<([^<>\s@]{1,200}@[^<>\s]{1,250})>")


def read(mail: Mail, envelope_from: str | None = None) -> Report | None:
    """What this mail reports, None for a mail that is no report."""
    kind = mail.type_parameters.get("report-type", "").lower() if mail.type == "multipart/report" else ""
    types = {part for part, _ in mail.reports}
    if kind == "feedback-report" or "message/feedback-report" in types:
        return _complaint(mail)
    if kind == "disposition-notification" or (not kind and "message/disposition-notification" in types):
        return Report("receipt", original_message_id=_field_in(mail, "original-message-id"))
    text = _own_text(mail)
    rows = _from_status_parts(mail) or _from_status_text(text)
    if (
        rows
        and not (kind or "message/delivery-status" in types)
        and not _looks_sent_by_a_server(mail, envelope_from, text)
    ):
        rows = []
    if not rows and _looks_sent_by_a_server(mail, envelope_from, text):
        rows = _from_prose(mail, text)
    if not rows:
        return _complaint_in_prose(mail)
    _complete(rows, text, mail.subject)
    return Report(
        _kind(rows), [row for row in rows if row.action not in _GOOD] or rows, _original_id(mail, text)
    )


_GOOD = {"delivered", "relayed", "expanded", "deliverable"}


def _kind(rows: list[Failed]) -> str:
    if all(row.action in _GOOD for row in rows):
        return "delivered"
    if all(row.action in (*_GOOD, "delayed") or not row.permanent for row in rows) and any(
        row.action == "delayed" for row in rows
    ):
        return "delayed"
    return "bounce"


# --- by the rules -------------------------------------------------------------------------------------


def _from_status_parts(mail: Mail) -> list[Failed]:
    rows: list[Failed] = []
    for kind, content in mail.reports:
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            rows += _status_blocks(decode(content[:MAX_TEXT]))
    return _merged(rows)


def _from_status_text(text: str) -> list[Failed]:
    """The same fields in a body that is not labelled as a report."""
    if not re.search(r"(?im)^final-recipient\s{0,3}:", text):
        return []
    return _merged(_status_blocks(text))


def _status_blocks(text: str) -> list[Failed]:
    rows = []
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.replace("\r\n", "\n").split("\n"), ""]:
        line = line[:4000]
        found = re.match(r"([A-Za-z][A-Za-z-]{1,50})\s{0,3}:\s{0,5}(.{0,3000})$", line)
        if found and not line.startswith((" ", "\t")):
            name = found[1].lower()
            if name == "final-recipient" and ("final-recipient" in fields):
                rows.append(_row(fields))
                fields = {}
            fields.setdefault(name, found[2].strip())
        elif name and line.startswith((" ", "\t")) and line.strip():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"[:3000]
        elif not line.strip():
            if "final-recipient" in fields or (
                "original-recipient" in fields and ("action" in fields or "status" in fields)
            ):
                rows.append(_row(fields))
                fields = {}
            elif "reporting-mta" in fields or "status" not in fields:
                fields = {}
            name = ""
    return [row for row in rows if row.address]


def _row(fields: dict[str, str]) -> Failed:
    final = _address(fields.get("final-recipient", ""))
    original = _address(fields.get("original-recipient", ""))
    alias = _address(fields.get("x-actual-recipient", ""))
    address = final if "@" in final else (original if "@" in original else alias or final)
    status = _STATUS.search(fields.get("status", ""))
    diagnostic = re.sub(
        r"\s+", " ", fields.get("diagnostic-code", "") or fields.get("x-supplementary-info", "")
    ).strip()
    action = re.match(r"[a-z]+", fields.get("action", "").lower())
    row = Failed(
        address, status[1] if status else "", action=action[0] if action else "", diagnostic=diagnostic
    )
    row.reply_code = _code(diagnostic)
    return row


def _address(value: str) -> str:
    value = value.split(";", 1)[-1].strip()
    found = _EMAIL.search(value.replace("<", " ").replace(">", " "))
    return (found[0] if found else value.strip("<> \"'")).rstrip(".")[:320]


def _merged(rows: list[Failed]) -> list[Failed]:
    """One row for each address: a server may report twice on one."""
    seen: dict[str, Failed] = {}
    for row in rows:
        key = row.address.lower()
        known = seen.get(key)
        if known is None or (known.action == "delayed" and row.action == "failed"):
            seen[key] = row
    return list(seen.values())[:200]


def _complaint(mail: Mail) -> Report:
    text = "\n".join(
        decode(content[:MAX_TEXT]) for kind, content in mail.reports if kind == "message/feedback-report"
    )
    found = re.findall(
        r"(?im)^(?:original-rcpt-to|removal-recipient|redacted-address)\s{0,3}:\s{0,5}(\S{1,320})", text
    )
    rows = _merged([Failed(_address(one), reason="feedback", permanent=False) for one in found])
    return Report("feedback", rows, _original_id(mail, _own_text(mail)))


def _complaint_in_prose(mail: Mail) -> Report | None:
    """Complaints that large providers send without the report type."""
    if re.match(
        r"(?i)(?:complaint about message from|abuse report|email feedback report|spam complaint|email abuse report)",
        mail.subject,
    ):
        enclosed = any(one.type == "message/rfc822" for one in mail.attachments)
        if enclosed or mail.get("x-hmxmroriginalrecipient"):
            return Report("feedback", [], _original_id(mail, _own_text(mail)))
    return None


def _field_in(mail: Mail, name: str) -> str:
    for _, content in mail.reports:
        for line in decode(content[:MAX_TEXT]).splitlines():
            if line.lower().startswith(f"{name}:"):
                return next(iter(headers.message_ids(line.split(":", 1)[1])), "")
    return ""


# --- in prose -----------------------------------------------------------------------------------------


def _looks_sent_by_a_server(mail: Mail, envelope_from: str | None, text: str) -> bool:
    """At least two of: a server's name as sender, a report's subject, no return path, a report's words; or a
    field for it.
    """
    if mail.get("x-failed-recipients"):
        return True
    author = mail.author
    local = author.email.partition("@")[0]
    sender = bool(_SENDERS.match(local) or _NAMES.search(author.name)) and "reply" not in local
    path = (
        envelope_from
        if envelope_from is not None
        else (mail.get("return-path") if mail.get("return-path") else None)
    )
    null_path = path is not None and path.strip("<> ").lower() in ("", "mailer-daemon")
    answered = bool(re.match(r"(?i)\s{0,5}(?:re|aw|fwd?|wg|sv|vs)\s?(?:\[\d+\])?:", mail.subject))
    subject = bool(_SUBJECT.search(mail.subject)) and not answered
    prose = bool(_PROSE.search(text[:20_000]))
    if answered and not (sender and null_path):
        return False
    if subject and prose and (null_path or re.match(r"(?i)no-?reply", local)):
        return True
    if sender and (subject or null_path) and (prose or null_path):
        return True
    is_daemon = bool(re.match(r"(?i)mail(?:er)?[-_.]?daemon$", local))
    return sender and prose and (is_daemon or bool(_STATUS.search(text) or _CODE.search(text)))


def _from_prose(mail: Mail, text: str) -> list[Failed]:
    own = {one.email.lower() for one in [*mail.sender, *mail.senders, *mail.reply_to, *mail.to] if one.email}
    named = [one.email for one in addresses(", ".join(mail.all("x-failed-recipients"))) if "@" in one.email]
    if named:
        return _merged([Failed(address) for address in named])
    head = _before_original(text)
    found = _addresses_in(head, own)
    if not found:
        found = _addresses_in(head, {one.email.lower() for one in mail.sender})[:1]
    if not found:
        found = _recipients_of_original(mail, text, own)
    return _merged([Failed(address) for address in found[:20]])


_MARKED = (
    re.compile(rf"(?im)^[\s>*|-]{{0,12}}(?:to|recipient|rcpt to|for|address|user|failed recipient|original-recipient|final-recipient|mail ?box|"
               rf"an|empfänger|recipients?|to whom|sent to|destination)?\s{{0,3}}:?\s{{0,5}}(?:smtp:|rfc822;)?\s{{0,3}}<?({_EMAIL.pattern})>?"),
    re.compile(rf"<({_EMAIL.pattern})>"),
    re.compile(rf"({_EMAIL.pattern})"),
)  # fmt: skip


def _addresses_in(text: str, own: set[str]) -> list[str]:
    """The failed addresses that a text names: those at the start of a line count before those in a sentence."""
    for pattern in _MARKED:
        found = []
        for match in pattern.finditer(text[:20_000]):
            address = match[1].strip(".'\"`-").rstrip(".")
            local = address.partition("@")[0]
            if "." in address.partition("@")[2] and address.lower() not in own and not _SENDERS.match(local):
                found.append(address)
        if found:
            return list(dict.fromkeys(found))
    return []


def _before_original(text: str) -> str:
    mark = _ORIGINAL.search(text[:MAX_TEXT])
    return text[: mark.start()] if mark and text[: mark.start()].strip() else text


def _recipients_of_original(mail: Mail, text: str, own: set[str]) -> list[str]:
    for source in [*_original_parts(mail), text]:
        found = re.search(r"(?im)^[\s>]{0,8}(?:to|x-original-to|delivered-to):\s{0,10}(.{1,500})$", source)
        if found:
            return [
                one.email for one in addresses(found[1]) if "@" in one.email and one.email.lower() not in own
            ][:5]
    return []


def _original_parts(mail: Mail) -> list[str]:
    parts = [
        decode(one.content[:MAX_TEXT])
        for one in mail.attachments
        if one.type in ("message/rfc822", "text/rfc822-headers", "message/global")
    ]
    return parts + [decode(content[:MAX_TEXT]) for kind, content in mail.reports if "headers" in kind]


def _own_text(mail: Mail) -> str:
    from helpdesk.mail.html_text import to_text

    own = [body for body in mail.bodies if not body.enclosed]
    texts = [body.text if (body.text or "").strip() else to_text(body.html or "") for body in own]
    texts += [
        decode(one.content[:MAX_TEXT])
        for one in mail.attachments
        if one.type in ("text/plain",) and one.size < 50_000
    ]
    return "\n".join(filter(None, texts))[:MAX_TEXT].replace("\r\n", "\n")


def _original_id(mail: Mail, text: str) -> str:
    """The Message-ID of the mail that the report is about."""
    for source in [*_original_parts(mail), text]:
        found = _ID.search(source)
        if found and found[1] != mail.message_id:
            return found[1]
    other = [one for one in [*mail.in_reply_to, *reversed(mail.references)] if one != mail.message_id]
    return other[0] if other else ""


# --- why ----------------------------------------------------------------------------------------------


def _complete(rows: list[Failed], text: str, subject: str) -> None:
    """Fill in status, code and reason from the words around each address."""
    head = _before_original(text)
    alone = head if len(rows) == 1 else ""
    for row in rows:
        near = _around(head, row.address)
        if not row.status:
            found = _STATUS.search(row.diagnostic) or _STATUS.search(near) or _STATUS.search(alone)
            row.status = found[1] if found else ""
        row.reply_code = row.reply_code or _code(row.diagnostic) or _code(near)
        for words in (f"{row.diagnostic} {_stage(near)}" if row.diagnostic else "", near, alone, subject):
            row.reason = row.reason or (reasons.reason(words, row.status, row.action) if words else "")
        row.reason = row.reason or reasons.by_status(row.status) or "undefined"
        transient = row.status.startswith("4") or (not row.status and row.reply_code.startswith("4"))
        row.permanent = row.action == "failed" or (row.action != "delayed" and not transient)
        row.hard = row.reason in reasons.HARD and not transient


def _stage(near: str) -> str:
    """At which command the server said no, where the report tells."""
    found = re.search(r"(?i)\(in reply to [^()]{1,40}\)|after mail from|>>> [a-z]{4}", near)
    if found and re.search(r"(?i)need rcpt", near):
        return ""  # commands sent in one go: what was refused is the recipient, before the data
    return found[0] if found else ""


def _around(text: str, address: str) -> str:
    """The paragraph that names an address, and the next one where it holds the address alone."""
    place = text.lower().find(address.lower()) if address else -1
    if place < 0:
        return ""
    start = max(text.rfind("\n\n", 0, place), 0)
    end = text.find("\n\n", place)
    if 0 <= end - place < len(address) + 4:
        end = text.find("\n\n", end + 2)
    return text[max(start, place - 400) : min(end if end >= 0 else len(text), place + 900)]


def _code(text: str) -> str:
    found = _CODE.search(text + " ")
    return found[1] if found else ""
