"""Which language is spoken: what a person chose, else the browser or, in mail, the company."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from helpdesk import sealed
from helpdesk.models import Company, Delivery

# It changes nothing but how this browser reads, so that pages without another form need no cookie for it.
choose = csrf_exempt(require_POST(set_language))
"""Keep the language a visitor chose in a cookie, and go back to the page it was chosen on."""


def spoken(code: str) -> str:
    """The language of ours for somebody who reads `code`: "de" for "de-at"; "" if there is none."""
    try:
        return get_supported_language_variant(code)
    except LookupError:
        return ""


def of_mail(row: Delivery, company: Company) -> str:
    """The language of a mail: its reader's, else that of the page it was asked for on, else the company's."""
    person = row.recipient
    own = spoken(person.language) if person is not None else ""
    page = sealed.unseal(row.secret).get("language", "") if row.secret is not None else ""
    return own or spoken(page) or spoken(company.language) or settings.LANGUAGE_CODE
