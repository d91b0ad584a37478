"""Guards in front of the HTML parsers: they are quadratic in the depth of a page and in the attributes of a
tag, and mail may be made of nothing else.
"""

import html
import re

MAX_DEPTH = 1000
MAX_ATTRIBUTES = 2000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
# Elements without an end, and those which the next of their kind ends.
_UNCOUNTED = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "o", "p", "li", "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "html", "head",
    "body", "v", "colgroup",
}  # fmt: skip


def is_too_deep(page: str) -> bool:
    """Whether a page nests deeper, or holds a tag with more attributes, than any person's mail does (roughly
    counted, in one pass).
    """
    if any(
        len(piece) > 2 * MAX_ATTRIBUTES and piece.count("=") > MAX_ATTRIBUTES for piece in page.split(">")
    ):
        return True
    depth = 0
    for tag in _TAG.finditer(page):
        if tag[2].lower() in _UNCOUNTED:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > MAX_DEPTH:
            return True
    return False


def crude_text(page: str) -> str:
    """The words of a page that no parser is let near."""
    page = re.sub(r"(?i)<(?:br|p|div|tr|li)\b", "\n<", page)
    return html.unescape(re.sub(r"<[^<>]{0,2000}>?", "", page)).strip()
