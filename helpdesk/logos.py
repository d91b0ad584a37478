"""Uploaded logos, made harmless: decoded under limits and written anew by ourselves."""

from __future__ import annotations

import io

from django.utils.translation import gettext as _
from PIL import Image, ImageStat, UnidentifiedImageError

LARGEST_FILE = 2_000_000
"""Bytes."""
MOST_PIXELS = 16_000_000
SIDE = 256
"""Width and height of the finished square, in pixels."""
LIGHT, DARK = (255, 255, 255), (18, 21, 26)


class BadLogo(ValueError):
    """This file cannot be a logo. The text is for the reader."""


def square(data: bytes) -> bytes:
    """A PNG of SIDE × SIDE pixels with the picture in its middle.

    What is transparent gets a ground of its own, light or dark, whichever the picture stands out from more;
    so it can be read in both themes. Raises BadLogo.
    """
    if len(data) > LARGEST_FILE:
        raise BadLogo(_("This file is larger than 2 MB. Choose a smaller one."))
    picture = _decode(data)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    ground = Image.new("RGB", (SIDE, SIDE), _ground_for(picture))
    ground.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2), picture)
    made = io.BytesIO()
    ground.save(made, "PNG", optimize=True)
    return made.getvalue()


def _decode(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise BadLogo(_("This picture has too many pixels. Choose one of at most 4,000 × 4,000."))
            picture.load()
            return picture.convert("RGBA")
    except BadLogo:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadLogo(_("This file is no PNG, JPEG or WebP picture. Choose another one.")) from error


def _ground_for(picture: Image.Image) -> tuple[int, int, int]:
    """White, unless what can be seen of the picture is itself light."""
    alpha = picture.getchannel("A")
    if alpha.getextrema() == (255, 255) or alpha.getextrema()[1] == 0:
        return LIGHT
    brightness = ImageStat.Stat(
        picture.convert("L"), mask=alpha.point(lambda value: 255 if value > 64 else 0)
    )
    return DARK if brightness.count[0] and brightness.mean[0] > 150 else LIGHT
