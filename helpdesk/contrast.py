"""Whether colours can be read on each other, and the nearest one that can.

Relative luminance and contrast ratio are those of WCAG 2.2 (section 6, “relative luminance” and “contrast
ratio”): with R, G, B from 0 to 1, each made linear (c / 12.92 up to 0.04045, else ((c + 0.055) / 1.055)^2.4),
L = 0.2126 R + 0.7152 G + 0.0722 B, and the ratio of a lighter to a darker colour (L1 + 0.05) / (L2 + 0.05).
Success criterion 1.4.3 asks for 4.5 : 1 between text and its ground.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable, Iterable

ENOUGH = 4.5
COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_STEPS = 200

Channels = tuple[float, float, float]


def channels(colour: str) -> Channels:
    """Red, green and blue of "#rrggbb", each from 0 to 1. Raises ValueError for anything else."""
    if not COLOUR.fullmatch(colour):
        raise ValueError(colour)
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def written(colour: Channels) -> str:
    """The colour as "#rrggbb"."""
    return "#" + "".join(f"{round(min(1.0, max(0.0, value)) * 255):02x}" for value in colour)


def luminance(colour: str) -> float:
    """From 0 (black) to 1 (white)."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    """Their contrast, from 1 (none) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    """`ground` with a share (0 to 1) of the colour."""
    pairs = zip(channels(colour), channels(ground), strict=True)
    red, green, blue = (over * share + under * (1 - share) for over, under in pairs)
    return written((red, green, blue))


def readable(colour: str, grounds: Callable[[str], Iterable[str]], *, darker: bool) -> str:
    """The colour, or the nearest darker (else lighter) one of its hue that stands out enough from all of its
    grounds (`grounds` names them for a colour: some are tinted with it)."""
    hue, light, saturation = colorsys.rgb_to_hls(*channels(colour))
    for step in range(_STEPS + 1):
        part = step / _STEPS
        tried = light * (1 - part) if darker else light + (1 - light) * part
        found = written(colorsys.hls_to_rgb(hue, tried, saturation)) if step else colour.lower()
        if all(ratio(found, ground) >= ENOUGH for ground in grounds(found)):
            return found
    return "#000000" if darker else "#ffffff"
