"""Foreign content on its way to a browser: files as downloads, a mail's own HTML in a sandboxed frame.

Every face answers with these two, after asking `tickets.access` whether the reader may have the thing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from helpdesk.inline_images import images_of
from helpdesk.sanitize import for_display
from tickets.models import Attachment, Message

DOWNLOAD_POLICY = "sandbox; default-src 'none'"
FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:;"
    " style-src 'unsafe-inline'; frame-ancestors 'self'"
)
_PAPER = (
    '<!doctype html><html><head><meta charset="utf-8"><base target="_blank">'
    '<meta name="referrer" content="no-referrer"><style>body{{margin:12px;font:16px/1.5 system-ui,sans-serif;'
    "color:#1a1f27;background:#fff;overflow-wrap:anywhere}}img{{max-width:100%;height:auto}}"
    "img:not([src]){{display:inline-block;min-width:1.5em;min-height:1.2em;"
    "padding:0 4px;border:1px dashed #9aa4b2;color:#4b5563;font-size:14px}}</style>"
    "</head><body>{}</body></html>"
)


def download(row: Attachment) -> HttpResponse:
    """The bytes of an attachment, always to be saved, never to be run, whatever its sender claimed it is."""
    response = HttpResponse(bytes(row.blob.data), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, safe_name(row.name)) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["Cache-Control"] = "private, no-store"
    return response


def frame(message: Message, fetched: Mapping[str, str] | None = None) -> HttpResponse:
    """A sanitised mail as its sender styled it, under a policy that lets it run and fetch nothing.

    It passes the sanitiser once more on its way out, so that no older or other way in can weaken it.
    `fetched` are the pictures on other hosts that the reader asked for, got by us.
    """
    response = HttpResponse(_PAPER.format(for_display(message.html, images_of(message), fetched)))
    response["Content-Security-Policy"] = FRAME_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def original(raw: bytes, name: str) -> HttpResponse:
    """A mail as it came in, byte for byte, as plain text to be saved."""
    response = HttpResponse(raw, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, safe_name(name)) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["Cache-Control"] = "private, no-store"
    return response


def safe_name(name: str) -> str:
    """A file name for the reader's disk: no folders, no invisible or turning signs, no dot first."""
    visible = "".join(
        "_" if unicodedata.category(sign)[0] == "C" or sign in '/\\:*?"<>|' else sign for sign in name
    )
    return visible.strip().lstrip(".").strip() or "file"
