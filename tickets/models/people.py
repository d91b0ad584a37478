"""Who takes part: people, the teams they work in and the organisations they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do; each role includes nothing of the others by itself (see `tickets.access`)."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Account(models.TextChoices):
    """Who uses an account of ours. What a program says is no person's word (`sla.rules.Switches`)."""

    PERSON = "person", _("One person")
    SHARED = "shared", _("Several people")
    PROGRAM = "program", _("A program")


SALUTATION, PLAIN_MAIL = "salutation", "plain_mail"
"""Keys of `User.preferences`: how somebody is addressed in mails, and whether these are to be text alone."""
STAFF_ROLES = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)


class Organization(models.Model):
    """A company whose people are customers."""

    name = models.CharField(max_length=200, unique=True)
    shares_tickets = models.BooleanField(
        default=False, help_text=_("People of this organisation see each other's tickets.")
    )
    tags = models.ManyToManyField("tickets.Tag", related_name="organizations", blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A group of agents with a queue of its own and the rules that hold for its tickets."""

    class CcRule(models.TextChoices):
        PROPOSE = "propose", _("Ask an agent first")
        IGNORE = "ignore", _("Never")

    name = models.CharField(max_length=100, unique=True)
    open_to_all_agents = models.BooleanField(
        default=False, help_text=_("Agents of other teams may see and work on this team's tickets.")
    )
    lead = models.ForeignKey("tickets.User", models.SET_NULL, null=True, blank=True, related_name="leads")
    cc_rule = models.CharField(max_length=10, choices=CcRule, default=CcRule.PROPOSE)
    reopen_days = models.PositiveSmallIntegerField(
        default=14, help_text=_("A customer's word reopens a resolved ticket for this many days.")
    )
    close_after_days = models.PositiveSmallIntegerField(
        default=7, help_text=_("A resolved ticket closes by itself after this many days.")
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """People are found by e-mail address, whatever its case."""

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=normalize_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normalize_address(username))

    async def aget_by_natural_key(self, username: str | None) -> User:
        return await self.aget(email=normalize_address(username))


class User(AbstractBaseUser):
    """A person: somebody who asks (customer) or somebody who answers (agent, supervisor, administrator).

    `email` is stored in lower case and may be absent (a caller, a walk-in). `proven_at` is the instant at
    which somebody showed to control the address; until then no word of theirs is repeated to it.
    """

    email = models.EmailField(max_length=254, null=True, blank=True)
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=20, choices=Role, default=Role.CUSTOMER)
    account = models.CharField(
        max_length=10, choices=Account, default=Account.PERSON, db_default=Account.PERSON
    )
    organization = models.ForeignKey(
        Organization, models.SET_NULL, null=True, blank=True, related_name="people"
    )
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    tags = models.ManyToManyField("tickets.Tag", related_name="people", blank=True)
    phone = models.CharField(max_length=50, blank=True)
    language = models.CharField(max_length=12, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    preferences = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    proven_at = models.DateTimeField(null=True, blank=True)
    undeliverable_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_person_per_address"),
        ]
        indexes = [
            models.Index(fields=["role", "is_active"], name="people_by_role"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="people_by_name"),
            GinIndex(OpClass(Upper("email"), name="gin_trgm_ops"), name="people_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"#{self.pk}"

    @property
    def is_member(self) -> bool:
        """Works here (agent, supervisor or administrator)."""
        return self.role in STAFF_ROLES

    @property
    def first_name(self) -> str:
        """How the person is addressed; the local part of the address when no name is known."""
        return first_name(self.name, self.email)

    @property
    def named(self) -> Named:
        return Named(self.pk, self.name, self.email)

    @property
    def salutation(self) -> str:
        """How the person asked to be addressed; "" where they did not."""
        return str(self.preferences.get(SALUTATION) or "")

    @property
    def wants_plain_mail(self) -> bool:
        """Asked for mails without an HTML part."""
        return self.preferences.get(PLAIN_MAIL) is True

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.first_name or "?"]
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


def first_name(name: str, address: str | None) -> str:
    """How somebody of that name and address is addressed."""
    words = name.split()
    return words[0] if words else (address or "").partition("@")[0]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or something in a list, by number and name: what a row shows of a person, team or company."""

    pk: int
    name: str
    email: str | None = None

    @property
    def first_name(self) -> str:
        return first_name(self.name, self.email)

    def __str__(self) -> str:
        return self.name or self.email or f"#{self.pk}"


def normalize_address(address: str | None) -> str | None:
    """The identity of an e-mail address: trimmed, in lower case; None for an empty one."""
    address = (address or "").strip().lower()
    return address or None


def without_plus(address: str) -> str:
    """An address in lower case, without its subaddress (RFC 5233)."""
    local, _at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
