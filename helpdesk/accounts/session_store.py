"""Django's sessions in the database, read by a statement of our own: every page begins with it."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from tickets.statements import answer

READ = (
    "SELECT session_data, expire_date FROM django_session"
    " WHERE session_key = %(key)s::text AND expire_date > %(now)s::timestamptz"
)


class SessionStore(DatabaseStore):
    """The same rows, the same rules."""

    def _get_session_from_db(self) -> Session | None:
        found = answer(READ, key=self.session_key or "", now=timezone.now())
        if not found:
            self._session_key = None
            return None
        ((data, expires_at),) = found
        return Session(session_key=self.session_key or "", session_data=data, expire_date=expires_at)
