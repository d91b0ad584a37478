"""How long a sign-in lasts: an idle limit and an end, shorter for those who see other people's tickets."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, logout
from django.contrib.auth.middleware import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from helpdesk import languages
from helpdesk.company import company_of
from helpdesk.times import zone_named
from tickets.models import User

_BEGAN = "signed_in_at"
_SEEN = "seen_at"
_TOUCH_SECONDS = 300
_FOR_PROGRAMS = "/api/"  # they answer in English, or in what Accept-Language asks for
_NOBODY_READS = ("/livez", "/healthz", "/readyz")  # asked by machines, also while the database is away


def begin(request: HttpRequest, user: User) -> None:
    """Start the two clocks of a sign-in."""
    idle, _end = limits_of(user)
    request.session[_BEGAN] = request.session[_SEEN] = int(time.time())
    request.session.set_expiry(idle)


def limits_of(user: User) -> tuple[int, int]:
    """Seconds without a request, and seconds altogether, after which a sign-in ends."""
    idle, end = settings.SESSION_LIMITS["member" if user.is_member else "customer"]
    return int(idle.total_seconds()), int(end.total_seconds())


class Reader:
    """Ends sign-ins that have lasted long enough, and speaks the reader's language in their time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_NOBODY_READS) or not request.user.is_authenticated:
            with timezone.override(None):  # the page's context knows the company's zone
                return self.get_response(request)
        # The person themselves: the stand-in until here looks for them whenever anything is asked of it.
        request.user = get_user(request)
        _keep_or_end(request)
        user = request.user if request.user.is_authenticated else None
        own = languages.spoken(user.language) if user is not None else ""
        if own and not request.path.startswith(_FOR_PROGRAMS):
            translation.activate(own)
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        with timezone.override(zone_of(request)):
            return self.get_response(request)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The reader's time zone: their own, else the company's."""
    own = request.user.time_zone if isinstance(request.user, User) else ""
    return zone_named(own or company_of(request).time_zone)


def readers_of(keys: Collection[str]) -> dict[str, User]:
    """Who is signed in by each of these session keys at this moment, as a request with it would find.

    Ended ones are missing. For what outlives a request; it keeps no sign-in alive. Two queries.
    """
    rows = Session.objects.filter(session_key__in=list(keys), expire_date__gt=timezone.now())
    held = {row.session_key: SessionStore().decode(row.session_data) for row in rows}
    claimed = {key: data for key, data in held.items() if SESSION_KEY in data}
    people = User.objects.in_bulk([int(data[SESSION_KEY]) for data in claimed.values()])
    found = ((key, data, people.get(int(data[SESSION_KEY]))) for key, data in claimed.items())
    return {key: person for key, data, person in found if person is not None and _holds(data, person)}


def _holds(data: Mapping[str, Any], person: User) -> bool:
    """Whether a stored sign-in still stands: the person active, the password the same, the time not over."""
    given = data.get(HASH_SESSION_KEY, "")
    known = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return (
        person.is_active
        and data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and any(constant_time_compare(given, each) for each in known)
        and not _is_over(data, person, int(time.time()))
    )


def _is_over(session: Any, person: User, now: int) -> bool:
    idle, end = limits_of(person)
    return now - session.get(_BEGAN, now) > end or now - session.get(_SEEN, now) > idle


def _keep_or_end(request: HttpRequest) -> None:
    now = int(time.time())
    user: Any = request.user
    idle, _end = limits_of(user)
    began = request.session.get(_BEGAN, now)
    seen = request.session.get(_SEEN, now)
    if _is_over(request.session, user, now):
        logout(request)
    elif _BEGAN not in request.session or now - seen > _TOUCH_SECONDS:
        request.session[_BEGAN], request.session[_SEEN] = began, now
        request.session.set_expiry(idle)
