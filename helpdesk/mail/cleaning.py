# ruff: noqa: E501  (tables of the words that mail programs use)
"""What is new in a mail and what it quotes. Pure, linear: every pattern is matched line by line, with bounded
repetition.

`split` folds, it never deletes: visible and quoted text together hold every line, and where nothing new can
be told the whole text stays visible.
"""

import re
from typing import NamedTuple

MAX_TEXT = 1024 * 1024
_MAX_LINE = 1000


class Split(NamedTuple):
    """`visible` is what the sender newly wrote, `quoted` what was folded: earlier mails, signatures, device
    lines.
    """

    visible: str
    quoted: str


_WROTE = (
    r"wrote|writes|schrieb|schreef|écrit|escribió|escreveu|scrisse|ha scritto|skrev|kirjoitti|napisał(?:\(a\)|a|/a)?|napsal(?:\(a\))?|"
    r"пишет|написал(?:а|\(а\))?|yazdı|έγραψε|viết|写道|写到|寫道|のメッセージ|작성|din|ha escrit|a scris|írta|je napísal|skrifaði|schreiben|"
    r"napisao|wrote as follows|hat folgendes geschrieben|geschreven|va escriure|raksti|rašė|kirjutas|menulis|เขียน|نوشت|كتب|כתב"
)
_START = (
    r"on|am|le|il|op|el|em|den|dne|dnia|w dniu|na|vào|pe|på|a|v|в|þann|dana|il giorno|no dia|el día|um|at|er|de|ons|mon|tir|tor|fre|lør|søn|"
    r"man|mån|tis|lör|sön|pada|2ve|στις"
)
_ATTRIBUTION = re.compile(
    rf"^[>\s*_]{{0,6}}(?:(?:{_START})\b.{{5,400}}(?:{_WROTE})[^\w]{{0,12}}|.{{4,300}}[\s ](?:{_WROTE})(?:\s+\w{{1,12}})?\s*[:：]\s*|"
    rf".{{0,40}}\d{{4}}.{{4,200}}[<\[(][^<>\[\]()\s]{{1,100}}@[^<>\[\]()\s]{{1,100}}[>\])][^:]{{0,60}}[:：]\s*)$",
    re.IGNORECASE,
)
_ATTRIBUTION_START = re.compile(rf"^[>\s*_]{{0,6}}(?:{_START})\b.{{0,200}}(?:\d|@|,)", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^[\s>*_]{0,6}[-_=*]{2,60}\s*(?:original message|reply message|original appointment|ursprüngliche nachricht|original-nachricht|"
    r"ursprungliche nachricht|antwort nachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale|"
    r"messaggio inoltrato|oorspronkelijk bericht|oprindelig meddelelse|original meddelelse|opprinnelig melding|ursprungligt meddelande|"
    r"alkuperäinen viesti|pôvodná správa|původní zpráva|původní e-mail|wiadomość oryginalna|oryginalna wiadomość|исходное сообщение|"
    r"original besked|eredeti üzenet|orijinal mesaj|原始邮件|原始郵件|original email|original-mail|urspr\. nachricht|reply above)"
    r"[\s:]{0,5}[-_=*]{0,60}[\s:]{0,3}$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^[\s>*_]{0,6}(?:[-_=*]{2,60}\s*(?:forwarded message|forwarded by .{0,100}|weitergeleitete nachricht|message transféré|message transmis|"
    r"mensaje reenviado|mensagem encaminhada|messaggio inoltrato|doorgestuurd bericht|videresendt meddelelse|vidarebefordrat meddelande|"
    r"přeposlaná zpráva|wiadomość przekazana dalej|пересылаемое сообщение|перенаправленное сообщение|begin forwarded message|fwd)"
    r"\s*[-_=*]{0,60}\s*|begin forwarded message:?|anfang der weitergeleiteten (?:nachricht|e-mail):?|début du message (?:réexpédié|transféré)\s*:?|"
    r"inicio del mensaje reenviado:?|inizio messaggio inoltrato:?|begin doorgestuurd bericht:?|vidarebefordrat brev:?|"
    r"videresendt besked:?|alkoi välitetty viesti:?|forwarded message:?)$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"^[\s>*_|]{0,6}\*{0,2}(from|sent|to|date|subject|cc|reply-to|von|gesendet(?: am)?|an|datum|betreff|kopie|de|envoyé(?: le)?|à|objet|"
    r"enviado(?: el| em)?|para|asunto|assunto|fecha|data|da|inviato|a|oggetto|van|verzonden|aan|onderwerp|från|skickat|till|ämne|fra|sendt|til|emne|"
    r"lähettäjä|lähetetty|vastaanottaja|aihe|od|wysłano|wysłane|do|temat|odesláno|odoslané|komu|předmět|predmet|от|отправлено|дата|кому|тема|"
    r"kimden|gönderme tarihi|gönderildi|kime|konu|feladó|elküldve|címzett|tárgy|发件人|发送时间|收件人|主题|日期|寄件者|收件者|主旨|差出人|送信日時|宛先|件名|"
    r"보낸 사람|보낸 날짜|받는 사람|제목|expéditeur|destinataire|remitente|destinatario|mittente|organization)\s{0,3}\*{0,2}\s{0,3}[:：]\*{0,2}\s{0,3}(.{0,500})$",
    re.IGNORECASE,
)
_SENDER_FIELDS = {"from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "od", "от", "kimden", "feladó", "发件人", "寄件者", "差出人",
                  "보낸 사람", "expéditeur", "remitente", "mittente"}  # fmt: skip
_SIGNATURE = re.compile(r"^[\s>]{0,3}(?:--|—|–|__|---)\s{0,2}$")
_DEVICE = re.compile(
    r"^\W{0,3}(?:sent (?:from|via|with|using) (?:my |the |an? )?\S.{0,60}|sent from .{1,40}|get outlook for .{1,20}|from my .{1,30}|"
    r"(?:von meinem|von unterwegs|gesendet (?:von|mit|aus)|diese nachricht wurde von) .{1,80}|envoyé (?:de|depuis|à partir) .{1,60}|"
    r"enviado (?:desde|do|de|através) .{1,60}|inviato (?:da|dal) .{1,60}|verzonden (?:vanaf|via|met|door|vanuit) .{1,60}|"
    r"skickat från .{1,60}|sendt fra .{1,60}|lähetetty .{1,60}|wysłane z .{1,60}|odesláno z .{1,60}|отправлено (?:с|из) .{1,60}|"
    r"iphone'?(?:dan|umdan) gönderildi|発信元.{0,40}|iPhoneから送信|发自我的.{0,40}|從我的 .{1,30}傳送|나의 .{1,30}에서 보냄|enviat des .{1,50}|"
    r"hanki outlook .{1,30}|outlook für .{1,20} (?:beziehen|herunterladen)|télécharge[rz] outlook .{1,30}|yahoo! mail .{0,50})(?:<https?://\S{1,200}>)?\.?$",
    re.IGNORECASE,
)
_DEVICE_WORD = re.compile(r"(?i)i?phone|ipad|android|blackberry|mobile|mail|outlook|samsung|galaxy|windows|device|handy|smartphone|nokia|tablet|huawei|app|proton|spark|airmail|boxer|htc|sparrow|mobil|verizon|sony|htc|mac|ipod|treo|palm")  # fmt: skip
_ABOVE = re.compile(r"(?i)(?:reply|write|please type|type your (?:reply|response)|respond|antworten?|schreiben|répondre|écrire|antwoord|reageer|escriba|responda).{0,30}(?:above|over|oberhalb|über|au-dessus|ci-dessus|boven|encima|acima).{0,30}(?:line|linie|zeile|ligne|lijn|línea|linha|reply|diese)?")  # fmt: skip
_RULE = re.compile(r"^\s{0,3}[_*]{10,}\s*$|^\s{0,3}[-=]{20,}\s*$")


def split(text: str, marker: str = "") -> Split:
    """The new part and the quoted part of a mail's text. `marker` is the line above which our mails ask to
    write.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")[:MAX_TEXT].replace("\u2028", "\n")
    lines = [line.rstrip() for line in text.split("\n")]
    end = _end_of_new(lines, marker)
    fresh, tail = lines[:end], lines[end:]
    kept, folded = _without_quotes(fresh)
    kept, signature = _without_signature(kept)
    visible = "\n".join(kept).strip("\n").rstrip()
    if not visible.strip():
        return Split(text.strip("\n").rstrip(), "")
    quoted = "\n".join([*folded, *signature, *tail]).strip("\n")
    return Split(visible, quoted)


def _end_of_new(lines: list[str], marker: str) -> int:
    """Where the answered mail begins and nothing new follows."""
    forwards = False
    for index, line in enumerate(lines):
        short = line[:_MAX_LINE]
        if not short.strip():
            continue
        if marker and marker in short:
            return index
        if _FORWARDED.match(short):
            forwards = True
        if forwards:
            continue
        if short.lstrip().startswith(("#", "-", "=", "*", "_", "~")) and _ABOVE.search(short[:200]) and index:
            return _with_attribution(lines, index)
        if _ORIGINAL.match(short) and not short.lstrip().startswith(">"):
            return index
        if _is_header_block(lines, index):
            return _before_rule(lines, index)
        if not short.startswith(">") and _is_attribution(lines, index) and _only_quotes_follow(lines, index):
            return index
    return len(lines)


def _with_attribution(lines: list[str], index: int) -> int:
    """A line of ours may stand below the line that says who wrote."""
    for above in range(max(0, index - 4), index):
        if _is_attribution(lines, above):
            return above
    return index


def _before_rule(lines: list[str], index: int) -> int:
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    if above >= 0 and (_RULE.match(lines[above]) or re.fullmatch(r"\s*-{3,}\s*", lines[above])):
        return above
    return index


def _is_header_block(lines: list[str], index: int) -> bool:
    """Three fields of a mail's header in a row, the first of them the sender, as Outlook puts above what it
    quotes.
    """
    first = _FIELD.match(lines[index][:_MAX_LINE])
    if not first or first[1].lower() not in _SENDER_FIELDS or lines[index].lstrip().startswith(">"):
        return False
    names, blanks = {first[1].lower()}, 0
    for line in lines[index + 1 : index + 12]:
        if not line.strip():
            blanks += 1
            if blanks > 1 + len(names):
                break
            continue
        field = _FIELD.match(line[:_MAX_LINE])
        if field:
            names.add(field[1].lower())
        elif not line.startswith((" ", "\t")) and len(names) < 2:
            return False
        if len(names) >= 3:
            return True
    return False


def _is_attribution(lines: list[str], index: int) -> bool:
    """Whether an attribution ("On … wrote:") begins here; it may be broken over up to four lines."""
    line = lines[index][:_MAX_LINE].strip()
    if not line or len(line) > 500:
        return False
    if _ATTRIBUTION.match(line):
        return True
    if not _ATTRIBUTION_START.match(line):
        return False
    joined = line
    for following in lines[index + 1 : index + 4]:
        if not following.strip():
            return False
        joined = f"{joined} {following[:_MAX_LINE].strip()}"
        if len(joined) > 600:
            return False
        if _ATTRIBUTION.match(joined):
            return True
    return False


def _attribution_end(lines: list[str], index: int) -> int:
    joined = ""
    for offset, line in enumerate(lines[index : index + 4]):
        joined = f"{joined} {line[:_MAX_LINE].strip()}".strip()
        if _ATTRIBUTION.match(joined):
            return index + offset + 1
    return index + 1


def _only_quotes_follow(lines: list[str], index: int) -> bool:
    """Nothing new comes after this attribution: either all that follows is marked as quoted, or nothing of it
    is.
    """
    rest = [line for line in lines[_attribution_end(lines, index) :] if line.strip()]
    marked = sum(1 for line in rest if line.startswith(">"))
    return marked == 0 or marked == len(rest) or not rest


def _without_quotes(lines: list[str]) -> tuple[list[str], list[str]]:
    """Fold quotes at the beginning and at the end; those between new lines stay, as what the answers refer
    to.
    """
    folded: list[str] = []
    start, end = 0, len(lines)
    while start < end and (
        _is_quote(lines[start]) or not lines[start].strip() or _leads_quote(lines, start, end)
    ):
        start = _attribution_end(lines, start) if _leads_quote(lines, start, end) else start + 1
    if start >= end:
        return lines, []
    last = end
    while last > start and (_is_quote(lines[last - 1]) or not lines[last - 1].strip()):
        last -= 1
    if any(_is_quote(line) for line in lines[last:]):
        for back in range(1, 5):
            if last - back > start and _is_attribution(lines, last - back):
                last -= back
                break
        end = last
    if any(_is_quote(line) for line in lines[:start]):
        folded = lines[:start]
    else:
        start = 0
    return lines[start:end], [*folded, *lines[end:]]


def _is_quote(line: str) -> bool:
    return line.lstrip(" ").startswith(">")


def _leads_quote(lines: list[str], index: int, end: int) -> bool:
    """An attribution right above a quote."""
    if not lines[index].strip() or not _is_attribution(lines, index):
        return False
    for line in lines[_attribution_end(lines, index) : min(end, index + 7)]:
        if line.strip():
            return _is_quote(line)
    return False


def _without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """Fold what follows a signature mark, and lines that a device adds; never all there is."""
    end = len(lines)
    for index in range(len(lines) - 1, max(-1, len(lines) - 40), -1):
        line = lines[index]
        if _SIGNATURE.match(line) and any(kept.strip() for kept in lines[:index]):
            if not any(_is_quote(below) for below in lines[index + 1 :]):
                end = index
        elif (
            len(line) < 120 and _DEVICE.match(line.strip()) and _DEVICE_WORD.search(line) and any(k.strip()
            for k in lines[:index]) and sum(1 for below in lines[index + 1 : end] if below.strip()) <= 2
        ):  # fmt: skip
            end = index
    return lines[:end], lines[end:]
