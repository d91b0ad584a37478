"""Own icons, drawn on a 16 px grid with a 1.5 px stroke and round ends; `class="solid"` marks the filled status glyphs.

They are inlined rather than fetched: a glyph carries meaning beside its word and must be there with the first paint.
"""

from functools import lru_cache

from markupsafe import Markup

PATHS: dict[str, str] = {
    "alert": '<path class="strong" d="M8 2.5v6.6M8 13v.1"/>',
    "at": '<circle cx="8" cy="8" r="2.6"/><path d="M10.6 5.4v3.4c0 2.6 3.4 2 3.4-.8a6 6 0 1 0-2.4 4.8"/>',
    "back": '<path d="M10 4 6 8l4 4"/>',
    "bell": '<path d="M4.5 7a3.5 3.5 0 0 1 7 0c0 3.2 1.2 4 1.2 4H3.3s1.2-.8 1.2-4"/><path d="M6.8 13.4a1.4 1.4 0 0 0 2.4 0"/>',
    "book": '<path d="M8 3.6C6.4 2.8 4.4 2.6 2.5 2.8v9.8c1.9-.2 3.9 0 5.5.8 1.6-.8 3.6-1 5.5-.8V2.8c-1.9-.2-3.9 0-5.5.8Zm0 0v9.8"/>',
    "box": '<path d="M2.5 9.5 4.2 3.6h7.6l1.7 5.9v2.9h-11Z"/><path d="M2.5 9.5h3l1 1.5h3l1-1.5h3"/>',
    "calendar": '<rect x="2.5" y="3.5" width="11" height="10" rx="1"/><path d="M2.5 6.8h11M5.5 2v2.6M10.5 2v2.6"/>',
    "chart": '<path d="M2.5 13.5h11M4.5 11V8M8 11V3.5M11.5 11V6"/>',
    "check": '<path d="m3 8.6 3.2 3.2L13 5"/>',
    "clock": '<circle cx="8" cy="8" r="5.6"/><path d="M8 4.9V8l2.1 1.4"/>',
    "close": '<path d="m4 4 8 8M12 4l-8 8"/>',
    "down": '<path d="m5 6.8 3 3 3-3"/>',
    "arrow-down": '<path d="M8 3v10M4.5 9.5 8 13l3.5-3.5"/>',
    "arrow-up": '<path d="M8 13V3M4.5 6.5 8 3l3.5 3.5"/>',
    "download": '<path d="M8 2.5v7.3M4.8 6.8 8 10l3.2-3.2M3 13.2h10"/>',
    "eye": '<path d="M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8Z"/><circle cx="8" cy="8" r="1.8"/>',
    "file": '<path d="M9 2.5H4v11h8v-8Z"/><path d="M9 2.5v3h3"/>',
    "filter": '<path d="M2 4.5h12M4.5 8h7M6.5 11.5h3"/>',
    "flag": '<path d="M3.5 14V2.6h8.6L10.4 6l1.7 3.4H3.5"/>',
    "forward": '<path d="m6 4 4 4-4 4"/>',
    "globe": '<circle cx="8" cy="8" r="5.6"/><path d="M2.4 8h11.2M8 2.4c3.4 3.6 3.4 7.6 0 11.2-3.4-3.6-3.4-7.6 0-11.2Z"/>',
    "image": '<rect x="2.5" y="3" width="11" height="10" rx="1"/><path d="m2.8 11.5 3.4-3.6 2.4 2.4 1.8-1.6 2.8 2.6"/><circle cx="10.6" cy="5.9" r=".9"/>',
    "key": '<circle cx="5.4" cy="10.6" r="2.9"/><path d="m7.6 8.4 5-5M10.6 5.4l1.8 1.8"/>',
    "list": '<path d="M6 4h8M6 8h8M6 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1"/>',
    "lock": '<rect x="3.2" y="7" width="9.6" height="6.5" rx="1"/><path d="M5.4 7V5.1a2.6 2.6 0 0 1 5.2 0V7"/>',
    "mail": '<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="m2.6 4.6 5.4 4 5.4-4"/>',
    "moon": '<path d="M13 9.6A5.6 5.6 0 1 1 6.6 3a4.6 4.6 0 0 0 6.4 6.6Z"/>',
    "pause": '<path class="strong" d="M5.4 3.5v9M10.6 3.5v9"/>',
    "pen": '<path d="m3 13 .8-3.2 7-7 2.4 2.4-7 7Z"/>',
    "person": '<circle cx="8" cy="5.2" r="2.7"/><path d="M3.2 13.5c.3-2.8 2.2-4.3 4.8-4.3s4.5 1.5 4.8 4.3"/>',
    "people": '<circle cx="6" cy="5.4" r="2.4"/><path d="M1.8 13c.2-2.5 1.9-3.9 4.2-3.9s4 1.4 4.2 3.9M10.6 3.3a2.4 2.4 0 0 1 0 4.2M11.8 9.4c1.4.5 2.2 1.8 2.4 3.6"/>',
    "phone": '<path d="M5.2 2.6 3 3.6c-.4 4.8 4.6 9.8 9.4 9.4l1-2.2-2.6-1.7-1.5 1.2c-1.5-.8-2.8-2.1-3.6-3.6l1.2-1.5Z"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "reply": '<path d="M6.2 3.5 2.5 7.2l3.7 3.7M2.7 7.2h6.3c2.8 0 4.5 1.8 4.5 5.3"/>',
    "saved": '<rect x="2.5" y="2.5" width="11" height="11" rx="1.5"/><path d="m9.6 5.3-3.2 5.4"/>',
    "search": '<circle cx="7" cy="7" r="4.3"/><path d="m10.3 10.3 3.4 3.4"/>',
    "settings": '<path d="M2.5 4.8h6M12 4.8h1.5M2.5 11.2H4M7.5 11.2h6"/><circle cx="10.2" cy="4.8" r="1.7"/><circle cx="5.8" cy="11.2" r="1.7"/>',
    "star": '<path d="m8 2.3 1.7 3.7 4 .5-3 2.8.8 4L8 11.3l-3.5 2 .8-4-3-2.8 4-.5Z"/>',
    "tag": '<path d="M2.5 7.7V2.5h5.2l5.9 5.9-5.2 5.2Z"/><path d="M5.3 5.3h.1"/>',
    "team": '<circle cx="6" cy="5.4" r="2.4"/><path d="M1.8 13c.2-2.5 1.9-3.9 4.2-3.9s4 1.4 4.2 3.9M10.6 3.3a2.4 2.4 0 0 1 0 4.2M11.8 9.4c1.4.5 2.2 1.8 2.4 3.6"/>',
    "clip": '<path d="m13 7.4-5 5a3.1 3.1 0 0 1-4.4-4.4l5.3-5.3a2 2 0 0 1 2.9 2.9l-5.2 5.2a1 1 0 0 1-1.5-1.4l4.5-4.6"/>',
    "trash": '<path d="M3 4.5h10M6.2 4.3V2.8h3.6v1.5M4.3 4.7l.6 8.5h6.2l.6-8.5M6.8 7v4M9.2 7v4"/>',
    "unassigned": '<circle cx="8" cy="8" r="5.6" stroke-dasharray="2.2 2.2"/><path d="M8 5.8v4.4M5.8 8h4.4"/>',
    "undo": '<path d="M5.5 3 2.5 6l3 3M2.8 6h6.4a4 4 0 0 1 0 8H6"/>',
    "leave": '<path d="M6.5 2.5h-4v11h4M10 4.5 13.5 8 10 11.5M13.2 8H6"/>',
    # Status glyphs: shape differs before colour does.
    "status-new": '<circle cx="8" cy="8" r="5"/>',
    "status-open": '<circle class="solid" cx="8" cy="8" r="5.6"/>',
    "status-waiting": '<circle cx="8" cy="8" r="5.6"/><path class="solid" d="M8 2.4a5.6 5.6 0 0 1 0 11.2Z"/>',
    "status-on_hold": '<path class="solid" d="M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z"/>',
    "status-resolved": '<path d="m3 8.6 3.2 3.2L13 5"/>',
    "status-closed": '<rect x="2.8" y="2.8" width="10.4" height="10.4" rx="1.5"/><rect class="solid" x="5.4" y="5.4" width="5.2" height="5.2" rx=".6"/>',
}


DIRECTED = frozenset({"back", "forward", "reply", "undo", "leave", "list"})
"""They point along the line, so they are turned round where lines run from right to left."""


@lru_cache(maxsize=256)
def icon(name: str, size: int = 16) -> Markup:
    """The drawing `name` as inline SVG, hidden from screen readers: the word beside it speaks. Raises KeyError if unknown."""
    extra = ("" if size == 16 else f" i--{size}") + (" i--directed" if name in DIRECTED else "")
    return Markup(f'<svg class="i{extra}" viewBox="0 0 16 16" aria-hidden="true">{PATHS[name]}</svg>')  # noqa: S704


@lru_cache(maxsize=8)
def bars(level: int) -> Markup:
    """Four bars of which `level` (1 to 4) are on; the missing ones stay as pale ground."""
    parts = [
        f'<rect class="{"on" if n < level else "off"}" x="{n * 4.5:g}" y="{9 - round(n * 2.667):g}" width="3" height="{3 + round(n * 2.667):g}" rx=".75"/>'
        for n in range(4)
    ]
    return Markup(f'<svg class="bars" viewBox="0 0 17 12" aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S704
