"""Bytes of unknown or wrongly declared character sets into text, without ever raising. Pure: no Django.

What senders declare is a hint. The order tried: what is declared, UTF-8 (whose structure proves itself), a
guess from the bytes, and at last Windows-1252, which can read anything. The result never holds NUL, lone
surrogates or a byte order mark.
"""

import codecs
import re

from charset_normalizer import from_bytes

# Labels seen in real mail that Python does not know, or that it reads more narrowly than senders write them.
# The wide readings are those of the WHATWG encoding standard: a superset never reads a correct text wrongly.
ALIASES = {
    "ascii": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "chinesebig5": "big5hkscs",
    "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "unicode": "utf-16",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-user-defined": "",
    "unknown": "",
    "x-unknown": "",
    "unknown-8bit": "",
    "8bit": "",
    "binary": "",
    "default": "",
    "default_charset": "",
    "none": "",
}

_SURROGATES = re.compile("[\ud800-\udfff\x00]")
_PAIRS = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_GUESS_BYTES = 20_000
_NOT_TEXT = {
    "base64",
    "hex",
    "bz2",
    "zip",
    "zlib",
    "uu",
    "quopri",
    "rot13",
    "idna",
    "punycode",
    "unicode_escape",
    "undefined",
    "raw_unicode_escape",
    "mbcs",
    "oem",
    "rot_13",
    "hex_codec",
    "base64_codec",
}


def codec_for(label: str | None) -> str:
    """The Python codec for a declared label, or "" where it names none that turns bytes into text."""
    name = (label or "").strip().strip("\"'<>").lower().replace(" ", "")
    name = name.split("*", 1)[0]  # RFC 2231 allows a language after the charset of an encoded word
    if name in ALIASES:
        return ALIASES[name]
    for candidate in (name, re.sub(r"^(cp|windows|iso|utf)[-_]", r"\1", name), re.sub(r"^x-", "", name)):
        if candidate in ALIASES:
            return ALIASES[candidate]
        try:
            found = codecs.lookup(candidate)
        except (LookupError, ValueError, UnicodeError):
            continue
        if found.name not in _NOT_TEXT and getattr(found, "_is_text_encoding", True):
            return ALIASES.get(found.name, found.name)
    return ""


def scrub(text: str) -> str:
    """`text` without what a database or a page cannot hold: NUL and lone surrogates become U+FFFD."""
    if not _SURROGATES.search(text):
        return text
    text = _PAIRS.sub(lambda m: m.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _SURROGATES.sub("\ufffd", text)


def decode(data: bytes, declared: str | None = None, hints: tuple[str, ...] = ()) -> str:
    """`data` as text. `hints` are labels to try where the declared one is missing or does not fit."""
    text, _ = decode_naming(data, declared, hints)
    return text


def decode_naming(data: bytes, declared: str | None = None, hints: tuple[str, ...] = ()) -> tuple[str, str]:
    """`data` as text, and the codec that read it."""
    codec = codec_for(declared)
    if codec in ("", "us-ascii") and data.isascii() and b"\x1b" not in data:
        return scrub(data.decode("ascii")), "us-ascii"
    if b"\x00" in data and codec not in ("utf-16", "utf-32", "utf-16-le", "utf-16-be"):
        wide = _wide(data)
        if wide:
            return scrub(data.decode(wide, "replace")).lstrip("\ufeff"), wide
    order = [codec] if codec not in ("", "us-ascii") else []
    order.append("utf-8")
    order += [name for name in map(codec_for, hints) if name not in ("", "us-ascii")]
    for name in dict.fromkeys(order):
        if name == "cp1252" and codec == name and _is_utf8(data):
            name = "utf-8"  # mis-labelled far more often than a real text of that shape
        try:
            return scrub(data.decode(name)).lstrip("\ufeff"), name
        except (UnicodeError, LookupError, ValueError):
            continue
    return _rescue(data, codec)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _wide(data: bytes) -> str:
    """A UTF-16 or UTF-32 text that its label does not admit, told by its mark or by every other byte being
    NUL.
    """
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return name
    sample = data[:2000]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) * 0.35 and even < len(sample) * 0.05:
        return "utf-16-le"
    if even > len(sample) * 0.35 and odd < len(sample) * 0.05:
        return "utf-16-be"
    return ""


def _rescue(data: bytes, codec: str) -> tuple[str, str]:
    """Nothing fits exactly: the reading with the least damage."""
    if codec not in ("", "us-ascii", "cp1252"):
        text = data.decode(codec, "replace")
        bad = text.count("\ufffd")
        good = sum(1 for sign in text[:_GUESS_BYTES] if sign > "\x7f") - bad
        if bad <= good and bad <= max(2, len(text) // 50):
            return scrub(text).lstrip("\ufeff"), codec
    if codec != "cp1252" and _mostly_high(data):
        best = from_bytes(data[:_GUESS_BYTES]).best()
        if best is not None:
            name = codec_for(best.encoding) or best.encoding
            try:
                return scrub(data.decode(name)).lstrip("\ufeff"), name
            except (UnicodeError, LookupError):
                pass
    return scrub(data.decode("latin-1" if _has_c1_gap(data) else "cp1252", "replace")), "cp1252"


def _mostly_high(data: bytes) -> bool:
    """Whether the letters of a text are mainly outside ASCII: below that, it is a Western text with some
    accents.
    """
    sample = data[:_GUESS_BYTES]
    high = sum(1 for byte in sample if byte > 127)
    return high > 3 and high > 0.3 * sum(1 for byte in sample if byte > 64)


def _has_c1_gap(data: bytes) -> bool:
    """Bytes that Windows-1252 leaves undefined."""
    return any(byte in data for byte in b"\x81\x8d\x8f\x90\x9d")
