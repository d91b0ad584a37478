"""What the special parts of a mail are, in words: invitations, encrypted mail, signatures.

They stay files; these lines say what a person would otherwise have to guess from `smime.p7m` or `invite.ics`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar

from helpdesk.times import date_words, exact
from tickets.models import Attachment

LARGEST_INVITATION = 64 * 1024
MOST_INVITATIONS = 20
_INVITATIONS = Q(content_type__istartswith="text/calendar") | Q(content_type__iexact="application/ics")
_ENCRYPTED_PGP = {"application/pgp-encrypted"}
_SIGNED = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}


def notices(files: Iterable[Attachment], text: str) -> list[str]:
    """What a reader should know of a mail that was encrypted or signed by its sender."""
    types = {file.content_type.partition(";")[0].strip().lower() for file in files}
    said = []
    if types & _SMIME:
        said.append(
            _("This mail is wrapped in S/MIME, encrypted or signed. Its content is in the file smime.p7m;"
              " open it with the recipient’s certificate.")
        )  # fmt: skip
    if types & _ENCRYPTED_PGP or "-----BEGIN PGP MESSAGE-----" in text:
        said.append(
            _("This mail is encrypted with PGP. It can be read with the recipient’s key only; ask the sender"
              " to write again without encryption if you have no key.")
        )  # fmt: skip
    if types & _SIGNED:
        said.append(_("The sender signed this mail with S/MIME. The signature was not checked."))
    if "application/pgp-signature" in types or "-----BEGIN PGP SIGNATURE-----" in text:
        said.append(_("The sender signed this mail with PGP. The signature was not checked."))
    return said


def invitations(files: Iterable[Attachment]) -> dict[int, list[str]]:
    """The lines of each file that is an invitation, by primary key. One query, none without such a file."""
    wanted = [file.pk for file in files if _is_invitation(file)][:MOST_INVITATIONS]
    if not wanted:
        return {}
    rows = Attachment.objects.filter(_INVITATIONS, pk__in=wanted, blob__size__lte=LARGEST_INVITATION)
    return {row.pk: lines_of(bytes(row.blob.data)) for row in rows.select_related("blob")}


def _is_invitation(file: Attachment) -> bool:
    return file.content_type.lower().startswith(("text/calendar", "application/ics"))


def lines_of(data: bytes) -> list[str]:
    """The events of an iCalendar file (RFC 5545, RFC 5546) as lines in the reader's time zone; none of what
    cannot be read.
    """
    try:
        calendar = Calendar.from_ical(data[:LARGEST_INVITATION])
        method = str(calendar.get("METHOD", "")).upper()
        events = calendar.walk("VEVENT")[:5]
    except Exception:  # a library's parser over foreign bytes: the file stays a file
        return []
    found = []
    for event in events:
        try:
            found.append(_line(event, method))
        except Exception:  # noqa: S112  (the same)
            continue
    return found


def _line(event: Any, method: str) -> str:
    title = _plain(event.get("SUMMARY")) or _("without a title")
    pieces = [f"{_kind(event, method)}: {title}", _when(event), _plain(event.get("LOCATION"))]
    if event.get("RRULE"):
        pieces.append(_("repeats"))
    return " · ".join(filter(None, pieces))


def _kind(event: Any, method: str) -> str:
    if method == "CANCEL" or _plain(event.get("STATUS")).upper() == "CANCELLED":
        return _("Cancelled event")
    if method in ("REPLY", "COUNTER"):
        return _answer(event)
    return _("Invitation") if method == "REQUEST" else _("Event")


def _answer(event: Any) -> str:
    """What an invited person answered (PARTSTAT, RFC 5545 3.2.12)."""
    attendee = event.get("ATTENDEE")
    attendee = attendee[0] if isinstance(attendee, list) and attendee else attendee
    state = str(getattr(attendee, "params", {}).get("PARTSTAT", "")).upper()
    said = {"ACCEPTED": _("Accepted"), "DECLINED": _("Declined"), "TENTATIVE": _("Perhaps")}
    return said.get(state, _("Answer to an invitation"))


def _when(event: Any) -> str:
    start = getattr(event.get("DTSTART"), "dt", None)
    end = getattr(event.get("DTEND"), "dt", None)
    if isinstance(start, datetime):
        first = _aware(start)
        if not isinstance(end, datetime):
            return exact(first)
        last = timezone.localtime(_aware(end))
        is_same_day = timezone.localtime(first).date() == last.date()
        until = f"{last:%H:%M}" if is_same_day else exact(last)
        return _("%(start)s to %(end)s") % {"start": exact(first), "end": until}
    return date_words(start, _("D j M Y")) if isinstance(start, date) else ""


def _aware(at: datetime) -> datetime:
    """A floating time (RFC 5545 3.3.5) is taken for the reader's own."""
    return at if at.tzinfo else at.replace(tzinfo=timezone.get_current_timezone())


def _plain(value: Any) -> str:
    return " ".join(str(value or "").replace("\x00", "").split())[:200]
