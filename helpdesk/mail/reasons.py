# ruff: noqa: E501  (tables of the words that mail servers use)
"""Why a mail server did not take a mail, from its words and its codes. Pure; patterns are bounded, texts are capped."""

import re

HARD = {"userunknown", "hostunknown", "hasmoved", "notaccept"}
"""Reasons by which the address itself is dead, whatever is sent there."""

_REASONS: list[tuple[str, re.Pattern[str]]] = [
    (reason, re.compile(pattern, re.IGNORECASE))
    for reason, pattern in [
        ("mailboxfull", r"mail ?box (?:is |was )?(?:currently |now |temporarily )?(?:full|over|exceed)|over ?quota|quota (?:exceed|violation|is full|full)|exceed.{0,30}(?:quota|storage|mailbox size)|disk (?:space|quota|full)|mailbox has exceeded|out of (?:storage )?space|insufficient (?:system )?storage|not enough (?:storage|disk|space)|storage (?:limit|allocation)|too many messages (?:on|in) (?:this|the) mailbox|容量|account is over|user has too much mail|full mailbox|quotum|is full"),
        ("mesgtoobig", r"(?:message|size|mail).{0,30}(?:too (?:big|large)|exceeds?.{0,20}(?:maximum|limit|size)|larger than)|message size exceed|max(?:imum)? message size"),
        ("virusdetected", r"virus|infected|malware|trojan|worm "),
        ("suspend", r"(?:account|mailbox|user|recipient|address|mail ?account).{0,40}(?:suspended|disabled|inactive|deactivated|locked|frozen|blocked because|not active|currently unavailable)|(?:disabled|inactive|suspended) (?:account|mailbox|user|recipient)|account .{0,20}(?:closed|expired) temporarily|deactivated mailbox|invalid/inactive user"),
        ("hasmoved", r"(?:user|recipient|address|mailbox|account|person) (?:has )?(?:moved|changed)|has moved|new address is|no longer (?:works|working|employed|with|on) |has been replaced by|moved to another"),
        ("notaccept", r"domain does not accept (?:mail|e-?mail)|host .{0,80}does not accept mail|does not accept mail from outside|null ?mx|(?:server|host|domain) (?:does|do) not (?:accept|receive) (?:any )?(?:mail|e-?mail)|(?:^|\s)smtp protocol returned a permanent error\s*$|nullmx|not accepting (?:any )?mail$"),
        ("rejected", r"sender address rejected|domain of sender|sender (?:domain|address).{0,80}(?:does not exist|not found|invalid|denied)|5\.1\.[78]\b"),
        ("authfailure", r"dmarc|spf (?:fail|check|record|validation)|sender policy|dkim|unauthenticated (?:e?mail|mail)|not (?:pass|passing) authenti|spf\b|sender id|fails? .{0,20}authentication"),
        ("requireptr", r"unverifyable sending ip|(?:reverse|ptr|rdns).{0,40}(?:dns|record|lookup|fail|not|require|entry|hostname)|cannot find your (?:reverse )?hostname|ip (?:address )?(?:.{0,40})?(?:no|without|does not have|missing) (?:a )?(?:ptr|reverse)|fix your reverse|no reverse|client host .{0,20}reverse"),
        ("hostunknown", r"host (?:unknown|not found|or domain name not found|name lookup fail)|unknown host|domain (?:.{0,60} )?(?:does not exist|not found|doesn't exist)|(?:no such|unknown) (?:host|domain|server)|name (?:or )?(?:service|server).{0,30}(?:not|no) |nxdomain|unrouteable mail domain|unroutable (?:mail )?domain|no (?:mx|such domain|mail hosts?)|mail server for .{0,60} not found|couldn't find any host|dns (?:error|fail|lookup|type)|host or domain name|bad destination (?:host|system)|all relevant mx records point|domain must|illegal host|not a valid (?:host|domain)|could not be resolved|unresolvable|account or domain may not exist|server for your recipient|invalid domain|bad host"),
        ("norelaying", r"no relaying|relay(?:ing)? (?:access )?(?:denied|not permitted|not allowed|prohibited|restrict)|(?:unable|not permitted|not allowed|cannot|refus\w+|not authori[sz]ed) to relay|relay(?:ing)? (?:mail )?(?:to|from|for)? .{0,40}(?:not|den|proh)|we do not relay|not a relay|open relay|isn't allowed to be relayed"),
        ("spamdetected", r"(?:message|mail|content|email|it).{0,60}(?:considered|identified|classified|detected|marked|rejected|looks like|appears|treated|scored).{0,30}(?:spam|unsolicited|junk|bulk)|spam (?:message|score|content|detected|mail|filter|like|blocked|rejected)|unsolicited|detected as spam|looks like spam|spamassassin|spamminess|junk mail|is spam|\bspam\b"),
        ("badreputation", r"reputation|senderbase|poor rep"),
        ("blocked", r"(?:ip|host|address|client|sender|server|you|connection|access).{0,60}(?:block(?:ed|ing|list)|black ?list|listed (?:in|at|on|by)|denied|banned|refused|not (?:allowed|permitted|authorized) to)|(?:block|black|deny) ?list|rbl|dnsbl|spamhaus|spamcop|barracudanetworks|blocked using|bad (?:ehlo|helo)|access (?:denied|not allowed|restricted)|service refused|connection (?:refused|dropped) by|temporarily (?:blocked|deferred)"),
        ("toomanyconn", r"too many (?:concurrent |simultaneous |open )?(?:connections|sessions|smtp)|connection rate|maximum (?:number of )?(?:connections|concurrent)"),
        ("speeding", r"(?:receiving|sending|too) .{0,20}(?:rate|fast|quickly|many (?:messages|mails))|rate ?limit|throttl|mail rate|sending limit|too much mail"),
        ("exceedlimit", r"too many (?:recipients|hops)|exceeded .{0,30}(?:limit|maximum|rate)|daily (?:limit|quota)|header size|line too long|message too complex"),
        ("userunknown", r"(?:user|recipient|mailbox|address|account|mail ?box|addressee|customer|e-?mail|alias|inbox|destinataire|person|name)\b.{0,50}(?:unknown|not (?:found|exist|known|local|listed|recogni[sz]ed|have|a valid)|doesn'?t (?:exist|have)|does not (?:exist|have)|no longer (?:valid|available|exists|active|in use)|invalid|isn'?t (?:valid|found)|rejected|undeliverable|non-?exist|could not be (?:found|delivered)|couldn'?t be found|unavailable|cancell?ed|terminated|deleted|wasn'?t found|not a valid|has no|n'existe)|(?:unknown|no such|invalid|bad|non-?existent|undefined|unrouteable|unroutable|illegal|nonexistent|wrong|dead|unrecogni[sz]ed|not a (?:valid|known)|no) (?:local |virtual |destination |recipient |mail ?box |e-?mail |email |final |smtp |such )?(?:user|recipient|mail ?box|address|account|person|alias|addressee|rcpt|mail ?drop|delivery|username|users? here)|550 5\.1\.[01]|user unknown|unknown user|unknown (?:to|or illegal)|isn'?t an? (?:valid|known)|does ?n[o']t (?:have|exist|like)|(?:doesn'?t|does not) (?:have|list|receive)|宛先不明|存在しません|見つかりません|unbekannt|existiert nicht|n'existe pas|no existe|не (?:существует|найден)|message delivery failed: .{0,40}no such|recipientnotfound|recipnotfound|addressnotfound|not our customer|check (?:if|that|whether) (?:the )?(?:e-?mail )?address|no valid recipients?|リストにありません|見つかりません|受信者が|that user|no local part|no mailbox|not listed in|no account|can't accept user|destination mailbox address invalid|5\.1\.1|5\.1\.0|5\.1\.10|5\.1\.6"),
        ("rejected", r"(?:sender|from|return[- ]path|envelope).{0,60}(?:reject|denied|invalid|not (?:allowed|accepted|exist|permitted|valid|found)|refused|verif|block|does not)|rejected.{0,30}sender|domain of sender|sender address|bad sender|address rejected: .{0,20}from|mail from .{0,60}(?:denied|reject|refused)"),
        ("filtered", r"(?:recipient|user|mail ?box).{0,50}(?:refus|restrict|not accept|filter|does not want|reject|declin)|due to (?:extended inactivity|recipient)|restricted|filtered|because the recipient|only accept|user reject|not allowed to (?:send|receive)|please use a different|permission"),
        ("policyviolation", r"polic(?:y|ies)|prohibited|not allowed by|security (?:polic|restrict)|violat|not comply|attachment.{0,40}(?:not|block|reject)|disallowed|banned|illegal attachment|executable"),
        ("securityerror", r"authenticat|(?:must|need) (?:to )?(?:issue|use) .{0,20}(?:starttls|auth)|starttls|\btls\b|certificate|password|login|credential|encryption required"),
        ("contenterror", r"(?:malformed|invalid|bad) (?:header|message|mime|content)|8.?bit mime|media error|message (?:format|content)|contains? (?:invalid|illegal)"),
        ("notcompliantrfc", r"rfc ?\d{3,4}|not (?:rfc )?compliant|duplicate header|missing .{0,20}header|message-id"),
        ("syntaxerror", r"syntax error|command (?:not|unrecogni|unknown|rejected)|bad sequence|unrecogni[sz]ed command"),
        ("networkerror", r"(?:connection|connect|network|host|route).{0,40}(?:timed? ?out|lost|refused|reset|unreachable|closed|broken|fail|interrupt|dropped)|timed? ?out|no route|unreachable|unable to connect|could not connect|too many hops|hop count|loop(?:s|ed|ing)? (?:back|detected)?|mail loop|name server|temporary (?:failure in )?name resolution|dns"),
        ("expired", r"(?:retry|delivery|message|queue).{0,40}(?:time ?out|timed out|expired|exceeded|too long)|could not be delivered (?:for|within|in)|been (?:in|on) (?:the )?queue|(?:will|not) (?:be )?(?:try|retr(?:y|ied)).{0,40}|delivery (?:attempts? )?(?:failed|expired|time)|giving up|for the last|not yet (?:been )?deliver|delayed|undelivered (?:for|after)|still being retried|4\.4\.7|5\.4\.7|has been delayed"),
        ("mailererror", r"command (?:failed|died|terminated|output)|exit (?:status|code|value)|x-unix|process (?:.{0,20} )?(?:failed|exit)|pipe|child status|local delivery|procmail|local configuration|died with"),
        ("systemerror", r"(?:system|server|internal|service|local|configuration|resource).{0,30}(?:error|problem|fail|unavailable|trouble|not available)|temporar(?:y|ily)|try again|i/o error|out of memory|mail(?:er|system) (?:config|problem)|loops back|queue file|disk (?:error|i/o)"),
        ("onhold", r"on hold|quarantin"),
    ]
]  # fmt: skip

_GENERIC = re.compile(r"(?i)recipient address rejected:\s{0,3}(?=\S)|<[^<>\s]{1,320}>:?|https?://\S{1,300}")
_NOBODY_THERE = re.compile(r"(?i)5\.4\.1 .{0,120}recipient address rejected: access denied")
"""How a large provider says that it knows no such user."""
_AFTER_DATA = re.compile(
    r"(?i)in reply to (?:the )?(?:end of )?data|after (?:end of )?data|after dot|>>> data|smtp command-+\s{0,5}data|\(state (?:1[5-9]|18)\)"
)
_AFTER_SENDER = re.compile(
    r"(?i)after mail from|in reply to mail from|\[mail_from\]|>>> mail from|\(state 13\)"
)


def reason(words: str, status: str, action: str = "") -> str:
    """The reason that a server gives for one address in words; "" where they say nothing that we know.

    A refusal of an unknown user only counts as such where the server was asked about that user: said after the
    content, it is a filter's pretext; said after the sender, it is about the sender.
    """
    if action == "delayed" or status.startswith("4"):
        found = _classify(words)
        return {"hostunknown": "networkerror", "userunknown": "systemerror"}.get(found, found) or by_status(
            status
        )
    if _NOBODY_THERE.search(words):
        return "userunknown"
    bare = _GENERIC.sub(" ", words)
    found = _classify(bare)
    if not found and _GENERIC.search(words):
        found = by_status(status) if status[2:4] in ("6.", "7.", "3.", "5.") else ""
    found = found or _classify(words)
    if words.lower().startswith("x-unix") and found in HARD:
        return "mailererror"
    if found in ("userunknown", "hostunknown"):
        if _AFTER_SENDER.search(words):
            return "rejected"
        if _AFTER_DATA.search(words) and found == "userunknown":
            return "filtered"
    return found


def _classify(words: str) -> str:
    words = words[:3000]
    if not words.strip():
        return ""
    return next((name for name, pattern in _REASONS if pattern.search(words)), "")


def by_status(status: str) -> str:
    """The reason that an enhanced status code stands for (RFC 3463, RFC 5248)."""
    exact = {
        "1.1": "userunknown", "1.0": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "userunknown", "1.6": "hasmoved",
        "1.8": "rejected", "1.7": "rejected", "1.10": "notaccept", "2.1": "suspend", "2.2": "mailboxfull", "2.3": "mesgtoobig", "2.4": "filtered",
        "3.4": "mesgtoobig", "3.0": "systemerror", "4.4": "hostunknown", "4.1": "networkerror", "4.2": "networkerror", "4.6": "networkerror",
        "4.7": "expired", "5.3": "syntaxerror", "5.2": "syntaxerror", "6.1": "contenterror", "7.1": "blocked", "7.0": "securityerror",
        "7.23": "authfailure", "7.25": "requireptr", "7.26": "authfailure", "1.9": "notaccept",
    }  # fmt: skip
    return exact.get(status.partition(".")[2], "")
