"""One-time links: for people who are invited, and for the first administrator of an empty house."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from helpdesk.outbox import queue_account_mail
from tickets.models import Role, User

JOIN_FOR = timedelta(hours=72)
FIRST_ADMIN_FOR = timedelta(hours=24)
_JOIN = "helpdesk.accounts.join"
_FIRST_ADMIN = "helpdesk.accounts.first_admin"


def join_link(person: User) -> str:
    """The address (with scheme and host) where an invited person chooses a name and a password, for 72 h."""
    token = signing.dumps(_state(person), salt=_JOIN)
    return settings.PUBLIC_URL + reverse("account_join", args=[person.pk, token])


def mail_invitation(person: User) -> None:
    """Send the join link by mail. Call it in the transaction that invites."""
    if person.email:
        words = {"link": join_link(person), "hours": _hours(JOIN_FOR)}
        queue_account_mail(person.email, "account.invitation", person=person, words=words)


def invited_by(uid: int, token: str) -> User | None:
    """The person whom this link invites, or None when it is altered, used, too old or somebody else's."""
    try:
        state = signing.loads(token, salt=_JOIN, max_age=JOIN_FOR)
    except signing.BadSignature:
        return None
    person = User.objects.filter(pk=uid, is_active=True).first()
    if person is None or not isinstance(state, str) or not constant_time_compare(state, _state(person)):
        return None
    return person


def _state(person: User) -> str:
    """What a link was made for. A password, a sign-in, another address or another role ends it."""
    facts = f"{person.pk}|{person.email}|{person.role}|{person.password}|{person.last_login}"
    return salted_hmac(_JOIN, facts, algorithm="sha256").hexdigest()


def first_admin_link() -> str:
    """An address where the first administrator is made, for 24 h. Raises RuntimeError once there is one."""
    if has_administrator():
        raise RuntimeError("There is an administrator already.")
    token = signing.dumps("", salt=_FIRST_ADMIN)
    return settings.PUBLIC_URL + reverse("account_first_admin", args=[token])


def opens_first_admin(token: str) -> bool:
    """Whether this link may (still) make the first administrator."""
    try:
        signing.loads(token, salt=_FIRST_ADMIN, max_age=FIRST_ADMIN_FOR)
    except signing.BadSignature:
        return False
    return not has_administrator()


def has_administrator() -> bool:
    return User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exists()


def _hours(term: timedelta) -> str:
    return str(int(term.total_seconds() // 3600))
