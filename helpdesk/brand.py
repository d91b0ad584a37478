"""The company's colour and footer on the pages that customers see: portal, survey, sign-in.

The colour is used as it was given wherever text in it, and text on it, can be read (`helpdesk.contrast`);
else each theme takes the nearest shade of it that can be.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format

from helpdesk import contrast
from helpdesk.company import company
from helpdesk.models import Company

LIGHT_GROUNDS = ("#ffffff", "#f6f7f9", "#e2effb", "#e2f4e9", "#fdf0d5", "#fce6e4")
DARK_GROUNDS = ("#1a1e25", "#12151a", "#232932", "#142b40", "#14301f", "#36270b", "#431a18")
"""What text in the colour stands on: surface, canvas, raised and the notices, as in tokens.css (a test)."""
ON_LIGHT, ON_DARK = "#ffffff", "#12151a"
"""Text on a button of the colour, in the light and in the dark theme."""
_TINT = 0.12


@dataclass(frozen=True)
class Shade:
    """The colour in one theme: as it was wished, as it is used, the text on it, what it stands on, and the
    surface tinted with it."""

    wished: str
    used: str
    on: str
    grounds: tuple[str, ...]
    tint: str

    @property
    def ground(self) -> str:
        """The surface on which it stands most."""
        return self.grounds[0]

    @property
    def is_corrected(self) -> bool:
        return self.used != self.wished

    @property
    def worst(self) -> str:
        """The ground on which the wished colour reads worst."""
        return min(self.grounds, key=lambda ground: contrast.ratio(self.wished, ground))

    @property
    def wished_low(self) -> str:
        """The contrast of what was wished with its worst ground, as "1.5"."""
        return _told(contrast.ratio(self.wished, self.worst))

    @property
    def used_low(self) -> str:
        """The lowest contrast of what is used."""
        return _told(min(contrast.ratio(self.used, ground) for ground in (*self.grounds, self.tint)))


@dataclass(frozen=True)
class Palette:
    light: Shade
    dark: Shade


def palette(colour: str) -> Palette:
    """The shades for a colour "#rrggbb". Raises ValueError for anything else."""
    return Palette(
        light=_shade(colour, (*LIGHT_GROUNDS, ON_LIGHT), darker=True),
        dark=_shade(colour, (*DARK_GROUNDS, ON_DARK), darker=False),
    )


def _shade(colour: str, grounds: tuple[str, ...], *, darker: bool) -> Shade:
    ground = grounds[0]

    def all_grounds(tried: str) -> Iterable[str]:
        return (*grounds, contrast.mixed(tried, ground, _TINT))

    used = contrast.readable(colour, all_grounds, darker=darker)
    tint = contrast.mixed(used, ground, _TINT)
    return Shade(colour.lower(), used, ON_LIGHT if darker else ON_DARK, grounds, tint)


def _told(figure: float) -> str:
    """Rounded down, so that nothing looks better than it is."""
    return number_format(math.floor(figure * 10) / 10, 1)


def sheet_path(row: Company) -> str:
    """Where the style sheet with the company's colour is served; "" without one. The path changes with the
    colour and with how it is used, so that it may be kept for long."""
    return reverse("brand", args=[_mark(row.accent)]) if contrast.COLOUR.fullmatch(row.accent) else ""


def sheet(request: HttpRequest, mark: str) -> HttpResponse:
    """The company's colour as tokens, for both themes. It holds nothing but colours that we have written."""
    row = company()
    if not contrast.COLOUR.fullmatch(row.accent) or mark != _mark(row.accent):
        raise Http404
    response = HttpResponse(_rules(row.accent), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _rules(colour: str) -> str:
    shades = palette(colour)
    light, dark = shades.light, shades.dark
    tokens = {
        "--c-accent": (light.used, dark.used),
        "--c-on-accent": (light.on, dark.on),
        "--c-selected": (light.tint, dark.tint),
    }
    lines = "".join(f" {name}: light-dark({one}, {other});" for name, (one, other) in tokens.items())
    return f'@layer utilities {{ :root:not([data-face="desk"]) {{{lines} }} }}\n'


def _mark(colour: str) -> str:
    return hashlib.sha256(_rules(colour).encode()).hexdigest()[:16]
