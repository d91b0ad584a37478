"""Pictures that a mail shows between its words: decoded under limits, written anew by us, and put where they
stood.

They become part of the page (`data:`), because its frame may fetch nothing, not even from us in the reader's
name.
"""

from __future__ import annotations

import base64
import io

from PIL import Image, UnidentifiedImageError

from tickets.models import Attachment, Message

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
LARGEST_FILE = 3_000_000
LARGEST_SUM = 8_000_000
MOST_PIXELS = 16_000_000
MOST_IMAGES = 30
SIDE = 1600
"""Pixels of the longer side, at most."""


def images_of(message: Message) -> dict[str, str]:
    """Content-ID → `data:` address, for the raster images that a message carries; the others stay files."""
    if "data-cid" not in message.html:
        return {}
    rows = Attachment.objects.filter(message=message, blob__size__lte=LARGEST_FILE).exclude(content_id="")
    found: dict[str, str] = {}
    room = LARGEST_SUM
    for row in rows.select_related("blob").order_by("pk")[:MOST_IMAGES]:
        address = as_address(bytes(row.blob.data))
        if address and len(address) <= room:
            found.setdefault(row.content_id, address)
            room -= len(address)
    return found


def as_address(data: bytes) -> str:
    """A picture as a `data:` address, "" for what is no raster image within the limits."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return ""
            picture.load()
            is_photo = picture.format == "JPEG"
            clean = picture.convert("RGB" if is_photo else "RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    clean.thumbnail((SIDE, SIDE))
    made = io.BytesIO()
    if is_photo:
        clean.save(made, "JPEG", quality=85)
    else:
        clean.save(made, "PNG")
    kind = "jpeg" if is_photo else "png"
    return f"data:image/{kind};base64,{base64.b64encode(made.getvalue()).decode()}"
