# ruff: noqa: E501  (tables of the words that mail programs use)
"""Reports of mail servers about mail that we sent: who did not get it, why, and which mail it was. Pure.

First what servers say by the rules (RFC 3464 delivery reports, RFC 5965 complaints, RFC 8098 receipts), then,
only where the mail already looks like a server's, what the many others write in prose.
"""

import re
from dataclasses import dataclass, field

from helpdesk.mail import headers
from helpdesk.mail.charsets import decode
from helpdesk.mail.parsing import Mail

MAX_TEXT = 200_000
HARD_REASONS = {"userunknown", "hostunknown", "hasmoved", "notaccept"}


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
    r"mail-?system|no-?reply|nondelivery|administrator|scanmail|symantec.*|double-bounce|smtpd|mailadmin|mail-?admin|mailsystem)$"
)
_NAMES = re.compile(
    r"(?i)mail(?:er)? ?(?:delivery|daemon|administrator|system)|delivery (?:sub)?system|postmaster|mailer-daemon|system administrator|"
    r"internet mail delivery|mail ?router|delivery status|undeliver|content filter|email quarantine"
)
_SUBJECT = re.compile(
    r"(?i)undeliver|un-?deliverable|deliver(?:y|ed).{0,30}(?:fail|status|problem|report|notification|unsuccessful|error|impossible|delay)|"
    r"fail(?:ed|ure)?.{0,20}deliver|returned? (?:mail|to sender|e-?mail)|returned to sender|non.?deliver|mail (?:system|delivery|could not|not delivered|error)|"
    r"message (?:could not|not|you sent|delivery)|could not (?:be )?(?:deliver|send)|unzustellbar|nicht zugestellt|zustell|onbestelbaar|niet bezorgd|"
    r"non remis|échec|no se ha podido|notification d'état|rejected|user unknown|bounce|failure notice|mail failure|email not delivered|"
    r"unable to deliver|warning: (?:message|could not)|fallo|não (?:foi|entregue)|non consegnat|mancata|mail delivery|delivery (?:notice|of)|"
    r"недоставлен|не доставлен|возврат|配信|配送|退信|送信できません|エラー|error (?:mail|sending)|problem(?:s)? (?:delivering|sending)|"
    r"considered unsolicited|message (?:refused|blocked|rejected)|not? (?:been )?delivered|quarantine|over quota|dsn:|sorry|permanent error|unknown user"
)
_PROSE = re.compile(
    r"(?i)could not (?:be )?deliver|unable to deliver|was (?:not|un)\s?deliver|not (?:been |be )?delivered|delivery (?:to|of|has|attempt).{0,80}(?:fail|not)|"
    r"undeliverable|user unknown|unknown user|does not exist|no such (?:user|recipient|address|mailbox)|mailbox (?:full|unavailable|not found)|"
    r"returned (?:message|to|below|mail)|fatal errors|permanent(?:ly)? (?:error|fail)|delivery (?:failure|failed|error|status)|rejected|could not send|"
    r"following (?:address|recipient|addresses|recipients|message).{0,60}|wasn't delivered|couldn't be delivered|was blocked|transcript of session|"
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
    _complete(rows, text)
    return Report(
        _kind(rows), [row for row in rows if row.action not in _GOOD] or rows, _original_id(mail, text)
    )


_GOOD = {"delivered", "relayed", "expanded"}


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
    return (
        (sender and (subject or null_path) and (prose or null_path))
        or (subject and null_path and prose)
        or (
            sender
            and prose
            and not local.endswith("reply")
            and bool(_STATUS.search(text) or _CODE.search(text))
        )
    )


def _from_prose(mail: Mail, text: str) -> list[Failed]:
    own = {one.email.lower() for one in [*mail.sender, *mail.senders, *mail.reply_to, *mail.to] if one.email}
    named = [
        one.email for one in headers.addresses(", ".join(mail.all("x-failed-recipients"))) if "@" in one.email
    ]
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
                one.email
                for one in headers.addresses(found[1])
                if "@" in one.email and one.email.lower() not in own
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
    return "\n".join(filter(None, texts))[:MAX_TEXT]


def _original_id(mail: Mail, text: str) -> str:
    """The Message-ID of the mail that the report is about."""
    for source in [*_original_parts(mail), text]:
        found = _ID.search(source)
        if found and found[1] != mail.message_id:
            return found[1]
    other = [one for one in [*mail.in_reply_to, *reversed(mail.references)] if one != mail.message_id]
    return other[0] if other else ""


# --- why ----------------------------------------------------------------------------------------------


def _complete(rows: list[Failed], text: str) -> None:
    """Fill in status, code and reason from the words around each address."""
    head = _before_original(text)
    for row in rows:
        words = row.diagnostic
        near = _around(head, row.address)
        if not row.status:
            found = (
                _STATUS.search(row.diagnostic)
                or _STATUS.search(near)
                or (_STATUS.search(head) if len(rows) == 1 else None)
            )
            row.status = found[1] if found else ""
        if not row.reply_code:
            row.reply_code = _code(row.diagnostic) or _code(near)
        row.reason = (
            classify(words, row.status)
            or classify(near, row.status)
            or classify(head if len(rows) == 1 else "", row.status)
            or by_status(row.status)
            or "undefined"
        )
        row.hard = row.reason in HARD_REASONS
        transient = row.status.startswith("4") or (not row.status and row.reply_code.startswith("4"))
        row.permanent = row.action == "failed" or (row.action != "delayed" and not transient)


def _around(text: str, address: str) -> str:
    place = text.lower().find(address.lower()) if address else -1
    return text[max(0, place - 200) : place + 700] if place >= 0 else ""


def _code(text: str) -> str:
    found = _CODE.search(text + " ")
    return found[1] if found else ""


_REASONS: list[tuple[str, re.Pattern[str]]] = [
    (reason, re.compile(pattern, re.IGNORECASE))
    for reason, pattern in [
        ("mailboxfull", r"mail ?box (?:is |was )?(?:currently |now |temporarily )?(?:full|over|exceed)|over ?quota|quota (?:exceed|violation|is full|full)|exceed.{0,30}(?:quota|storage|mailbox size)|disk (?:space|quota|full)|mailbox has exceeded|out of (?:storage )?space|insufficient (?:system )?storage|not enough (?:storage|disk|space)|storage (?:limit|allocation)|too many messages (?:on|in) (?:this|the) mailbox|容量|account is over|user has too much mail|full mailbox|quotum|is full"),
        ("mesgtoobig", r"(?:message|size|mail).{0,30}(?:too (?:big|large)|exceeds?.{0,20}(?:maximum|limit|size)|larger than)|message size exceed|max(?:imum)? message size"),
        ("virusdetected", r"virus|infected|malware|trojan|worm "),
        ("suspend", r"(?:account|mailbox|user|recipient|address|mail ?account).{0,40}(?:suspended|disabled|inactive|deactivated|locked|frozen|blocked because|not active|currently unavailable)|(?:disabled|inactive|suspended) (?:account|mailbox|user|recipient)|account .{0,20}(?:closed|expired) temporarily|deactivated mailbox|invalid/inactive user"),
        ("hasmoved", r"(?:user|recipient|address|mailbox|account|person) (?:has )?(?:moved|changed)|has moved|new address is|no longer (?:works|working|employed|with|on) |has been replaced by|moved to another"),
        ("notaccept", r"domain does not accept (?:mail|e-?mail)|host .{0,80}does not accept mail|does not accept mail from outside|null ?mx|(?:server|host|domain) (?:does|do) not (?:accept|receive) (?:any )?(?:mail|e-?mail)|(?:^|\s)smtp protocol returned a permanent error\s*$|nullmx|not accepting (?:any )?mail$"),
        ("hostunknown", r"host (?:unknown|not found|or domain name not found|name lookup fail)|unknown host|domain (?:.{0,60} )?(?:does not exist|not found|doesn't exist)|(?:no such|unknown) (?:host|domain|server)|name (?:or )?(?:service|server).{0,30}(?:not|no) |nxdomain|unrouteable mail domain|unroutable (?:mail )?domain|no (?:mx|such domain|mail hosts?)|mail server for .{0,60} not found|couldn't find any host|dns (?:error|fail|lookup|type)|host or domain name|bad destination (?:host|system)|all relevant mx records point|domain must|illegal host|not a valid (?:host|domain)|could not be resolved|recipient domain|unresolvable|server for your recipient|invalid domain|bad host"),
        ("norelaying", r"relay(?:ing)? (?:access )?(?:denied|not permitted|not allowed|prohibited|restrict)|(?:unable|not permitted|not allowed|cannot|refus\w+|not authori[sz]ed) to relay|relay(?:ing)? (?:mail )?(?:to|from|for)? .{0,40}(?:not|den|proh)|we do not relay|not a relay|open relay|isn't allowed to be relayed"),
        ("authfailure", r"dmarc|spf (?:fail|check|record|validation)|sender policy|dkim|unauthenticated (?:e?mail|mail)|not (?:pass|passing) authenti|spf\b|sender id|fails? .{0,20}authentication"),
        ("requireptr", r"(?:reverse|ptr|rdns).{0,40}(?:dns|record|lookup|fail|not|require|entry|hostname)|cannot find your (?:reverse )?hostname|ip (?:address )?(?:.{0,40})?(?:no|without|does not have|missing) (?:a )?(?:ptr|reverse)|fix your reverse|no reverse|client host .{0,20}reverse"),
        ("spamdetected", r"(?:message|mail|content|email|it).{0,60}(?:considered|identified|classified|detected|marked|rejected|looks like|appears|treated|scored).{0,30}(?:spam|unsolicited|junk|bulk)|spam (?:message|score|content|detected|mail|filter|like|blocked|rejected)|unsolicited|detected as spam|looks like spam|spamassassin|spamminess|junk mail|is spam|\bspam\b"),
        ("badreputation", r"reputation|senderbase|poor rep"),
        ("blocked", r"(?:ip|host|address|client|sender|server|you|connection|access).{0,60}(?:block(?:ed|ing|list)|black ?list|listed (?:in|at|on|by)|denied|banned|refused|not (?:allowed|permitted|authorized) to)|(?:block|black|deny) ?list|rbl|dnsbl|spamhaus|spamcop|barracudanetworks|blocked using|bad (?:ehlo|helo)|access (?:denied|not allowed|restricted)|service refused|connection (?:refused|dropped) by|temporarily (?:blocked|deferred)"),
        ("toomanyconn", r"too many (?:concurrent |simultaneous |open )?(?:connections|sessions|smtp)|connection rate|maximum (?:number of )?(?:connections|concurrent)"),
        ("speeding", r"(?:receiving|sending|too) .{0,20}(?:rate|fast|quickly|many (?:messages|mails))|rate ?limit|throttl|mail rate|sending limit|too much mail"),
        ("exceedlimit", r"too many (?:recipients|hops)|exceeded .{0,30}(?:limit|maximum|rate)|daily (?:limit|quota)|header size|line too long|message too complex"),
        ("userunknown", r"(?:user|recipient|mailbox|address|account|mail ?box|addressee|customer|e-?mail|alias|inbox|destinataire|person|name)\b.{0,50}(?:unknown|not (?:found|exist|known|local|listed|recogni[sz]ed|have|a valid)|doesn'?t (?:exist|have)|does not (?:exist|have)|no longer (?:valid|available|exists|active|in use)|invalid|isn'?t (?:valid|found)|rejected|undeliverable|non-?exist|could not be (?:found|delivered)|couldn'?t be found|unavailable|cancell?ed|terminated|deleted|wasn'?t found|not a valid|has no|n'existe)|(?:unknown|no such|invalid|bad|non-?existent|undefined|unrouteable|unroutable|illegal|nonexistent|wrong|dead|unrecogni[sz]ed|not a (?:valid|known)|no) (?:local |virtual |destination |recipient |mail ?box |e-?mail |email |final |smtp |such )?(?:user|recipient|mail ?box|address|account|person|alias|addressee|rcpt|mail ?drop|delivery|username|users? here)|550 5\.1\.[01]|user unknown|unknown user|unknown (?:to|or illegal)|isn'?t an? (?:valid|known)|does ?n[o']t (?:have|exist|like)|(?:doesn'?t|does not) (?:have|list|receive)|宛先不明|存在しません|見つかりません|unbekannt|existiert nicht|n'existe pas|no existe|не (?:существует|найден)|message delivery failed: .{0,40}no such|recipientnotfound|recipnotfound|addressnotfound|not our customer|no mailbox|not listed in|no account|can't accept user|destination mailbox address invalid|5\.1\.1|5\.1\.0|5\.1\.10|5\.1\.6"),
        ("rejected", r"(?:sender|from|return[- ]path|envelope).{0,60}(?:reject|denied|invalid|not (?:allowed|accepted|exist|permitted|valid|found)|refused|verif|block|does not)|rejected.{0,30}sender|domain of sender|sender address|bad sender|address rejected: .{0,20}from|mail from .{0,60}(?:denied|reject|refused)"),
        ("filtered", r"(?:recipient|user|mail ?box).{0,50}(?:refus|restrict|not accept|filter|does not want|reject|declin)|due to (?:extended inactivity|recipient)|restricted|filtered|because the recipient|only accept|user reject|not allowed to (?:send|receive)|please use a different|permission"),
        ("policyviolation", r"polic(?:y|ies)|prohibited|not allowed by|security (?:polic|restrict)|violat|not comply|attachment.{0,40}(?:not|block|reject)|disallowed|banned|illegal attachment|executable"),
        ("securityerror", r"authenticat|(?:must|need) (?:to )?(?:issue|use) .{0,20}(?:starttls|auth)|starttls|\btls\b|certificate|password|login|credential|encryption required"),
        ("contenterror", r"(?:malformed|invalid|bad) (?:header|message|mime|content)|mime|header (?:field|error)|8.?bit|charset|message (?:format|content)|contains? (?:invalid|illegal)"),
        ("notcompliantrfc", r"rfc ?\d{3,4}|not (?:rfc )?compliant|duplicate header|missing .{0,20}header|message-id"),
        ("syntaxerror", r"syntax error|command (?:not|unrecogni|unknown|rejected)|bad sequence|unrecogni[sz]ed command"),
        ("networkerror", r"(?:connection|connect|network|host|route).{0,40}(?:timed? ?out|lost|refused|reset|unreachable|closed|broken|fail|interrupt|dropped)|timed? ?out|no route|unreachable|unable to connect|could not connect|too many hops|hop count|loop(?:s|ed|ing)? (?:back|detected)?|mail loop|name server|temporary (?:failure in )?name resolution|dns"),
        ("expired", r"(?:retry|delivery|message|queue).{0,40}(?:time ?out|timed out|expired|exceeded|too long)|could not be delivered (?:for|within|in)|been (?:in|on) (?:the )?queue|(?:will|not) (?:be )?(?:try|retr(?:y|ied)).{0,40}|delivery (?:attempts? )?(?:failed|expired|time)|giving up|for the last|not yet (?:been )?deliver|delayed|undelivered (?:for|after)|still being retried|4\.4\.7|5\.4\.7|has been delayed"),
        ("mailererror", r"command (?:failed|died|terminated|output)|exit (?:status|code|value)|x-unix|process (?:.{0,20} )?(?:failed|exit)|pipe|child status|local delivery|procmail|local configuration|died with"),
        ("systemerror", r"(?:system|server|internal|service|local|configuration|resource).{0,30}(?:error|problem|fail|unavailable|trouble|not available)|temporar(?:y|ily)|try again|i/o error|out of memory|mail(?:er|system) (?:config|problem)|loops back|queue file|disk (?:error|i/o)"),
        ("onhold", r"on hold|quarantin"),
    ]
]  # fmt: skip


def classify(words: str, status: str = "") -> str:
    """The reason that a server gives in words, "" where it gives none that we know."""
    words = words[:3000]
    if not words.strip():
        return ""
    for reason, pattern in _REASONS:
        if pattern.search(words):
            return reason
    return ""


def by_status(status: str) -> str:
    """The reason that an enhanced status code stands for (RFC 3463, RFC 5248)."""
    exact = {
        "1.1": "userunknown", "1.0": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "userunknown", "1.6": "hasmoved",
        "1.8": "rejected", "1.7": "rejected", "1.10": "notaccept", "2.1": "suspend", "2.2": "mailboxfull", "2.3": "mesgtoobig", "2.4": "filtered",
        "3.4": "mesgtoobig", "3.0": "systemerror", "4.4": "networkerror", "4.1": "networkerror", "4.2": "networkerror", "4.6": "networkerror",
        "4.7": "expired", "5.3": "syntaxerror", "5.2": "syntaxerror", "6.1": "contenterror", "7.1": "blocked", "7.0": "securityerror",
        "7.23": "authfailure", "7.25": "requireptr", "7.26": "authfailure", "1.9": "notaccept",
    }  # fmt: skip
    return exact.get(status.partition(".")[2], "")
