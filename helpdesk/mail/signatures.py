# ruff: noqa: E501  (tables of the words that people and programs end mails with)
"""What a mail is signed with: below a mark, as a line that a device adds, or by a farewell and a name. Pure and linear."""

import re

from helpdesk.mail.lines import before_rule, is_quote

_SIGNATURE = re.compile(r"^[\s>]{0,3}(?:--|__|---)\s{0,2}$")
_FOOTER = re.compile(r"^\s{0,3}_{20,}\s*$")
_DEVICE = re.compile(
    r"^\W{0,3}(?:sent (?:from|via|with|using) (?:my |the |an? )?[^\s,][^,.]{0,50}(?:, ?(?:please|sorry|pardon|excuse|so ).{0,60})?|get outlook for .{1,20}|from my .{1,30}|"
    r"(?:von meinem|von unterwegs|gesendet (?:von|mit|aus)|diese nachricht wurde von) .{1,80}|envoyé (?:de|depuis|à partir) .{1,60}|"
    r"enviado (?:desde|do|de|através) .{1,60}|inviato (?:da|dal) .{1,60}|verzonden (?:vanaf|via|met|door|vanuit) .{1,60}|"
    r"skickat från .{1,60}|sendt fra .{1,60}|lähetetty .{1,60}|wysłane z .{1,60}|odesláno z .{1,60}|отправлено (?:с|из) .{1,60}|"
    r"iphone'?(?:dan|umdan) gönderildi|発信元.{0,40}|iPhoneから送信|发自我的.{0,40}|從我的 .{1,30}傳送|나의 .{1,30}에서 보냄|enviat des .{1,50}|"
    r"hanki outlook .{1,30}|outlook für .{1,20} (?:beziehen|herunterladen)|télécharge[rz] outlook .{1,30}|yahoo! mail .{0,50})(?:<https?://\S{1,200}>)?\.?$",
    re.IGNORECASE,
)
_DEVICE_WORD = re.compile(r"(?i)i?phone|ipad|android|blackberry|mobile|mail|outlook|samsung|galaxy|windows|device|handy|smartphone|nokia|tablet|huawei|app|proton|spark|airmail|boxer|htc|sparrow|mobil|verizon|sony|htc|mac|ipod|treo|palm")  # fmt: skip
_NAME = r"[^\W\d_][\w.'’-]{0,30}"
_SIGNED = re.compile(rf"^[-/~]{_NAME}(?: {_NAME}){{0,3}}\.?$")
_POSTSCRIPT = re.compile(r"(?i)p\.?\s?p?\.?s\b")
_FAREWELL = re.compile(
    r"^\W{0,3}(?:(?:with |many |kind |kindest |best |warm |warmest |my )*(?:regards|wishes)|best|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|"
    r"rgds|cheers|mfg|vg|lg|mvh|vh|(?:mit )?(?:freundliche[nm]?|besten?|viele[n]?|liebe[n]?|herzliche[n]?|schöne[n]?) (?:grüße[n]?|grüsse[n]?|gruesse[n]?|gruß|gruss)|"
    r"(?:med )?(?:venlig|vennlig|kærlig|beste|bedste) (?:hilsen|hilsener)|(?:med )?(?:vänliga?|bästa|varma) hälsning(?:ar)?|hälsningar|ystävällisin terveisin|"
    r"(?:bien )?cordialement|bien à (?:vous|toi)|(?:mes |nos )?(?:meilleures )?salutations|salutations distinguées|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|atenciosamente|cumprimentos|abraços|"
    r"(?:cordiali|distinti) saluti|saluti|(?:met )?(?:vriendelijke |hartelijke )?(?:groet(?:en|jes)?)|mvg|pozdrowienia|(?:s )?(?:přátelským )?pozdravem|敬具|此致|(?:z poważaniem|pozdrawiam)|s pozdravem|с уважением|üdvözlettel|saygılarımla)"
    r"\W{0,3}$",
    re.IGNORECASE,
)


def without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """Fold what follows a signature mark, a list's footer, and lines that a device adds; never all there is."""
    end = len(lines)
    for index in range(len(lines) - 1, max(0, len(lines) - 40), -1):
        line = lines[index]
        below = lines[index + 1 : end]
        if (
            (_SIGNATURE.match(line[:100]) and not any(is_quote(one) for one in below))
            or (
                _FOOTER.match(line[:200])
                and len(below) < 8
                and any("mail" in one or "://" in one for one in below)
            )
            or (
                len(line) < 120
                and _DEVICE.match(line.strip())
                and _DEVICE_WORD.search(line)
                and sum(1 for one in below if one.strip()) <= 2
            )
        ):
            end = index
    if not any(line.strip() for line in lines[:end]):
        end = len(lines)
    return lines[:end], lines[end:]


def without_name(lines: list[str], sender: str) -> tuple[list[str], list[str]]:
    """Fold what a mail is signed with where no mark sets it apart: a farewell and the name, the name alone
    behind a dash, or a last block that begins with the name of the `sender`; never all there is.
    """
    lines, blank = _to_last_word(lines)
    block = len(lines)
    while block and lines[block - 1].strip():
        block -= 1
    if not any(line.strip() for line in lines[:block]):
        return [*lines, *blank], []
    start = _signed_from(lines, block) or _named_from(lines, sender)
    if not start or not any(line.strip() for line in lines[:start]):
        return [*lines, *blank], []
    return lines[:start], [*lines[start:], *blank]


def _to_last_word(lines: list[str]) -> tuple[list[str], list[str]]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end], lines[end:]


def _signed_from(lines: list[str], block: int) -> int:
    """Where a signature begins within the last lines, 0 where there is none: a name alone behind a dash, or a
    farewell on a line of its own that ends the mail or has a name below it, and nothing but contacts after.
    """
    last = lines[block:]
    if len(last) == 1 and _SIGNED.match(last[0].strip()[:120]):
        return block
    for index in range(max(1, len(lines) - 20), len(lines)):
        if _FAREWELL.match(lines[index].strip()[:80]) and _are_contacts(lines[index + 1 :]):
            return index
    return 0


def _are_contacts(lines: list[str]) -> bool:
    """Whether the first of these lines can be a name and none of the others is anything said."""
    if not lines:
        return True
    first = lines[0].strip().strip("-–—,.*_")
    is_name = bool(re.fullmatch(rf"{_NAME}(?: {_NAME}){{0,3}}", first[:120])) and not first[:1].islower()
    return is_name and all(_is_contact(line.strip()) for line in lines[1:])


def _is_contact(line: str) -> bool:
    """A line as it stands in a signature: a place, a number, an address, a title; no sentence and no postscript."""
    if len(line) > 90 or _POSTSCRIPT.match(line):
        return False
    is_reference = bool(re.search(r"@|://|www\.|\d{3}|\|", line))
    return is_reference or (len(line.split()) <= 6 and not line.endswith(("?", "!", ":", ".")))


def _named_from(lines: list[str], sender: str) -> int:
    """Where, within the last lines, a paragraph begins with the sender's own name; 0 where none does."""
    words = [word for word in re.findall(r"\w+", sender.lower()) if len(word) > 1][:6]
    if len(words) < 2:
        return 0
    for index in range(len(lines) - 1, max(0, len(lines) - 20), -1):
        if lines[index - 1].strip():
            continue
        found = re.findall(r"\w+", lines[index][:120].lower())
        if set(words) <= set(found) and len(found) <= len(words) + 2:
            below = lines[index + 1 :]
            if all(len(line) < 80 and not line.rstrip().endswith(("?", "!")) for line in below):
                return before_rule(lines, index)
    return 0
