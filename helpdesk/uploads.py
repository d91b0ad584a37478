"""Files that go up before they are sent: what is refused, in words that say what to do."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from helpdesk.words import file_size
from tickets.models import DraftFile


def demand_fitting(name: str, size: int, beside: QuerySet[DraftFile]) -> None:
    """Raise ValueError when a file of `size` octets cannot stand `beside` those of a draft."""
    words = {"name": name, "size": file_size(size), "limit": file_size(settings.FILE_BYTES)}
    if not size:
        raise ValueError(_("“%(name)s” is empty. Choose it again.") % words)
    if size > settings.FILE_BYTES:
        raise ValueError(
            _("“%(name)s” is %(size)s large; the limit is %(limit)s. Make it smaller or send parts of it.")
            % words
        )
    number, octets = beside.count(), beside.aggregate(octets=Sum("blob__size"))["octets"] or 0
    if number >= settings.FILES_MOST:
        raise ValueError(
            _("A message takes %(number)s files. Remove one first.") % {"number": settings.FILES_MOST}
        )
    if octets + size > settings.FILES_BYTES:
        limit = {"limit": file_size(settings.FILES_BYTES)}
        raise ValueError(_("All files together may have %(limit)s. Remove one first.") % limit)
