"""Foreign HTML made harmless: the one configuration of the one sanitiser (nh3), through which all of it
passes. Pure.

What is stored loads nothing by itself: every image keeps its address in `data-remote` or `data-cid`, and only
`for_display` turns those into a `src`: for our own attachments, and for pictures that we fetched ourselves
after the reader's consent; never for an address on another host. Display belongs
in a sandboxed frame with a policy of its own; this module does not rely on that, nor the frame on this.
"""

import re
from collections.abc import Mapping

import nh3
from selectolax.lexbor import LexborHTMLParser

from helpdesk.markup import is_too_deep

MAX_HTML = 1024 * 1024

_TAGS = {
    "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption",
    "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em",
    "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img",
    "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span",
    "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr",
    "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_GONE_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "math",
    "textarea",
    "select",
}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"},
    "a": {"href", "name"},
    "blockquote": {"type"},
    "font": {"color", "size", "face"},
    "img": {"alt", "data-remote", "data-cid"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "div": {"data-quote"},
}
_SHOWN_ATTRIBUTES = {**_ATTRIBUTES, "img": {"alt", "src", "data-remote"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
# Properties that change how words look but neither place them elsewhere nor fetch anything.
_PROPERTIES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left",
    "border-radius", "border-right", "border-spacing", "border-style", "border-top", "border-width", "color",
    "direction", "font", "font-family", "font-size", "font-style", "font-variant", "font-weight", "height",
    "letter-spacing", "line-height", "list-style-type", "margin", "margin-bottom", "margin-left",
    "margin-right", "margin-top", "max-width", "min-width", "padding", "padding-bottom", "padding-left",
    "padding-right", "padding-top", "text-align", "text-decoration", "text-indent", "text-transform",
    "vertical-align", "white-space", "width", "word-break", "word-wrap", "overflow-wrap",
}  # fmt: skip
_VALUE = re.compile(
    r"(?:[\w\s#.,%!+'\"-]|rgba?\([\d\s.,%]{1,60}\)|hsla?\([\d\s.,%]{1,60}\)){1,200}", re.ASCII
)
_NEGATIVE_SPACE = re.compile(r"(?i)^(?:margin|text-indent|letter-spacing)")
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]{1,400000}", re.ASCII)


def sanitized(html: str) -> str:
    """`html` as it may be stored: no script, form, frame, embedded thing or foreign style, and no image
    loaded by itself.

    Longer input is cut at `MAX_HTML` characters; what nests deeper than any honest page gives "".
    """
    html = html[:MAX_HTML].replace("\x00", "\ufffd")
    if is_too_deep(html):
        return ""
    tree = LexborHTMLParser(html)
    for image in tree.css("img"):
        _park(image)
    return _cleaner(_ATTRIBUTES).clean(_body_of(tree)).strip()


def for_display(stored: str, images: Mapping[str, str], fetched: Mapping[str, str] | None = None) -> str:
    """Stored HTML with its images put back: `images` maps a Content-ID to the path of our attachment,
    `fetched` a web address to the `data:` address of what we fetched from there.

    No other image has a source: it stays an empty place with its text.
    """
    tree = LexborHTMLParser(stored)
    fetched = fetched or {}
    allowed = {*images.values(), *fetched.values()}
    for image in tree.css("img"):
        cid, remote = image.attributes.get("data-cid"), image.attributes.get("data-remote") or ""
        known = images.get(cid or "", "") or fetched.get(remote, "")
        source = known or (remote if _DATA_IMAGE.fullmatch(remote) else "")
        for name in ("src", "data-cid"):
            if name in image.attributes:
                del image.attrs[name]
        if source:
            image.attrs["src"] = source
    return _cleaner(_SHOWN_ATTRIBUTES, frozenset(allowed)).clean(_body_of(tree))


def remote_images(stored: str) -> list[str]:
    """The web addresses of the images that stored HTML names on other hosts, in order, each once."""
    if not has_remote_images(stored):
        return []
    named = [image.attributes.get("data-remote") or "" for image in LexborHTMLParser(stored).css("img")]
    return list(dict.fromkeys(one for one in named if not one.startswith("data:") and _is_fetchable(one)))


def has_remote_images(stored: str) -> bool:
    """Whether stored HTML names images on other hosts."""
    return 'data-remote="http' in stored


def _body_of(tree: LexborHTMLParser) -> str:
    return (tree.body.html if tree.body is not None else tree.html) or ""


def _park(image: object) -> None:
    """Move an image's address where no browser follows it; tracking pixels vanish."""
    attributes = image.attributes  # type: ignore[attr-defined]
    source = (attributes.get("src") or "").strip()
    if _is_pixel(attributes) and not source.lower().startswith("cid:"):
        image.decompose()  # type: ignore[attr-defined]
        return
    for name in ("src", "srcset", "data-cid", "data-remote"):
        if name in attributes:
            del image.attrs[name]  # type: ignore[attr-defined]
    if source.lower().startswith("cid:"):
        image.attrs["data-cid"] = source[4:].strip("<> ")  # type: ignore[attr-defined]
    elif _is_fetchable(source):
        image.attrs["data-remote"] = source  # type: ignore[attr-defined]


def _is_pixel(attributes: Mapping[str, str | None]) -> bool:
    return (attributes.get("width") or "").strip() in ("0", "1") and (
        attributes.get("height") or ""
    ).strip() in ("0", "1")


def _is_fetchable(source: str) -> bool:
    return bool(re.match(r"(?i)https?://[^\s\"'<>]{1,2000}$", source) or _DATA_IMAGE.fullmatch(source))


def _cleaner(attributes: dict[str, set[str]], own_paths: frozenset[str] = frozenset()) -> nh3.Cleaner:
    def keep(element: str, attribute: str, value: str) -> str | None:
        if attribute == "style":
            return style(value) or None
        if attribute == "src":
            return value if value in own_paths or _DATA_IMAGE.fullmatch(value) else None
        if attribute == "data-remote":
            return value if _is_fetchable(value) else None
        if attribute == "href":
            return value if re.match(r"(?i)\s*(?:https?:|mailto:|tel:)", value) else None
        if attribute in (
            "width",
            "height",
            "border",
            "size",
            "cellpadding",
            "cellspacing",
            "colspan",
            "rowspan",
            "span",
            "start",
        ):
            return value if re.fullmatch(r"[+-]?\d{1,4}%?", value.strip()) else None
        return value

    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes=attributes,
        attribute_filter=keep,
        url_schemes=_SCHEMES | {"data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
        generic_attribute_prefixes=None,
    )


def style(value: str) -> str:
    """The declarations of a `style` attribute that only dress words, the others dropped (no `url()`, no
    position).
    """
    kept = []
    for declaration in value[:4000].split(";"):
        name, mark, worth = declaration.partition(":")
        name, worth = name.strip().lower(), worth.strip()
        if not mark or name not in _PROPERTIES or not _VALUE.fullmatch(worth):
            continue
        if _NEGATIVE_SPACE.match(name) and "-" in worth and re.search(r"-\s*[\d.]", worth):
            continue
        if name == "white-space" and worth.lower() not in ("normal", "pre", "pre-wrap", "nowrap", "pre-line"):
            continue
        kept.append(f"{name}:{worth}")
    return ";".join(kept)
