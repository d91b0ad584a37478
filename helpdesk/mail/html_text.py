"""HTML mail as readable plain text: one pass over the parsed page, its quoted parts marked with `>`. Pure."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from helpdesk.mail.anchor import ANCHOR_ID
from helpdesk.markup import crude_text, is_too_deep

MAX_NODES = 200_000
_SKIPPED = {
    "head",
    "style",
    "script",
    "title",
    "template",
    "noscript",
    "textarea",
    "select",
    "svg",
    "math",
    "object",
    "iframe",
}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "header", "hr", "li", "main", "nav", "ol", "pre", "section", "summary",
    "table", "tbody", "thead", "tfoot", "tr", "ul",
}  # fmt: skip
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}
_WHITE = re.compile(r"[ \t\r\n\f\u200b\ufeff]+")
# What mail programs wrap the mail they answer in, as CSS selectors.
QUOTES = (
    "blockquote[type=cite]",
    "div.gmail_quote",
    "div.gmail_extra > div.gmail_quote",
    "div.yahoo_quoted",
    "div.moz-cite-prefix",
    "div.protonmail_quote",
    "div.zmail_extra",
    "blockquote.protonmail_quote",
    "div.ms-outlook-mobile-reference-message",
    "div#mail-editor-reference-message-container",
    "div.OutlookMessageHeader",
    "blockquote#oriMsgHtmlSeperator",
    "blockquote.mailru-blockquote",
)
# Marks after which everything that follows is the mail that is answered.
CUTS = (
    f'[id$="{ANCHOR_ID}"]',
    "div#divRplyFwdMsg",
    "hr#stopSpelling",
    "div#appendonsend",
    "div#OLK_SRC_BODY_SECTION",
    "hr#replySplit",
    "a[name=_MailOriginal]",
)


def to_text(html: str) -> str:
    """The words of `html` in lines. Lines of what it quotes begin with `>`, what follows a reply header is
    quoted as well.
    """
    if is_too_deep(html):
        return crude_text(html)
    return _Writer(LexborHTMLParser(html)).run()


class _Writer:
    def __init__(self, tree: LexborHTMLParser) -> None:
        self.root = tree.body or tree.root
        self.root_id = self.root.mem_id if self.root is not None else 0
        self.lines: list[str] = []
        self.line = ""
        self.depth = 0
        self.kept = 0
        self.quotes = {node.mem_id for selector in QUOTES for node in tree.css(selector)}
        cuts = [node.mem_id for selector in CUTS for node in tree.css(selector)]
        self.cuts = set(cuts)
        self.is_cut = False

    def run(self) -> str:
        """Depth first without recursion: a mail may nest a hundred thousand elements."""
        node, seen = self.root, 0
        if node is None:
            return ""
        while seen < MAX_NODES:
            seen += 1
            entered = self._enter(node)
            following = node.first_child if entered else None
            while following is None:
                if entered:
                    self._leave(node)
                if node.mem_id == self.root_id:
                    return self._finish()
                following = node.next
                if following is None:
                    node, entered = node.parent, True
                    if node is None:
                        return self._finish()
            node = following
        return self._finish()

    def _enter(self, node: LexborNode) -> bool:
        """Write what precedes the children; False where they are to be left out."""
        tag = node.tag or "-"
        if tag == "-text":
            self._words(node.text_content or "")
            return False
        if tag in _SKIPPED or tag.startswith("-") or tag == "_comment":
            return False
        if node.mem_id in self.cuts and not self.depth:
            self._end_line()
            self.is_cut = True
        if tag == "br":
            self._end_line(force=True)
        elif tag in _SPACED:
            self._end_line()
            self._blank()
        elif tag in _BLOCKS:
            self._end_line()
        if node.mem_id in self.quotes:
            self.depth += 1
        if tag == "li":
            self.line = "- "
        elif tag == "pre":
            self.kept += 1
        elif tag in ("td", "th") and self.line.strip():
            self.line += "  "
        elif tag == "hr":
            self.line = "-" * 20
            self._end_line()
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag
        if tag == "a":
            self._address(node)
        if tag in _BLOCKS or tag in _SPACED:
            self._end_line()
        if tag in _SPACED:
            self._blank()
        if node.mem_id in self.quotes:
            self._end_line()
            self.depth -= 1
        if tag == "pre":
            self.kept -= 1

    def _address(self, node: LexborNode) -> None:
        """Where a link leads, unless its words say so."""
        href = (node.attributes.get("href") or "").strip()
        if not re.match(r"(?i)https?://", href) or len(href) > 500:
            return
        bare = re.sub(r"(?i)^https?://(www\.)?|/$", "", href)
        if bare.lower() not in self.line.lower():
            self.line = f"{self.line.rstrip()} <{href}>"

    def _words(self, text: str) -> None:
        if self.kept:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.line += first
            for line in rest:
                self._end_line(force=True)
                self.line = line
            return
        words = _WHITE.sub(" ", text)
        if not self.line:
            words = words.lstrip(" ")
        elif self.line.endswith(" "):
            words = words[1:] if words.startswith(" ") else words
        self.line += words

    def _mark(self) -> str:
        depth = self.depth + (1 if self.is_cut else 0)
        return "> " * min(depth, 10)

    def _end_line(self, force: bool = False) -> None:
        line = self.line.rstrip().replace("\xa0", " ")
        self.line = ""
        if line.strip() or force:
            self.lines.append((self._mark() + line).rstrip())

    def _blank(self) -> None:
        if self.lines and self.lines[-1].strip("> "):
            mark = self._mark().rstrip()
            self.lines.append(mark if self.lines[-1].startswith(mark) else "")

    def _finish(self) -> str:
        self._end_line()
        following = [*self.lines[1:], ""]
        kept = zip(self.lines, following, strict=False)
        text = "\n".join(
            "" if not line.strip("> ") and not after.startswith(">") else line for line, after in kept
        )
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n")
