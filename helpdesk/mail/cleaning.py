# ruff: noqa: E501  (tables of the words that mail programs use)
"""What is new in a mail and what it quotes. Pure, linear: every pattern is matched line by line, with bounded
repetition.

`split` folds, it never deletes: visible and quoted text together hold every line, and where nothing new can
be told the whole text stays visible.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from helpdesk.mail.lines import before_rule, is_quote
from helpdesk.mail.signatures import without_name, without_signature

MAX_TEXT = 1024 * 1024
_MAX_LINE = 1000
_MAX_LINES = 20_000


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
    r"^[>\s*_=-]{0,12}+(?:"
    rf"(?:{_START})\b.{{5,400}}(?:{_WROTE})[^\w]{{0,60}}|"
    rf".{{4,300}}[\s\xa0](?:{_WROTE})(?:\s+\w{{1,12}})?\s*[:：]\s*|"
    rf".{{2,200}}[<(][^<>()\s]{{1,100}}@[^<>()\s]{{1,100}}[>)].{{0,20}}\b(?:{_WROTE})\b.{{0,80}}[:：]\s*|"
    rf"(?:{_START})\b.{{5,100}}\d.{{0,30}}\b(?:{_WROTE})\s.{{2,100}}@[^\s@]{{3,100}}|"
    r".{0,40}\d{4}.{4,200}[<\[(][^<>\[\]()\s]{1,100}@[^<>\[\]()\s]{1,100}[>\])][^:]{0,60}[:：]\s*|"
    r"\d{4}[/-]\d{1,2}[/-]\d{1,2}.{2,80}<[^<>\s]{1,100}@[^<>\s]{1,100}>\s*:?|"
    r"\d{4}-\d\d-\d\d \d\d:\d\d (?:GMT|UTC)[+-]\d\d:\d\d .{2,80}|"
    rf".{{2,80}}\s(?:{_WROTE})\s?[-=:]{{2,40}}|"
    r"(?:message du|message de) ?:.{4,80}"
    r")$",
    re.IGNORECASE,
)
_ATTRIBUTION_START = re.compile(
    rf"^[>\s*_-]{{0,12}}(?:(?:{_START})\b.{{0,200}}(?:\d|@|,)|.{{2,150}}[<(][^<>()\s]{{1,100}}@[^<>()\s]{{1,100}}[>)].{{0,20}}\b(?:{_WROTE})\b)",
    re.IGNORECASE,
)
_SHARED_LINE = re.compile(
    r"^(.{1,400}?[\w.!?)])[\s-]{1,6}(On (?:mon|tue|wed|thu|fri|sat|sun|\d).{5,120}\d{4}.{0,80}wrote:)\s*$",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"^[\s>]{0,6}+[-_=*]{2,60}+\s*(?:original message|reply message|original appointment|ursprüngliche nachricht|original-nachricht|"
    r"ursprungliche nachricht|antwort nachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale|"
    r"messaggio inoltrato|oorspronkelijk bericht|oprindelig meddelelse|original meddelelse|opprinnelig melding|ursprungligt meddelande|"
    r"alkuperäinen viesti|pôvodná správa|původní zpráva|původní e-mail|wiadomość oryginalna|oryginalna wiadomość|исходное сообщение|"
    r"original besked|eredeti üzenet|orijinal mesaj|原始邮件|原始郵件|original email|original-mail|urspr\. nachricht|reply above)"
    r"[\s:]{0,5}[-_=*]{0,60}[\s:]{0,3}$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^[\s>]{0,6}+(?:[-_=*]{2,60}+\s*(?:forwarded message|forwarded by .{0,100}|weitergeleitete nachricht|message transféré|message transmis|"
    r"mensaje reenviado|mensagem encaminhada|messaggio inoltrato|doorgestuurd bericht|videresendt meddelelse|vidarebefordrat meddelande|"
    r"přeposlaná zpráva|wiadomość przekazana dalej|пересылаемое сообщение|перенаправленное сообщение|begin forwarded message|fwd)"
    r"\s*[-_=*]{0,60}\s*|begin forwarded message:?|anfang der weitergeleiteten (?:nachricht|e-mail):?|début du message (?:réexpédié|transféré)\s*:?|"
    r"inicio del mensaje reenviado:?|inizio messaggio inoltrato:?|begin doorgestuurd bericht:?|vidarebefordrat brev:?|"
    r"videresendt besked:?|alkoi välitetty viesti:?|forwarded message:?)$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"^[\s>*_|]{0,6}\*{0,2}(from|sent|to|date|subject|cc|reply-to|von|gesendet(?: am)?|an|datum|betreff|kopie|de|envoyé(?: le)?|à|objet|sujet|copie à|"
    r"enviado(?: el| em)?|para|asunto|assunto|fecha|data|da|inviato|a|oggetto|risposta|van|verzonden|aan|onderwerp|från|skickat|till|ämne|fra|sendt|til|emne|"
    r"lähettäjä|lähetetty|vastaanottaja|aihe|od|wysłano|wysłane|do|temat|odesláno|odoslané|komu|předmět|predmet|от|отправлено|дата|кому|тема|"
    r"kimden|gönderme tarihi|gönderildi|kime|konu|feladó|elküldve|címzett|tárgy|发件人|发送时间|收件人|主题|日期|寄件者|收件者|主旨|差出人|送信日時|宛先|件名|"
    r"보낸 사람|보낸 날짜|받는 사람|제목|expéditeur|destinataire|remitente|destinatario|mittente|organization)\s{0,3}\*{0,2}\s{0,3}[:：]\*{0,2}\s{0,3}(.{0,500})$",
    re.IGNORECASE,
)
_SENDER_FIELDS = {"from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "od", "от", "kimden", "feladó", "发件人", "寄件者", "差出人",
                  "보낸 사람", "expéditeur", "remitente", "mittente"}  # fmt: skip
_DAY_AND_TIME = re.compile(r"\b(?:19|20)\d\d\b.{1,20}\d{1,2}[:.]\d\d|\d{1,2}[:.]\d\d.{1,20}\b(?:19|20)\d\d\b")
_DATED = re.compile(r"[\d@]|--")
_GROUP = re.compile(r"\(\?:[^()]*(?:\([^()]*\)[^()]*)*\)")
_WROTE_STEMS = tuple({word[:4].rstrip() for word in _GROUP.sub("", _WROTE).split("|")})
"""How those words begin. Looking for a few letters is a hundred times quicker than looking for the pattern."""
_JUNK = re.compile(r"^\s{0,8}(?:ᐧ|([-*#~=_+])(?:\s?\1){1,}|\u200c+)\s*$")
_ABOVE = re.compile(r"(?i)(?:reply|write|please type|type your (?:reply|response)|respond|antworten?|schreiben|répondre|écrire|antwoord|reageer|escriba|responda).{0,30}(?:above|over|oberhalb|über|au-dessus|ci-dessus|boven|encima|acima).{0,30}(?:line|linie|zeile|ligne|lijn|línea|linha|reply|diese)?")  # fmt: skip


_CLOSING = re.compile(rf"^>\s?(?:{_WROTE})\s?:\s*$", re.IGNORECASE)
"""The end of an attribution whose address stood on lines of its own: no quote, whatever it begins with."""


class _Attributions:
    """Finds attributions ("On … wrote:"). Looking costs, so it stops after as many tries as any honest mail needs."""

    tries = 4000

    def __call__(self, lines: list[str], index: int) -> int:
        """The line after an attribution that begins here, 0 where none does. It may span some lines."""
        line = lines[index][:_MAX_LINE].strip()
        if not line or len(line) > 500 or self.tries <= 0:
            return 0
        if self._is_whole(line):
            return index + 1
        if not _ATTRIBUTION_START.match(line):
            return 0
        joined = line
        for offset, following in enumerate(lines[index + 1 : index + 6], 2):
            following = following[:_MAX_LINE].strip()
            if not following and not _goes_on(lines, index + offset):
                return 0
            joined = f"{joined} {following}".strip()
            if len(joined) > 600:
                return 0
            if self._is_whole(joined):
                return index + offset
        return 0

    def _is_whole(self, line: str) -> bool:
        if not _DATED.search(line):
            small = line.lower()
            if not any(stem in small for stem in _WROTE_STEMS):
                return False
        self.tries -= 1
        return bool(_ATTRIBUTION.match(line))


def _goes_on(lines: list[str], index: int) -> bool:
    """A blank line inside an attribution: some programs break it before the address."""
    return index < len(lines) and lines[index].strip() == "<"


def split(text: str, marker: str = "", sender: str = "") -> Split:
    """The new part and the quoted part of a mail's text.

    `marker` is what our mails begin with, `sender` the sender's display name, by which a signature is known.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")[:MAX_TEXT].replace("\u2028", "\n")
    lines = _one_thing_a_line(text)
    attribution_end = _Attributions()
    end = _end_of_new(attribution_end, lines, marker)
    kept, folded, tail = lines[:end], [], lines[end:]
    for _ in range(4):  # a signature may stand under a quote, and a quote under a signature
        before = len(kept)
        kept, above, below = _without_quotes(attribution_end, kept)
        kept, signature = without_signature(kept)
        kept, name = without_name(kept, sender)
        folded += above
        tail = [*name, *signature, *below, *tail]
        if len(kept) == before:
            break
    kept, attributions = _without_attributions(attribution_end, kept)
    visible = "\n".join(kept).strip("\n").rstrip()
    if not visible.strip() or len(kept) == len(lines):
        return Split(text.strip("\n").rstrip(), "")
    return Split(visible, "\n".join([*folded, *attributions, *tail]).strip("\n"))


def _one_thing_a_line(text: str) -> list[str]:
    """The lines, an attribution that shares its line with an answer put below it."""
    lines = []
    for line in text.split("\n"):
        line = line.rstrip()
        shared = _SHARED_LINE.match(line) if line.endswith("wrote:") and len(line) < 600 else None
        if shared and not shared[1].lstrip().startswith(">"):
            lines += [shared[1].rstrip(" -"), shared[2]]
        else:
            lines.append(line)
    return lines


def _end_of_new(attribution_end: _Attributions, lines: list[str], marker: str) -> int:
    """Where the answered mail begins and nothing new follows."""
    forwards = False
    all_quoted_below = _quoted_below(lines)
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    for index, line in enumerate(lines[:_MAX_LINES]):
        short = line[:_MAX_LINE]
        if marker and marker in short and not short.startswith(">"):
            return _with_attribution(attribution_end, lines, index)
        if not any(map(str.isalpha, short)):
            continue
        forwards = forwards or bool(_FORWARDED.match(short))
        if forwards:
            continue
        if index and short.lstrip()[0] in "#-=*_~" and _ABOVE.search(short[:200]):
            return _with_attribution(attribution_end, lines, index)
        if _ORIGINAL.match(short) and not short.lstrip().startswith(">"):
            return index
        if _is_header_block(lines, index):
            return before_rule(lines, index)
        # What follows an attribution at the very beginning may be the answer.
        after = attribution_end(lines, index) if not short.startswith(">") and index != first else 0
        if after and all_quoted_below(after):
            # "He wrote:" above plain words may be the sender's own: a date, an address or a mark makes it a program's.
            said = " ".join(lines[index:after])
            if _DATED.search(said) or any(is_quote(line) for line in lines[after : after + 5]):
                return index
    return len(lines)


def _quoted_below(lines: list[str]) -> Callable[[int], bool]:
    """A test whether, from a line on, either everything is marked as quoted or nothing is (in constant time)."""
    marked, written = [0] * (len(lines) + 1), [0] * (len(lines) + 1)
    for index in range(len(lines) - 1, -1, -1):
        is_marked = lines[index].startswith((">", "|")) and not _CLOSING.match(lines[index][:40])
        marked[index] = marked[index + 1] + is_marked
        written[index] = written[index + 1] + bool(lines[index].strip() and not is_marked)
    return lambda index: not (marked[index] and written[index])


def _with_attribution(attribution_end: _Attributions, lines: list[str], index: int) -> int:
    """A line of ours may stand below the line that says who wrote."""
    for above in range(max(0, index - 4), index):
        if attribution_end(lines, above):
            return above
    return index


def _is_header_block(lines: list[str], index: int) -> bool:
    """Three fields of a mail's header in a row, its sender among them, as Outlook puts above what it quotes; or
    two, where they are an address and a date.
    """
    first = _FIELD.match(lines[index][:_MAX_LINE])
    if not first or lines[index].lstrip().startswith(">"):
        return False
    names, blanks = {first[1].lower()}, 0
    if index and not lines[index - 1].strip() and names & _SENDER_FIELDS and "@" in first[2]:
        second = _FIELD.match(lines[index + 1][:_MAX_LINE]) if index + 1 < len(lines) else None
        if second and _DAY_AND_TIME.search(second[2]):
            return True
    for line in lines[index + 1 : index + 12]:
        if not line.strip():
            blanks += 1
            if blanks > 1 + len(names):
                break
            continue
        field = _FIELD.match(line[:_MAX_LINE])
        if field:
            names.add(field[1].lower())
        elif not line.startswith((" ", "\t", "<")) and len(names) < 2:
            return False
        if len(names) >= 3 and names & _SENDER_FIELDS:
            return True
    return False


def _without_quotes(
    attribution_end: _Attributions, lines: list[str]
) -> tuple[list[str], list[str], list[str]]:
    """Fold quotes at the beginning (where an attribution leads them) and at the end: what stays, and both folds.

    Those between new lines stay, as what the answers refer to.
    """
    start, end = 0, len(lines)
    if after := _led_quote(attribution_end, lines):
        start = after
        while start < end and (is_quote(lines[start]) or not lines[start].strip()):
            start += 1
    if start >= end:
        start = 0
    last = end
    while last > start and (is_quote(lines[last - 1]) or _is_idle(lines[last - 1])):
        last -= 1
    if last > start and any(is_quote(line) for line in lines[last:end]):
        for back in range(1, 7):
            if last - back > start and attribution_end(lines, last - back):
                last -= back
                break
        end = last
    elif last > start:
        end = last
    return lines[start:end], lines[:start], lines[end:]


def _is_idle(line: str) -> bool:
    return not line.strip() or bool(_JUNK.match(line[:100]))


def _led_quote(attribution_end: _Attributions, lines: list[str]) -> int:
    """Where the quote begins whose attribution is the first thing said; 0 without one."""
    for index, line in enumerate(lines[:20]):
        if line.strip():
            after = attribution_end(lines, index)
            following = next((one for one in lines[after : after + 4] if one.strip()), "") if after else ""
            return after if is_quote(following) else 0
    return 0


def _without_attributions(attribution_end: _Attributions, lines: list[str]) -> tuple[list[str], list[str]]:
    """Quotes between answers stay; the lines that say who wrote them are folded."""
    kept: list[str] = []
    folded: list[str] = []
    index = 0
    while index < len(lines):
        after = attribution_end(lines, index) if lines[index].strip() and not is_quote(lines[index]) else 0
        following = next((one for one in lines[after : after + 3] if one.strip()), "") if after else ""
        if after and (is_quote(following) or not kept) and following:
            folded += lines[index:after]
            index = after
        else:
            kept.append(lines[index])
            index += 1
    return kept, folded
