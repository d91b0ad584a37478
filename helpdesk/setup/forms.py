"""What administrators type."""

from __future__ import annotations

import secrets
import zoneinfo
from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from duty.models import Sharing
from duty.queries import duty_of
from helpdesk.models import SavedReply, SupportAddress, TeamLook
from sla.models import Calendar
from tickets.models import Account, Organization, Role, Team, User

_REQUIRED = forms.Field.default_error_messages["required"]
REQUIRED = {
    "name": _("Enter a name."),
    "email": _("Enter an email address."),
    "address": _("Enter an email address."),
    "title": _("Enter a title."),
    "text": _("Enter the text."),
    "subject": _("Enter a subject."),
    "body": _("Enter the text."),
    "team": _("Choose a team."),
    "role": _("Choose a role."),
}


class SetupForm(forms.Form):
    """A form that counts once, however often it is sent: `once` is its own key."""

    once = forms.CharField(min_length=16, max_length=64, widget=forms.HiddenInput)

    blamed: str | None = None
    """The field beside which a refusal by the action is told; None tells it above the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"once": secrets.token_urlsafe(16)} | dict(self.initial)
        once = self.fields["once"]
        once.widget.attrs["id"] = False  # several forms may stand on one page
        once.error_messages |= dict.fromkeys(
            ("required", "min_length", "max_length"), _("This form was not complete. Send it once more.")
        )
        for name, field in self.fields.items():
            if name in REQUIRED and field.error_messages["required"] == _REQUIRED:
                field.error_messages["required"] = REQUIRED[name]
                field.widget.is_required = False  # our own words instead of the browser's
            field.widget.use_required_attribute = lambda _initial: False

    def key(self, request: HttpRequest) -> str:
        return f"{request.path[:180]}:{self.cleaned_data['once']}"

    def fingerprint(self) -> bytes:
        """What makes two posts of one form the same."""
        said = {name: self._plain(value) for name, value in self.cleaned_data.items() if name != "once"}
        return repr(sorted(said.items())).encode()

    def _plain(self, value: Any) -> str:
        if isinstance(value, QuerySet):
            return repr(sorted(value.values_list("pk", flat=True)))
        if hasattr(value, "read"):
            return repr((value.name, value.size))
        return repr(getattr(value, "pk", value))

    def renew(self) -> None:
        """A new key, so that the form counts when it is sent again."""
        data: Any = self.data
        self.data = data = data.copy()
        data["once"] = secrets.token_urlsafe(16)


class CompanyForm(SetupForm):
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Customers read it in mail and portal.")
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=[])
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[],
        help_text=_("Of mail to people who have not chosen one. Pages follow the reader’s browser."),
    )
    default_team = forms.ModelChoiceField(
        label=_("Team for new tickets"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("The oldest team"),
        help_text=_("For tickets that name no address of yours: from the portal, from the API."),
    )
    blamed = "name"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in zones]  # type: ignore[attr-defined]
        self.fields["default_team"].queryset = Team.objects.filter(is_active=True)  # type: ignore[attr-defined]
        self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]


class LogoForm(SetupForm):
    logo = forms.FileField(
        label=_("Logo"),
        help_text=_("PNG, JPEG or WebP, at most 2 MB. It is fitted into a square."),
        error_messages={"required": _("Choose a picture."), "empty": _("This file is empty.")},
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    blamed = "logo"


class BrandForm(SetupForm):
    accent = forms.CharField(
        label=_("Colour"),
        max_length=7,
        required=False,
        help_text=_("Such as #1f5fbf: of links and buttons for customers, and of the line above mails."),
    )
    footer = forms.CharField(
        label=_("Lines at the foot"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("An imprint, for example; addresses of pages become links. Teams may have their own."),
    )
    blamed = "accent"


class Nothing(SetupForm):
    """A button that counts once."""


class Go(SetupForm):
    """One of several buttons that do different things at one address."""

    go = forms.CharField(max_length=20, widget=forms.HiddenInput)


class Numbers(forms.Field):
    """The numbers of ticked rows."""

    widget = forms.MultipleHiddenInput
    most = 200

    def clean(self, value: Any) -> list[int]:
        ticked = [one for one in value or [] if one.isascii() and one.isdigit() and len(one) < 19]
        if self.required and not ticked:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return sorted(set(map(int, ticked)))[: self.most]


def ticket_number(text: str) -> int | None:
    """The number of a ticket as somebody types it, with or without the sign before it."""
    text = text.strip().lstrip("#")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class MailForm(SetupForm):
    """What is to be done with ticked mails; `one` and `list` say where the reader came from."""

    go = forms.ChoiceField(
        choices=[(word, word) for word in ("again", "release", "file", "delete")], widget=forms.HiddenInput
    )
    mail = Numbers(error_messages={"required": _("Tick at least one mail.")})
    ticket = forms.CharField(required=False, max_length=20)
    sure = forms.BooleanField(required=False)
    one = forms.BooleanField(required=False)
    list = forms.CharField(required=False, max_length=500)

    def clean_ticket(self) -> int | None:
        number = ticket_number(self.cleaned_data["ticket"])
        if number is None and self.cleaned_data.get("go") == "file":
            raise forms.ValidationError(_("Enter the number of the ticket."))
        return number


class FloodForm(SetupForm):
    """What is to be done with a whole bundle of mail."""

    go = forms.ChoiceField(
        choices=[(word, word) for word in ("release", "file", "delete")], widget=forms.HiddenInput
    )
    flood = forms.CharField(max_length=320, required=False)
    ticket = forms.CharField(required=False, max_length=20)

    clean_ticket = MailForm.clean_ticket


class BlockForm(SetupForm):
    value = forms.CharField(
        label=_("Address or domain"),
        max_length=320,
        help_text=_("A domain means every address of it and of what is below it."),
        error_messages={"required": _("Enter an address or a domain.")},
    )
    blamed = "value"


class TeamForm(SetupForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    open_to_all_agents = forms.BooleanField(
        label=_("Agents of other teams may see and answer its tickets"), required=False
    )
    lead = forms.ModelChoiceField(
        label=_("Team lead"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    cc_rule = forms.ChoiceField(
        label=_("When a customer puts somebody in copy"),
        choices=Team.CcRule.choices,
        initial=Team.CcRule.PROPOSE,
        widget=forms.RadioSelect,
    )
    reopen_days = forms.IntegerField(
        label=_("Days in which a customer's word reopens a resolved ticket"),
        min_value=0,
        max_value=365,
        initial=14,
        help_text=_("Later it opens a new ticket that is linked."),
    )
    close_after_days = forms.IntegerField(
        label=_("Days after which a resolved ticket closes"), min_value=1, max_value=365, initial=7
    )
    blamed = "name"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).exclude(role=Role.CUSTOMER).order_by("name")
        self.fields["lead"].queryset = people  # type: ignore[attr-defined]


class SharingForm(SetupForm):
    """How a team's tickets find their owners, and of each of its people the limit and own hours."""

    mode = forms.ChoiceField(
        label=_("New tickets without an owner are given out"),
        choices=[
            (Sharing.Mode.BY_HAND, _("By hand: people take them from the queue")),
            (Sharing.Mode.IN_TURN, _("In turn: to whoever waits longest since their last one")),
            (Sharing.Mode.BY_LOAD, _("By load: to whoever has the smallest part of their limit")),
        ],
        widget=forms.RadioSelect,
    )
    calendar = forms.ModelChoiceField(
        label=_("Working hours of the team"),
        queryset=Calendar.objects.all(),
        required=False,
        empty_label=_("At any hour"),
        help_text=_("Who has own hours below is given tickets in those."),
    )

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        self.people = list(people)
        for person in self.people:
            duty = duty_of(person)
            kwargs["initial"] = {
                **kwargs.get("initial", {}),
                f"limit-{person.pk}": duty.limit,
                f"hours-{person.pk}": duty.calendar_id,
            }
        super().__init__(*args, **kwargs)
        for person in self.people:
            self.fields[f"limit-{person.pk}"] = forms.IntegerField(
                label=_("Limit of %(name)s") % {"name": person}, min_value=1, max_value=1000, required=False
            )
            self.fields[f"hours-{person.pk}"] = forms.ModelChoiceField(
                label=_("Hours of %(name)s") % {"name": person},
                queryset=Calendar.objects.all(),
                required=False,
                empty_label=_("Those of the team"),
            )

    def rows(self) -> list[tuple[User, forms.BoundField, forms.BoundField]]:
        """Each person with the fields of their limit and hours."""
        return [(one, self[f"limit-{one.pk}"], self[f"hours-{one.pk}"]) for one in self.people]

    def chosen(self) -> list[tuple[User, int | None, Calendar | None]]:
        said = self.cleaned_data
        return [(one, said[f"limit-{one.pk}"], said[f"hours-{one.pk}"]) for one in self.people]


def tag_words() -> forms.CharField:
    return forms.CharField(
        label=_("Customer tags"),
        required=False,
        max_length=500,
        help_text=_("Separated by commas. Policies can ask for them."),
    )


def words_of(text: str) -> list[str]:
    """The tags of such a field."""
    return [word.strip() for word in text.split(",") if word.strip()]


class OrganizationForm(SetupForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    shares_tickets = forms.BooleanField(label=_("Its people see each other's tickets"), required=False)
    tags = tag_words()
    blamed = "name"


def team_choices() -> forms.ModelMultipleChoiceField:
    return forms.ModelMultipleChoiceField(
        label=_("Teams"),
        queryset=Team.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class InviteForm(SetupForm):
    email = forms.EmailField(
        label=_("Email address"),
        error_messages={"invalid": _("Enter an email address, such as mira@example.com.")},
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[choice for choice in Role.choices if choice[0] != Role.CUSTOMER],
        initial=Role.AGENT,
        widget=forms.RadioSelect,
    )
    teams = team_choices()
    blamed = "email"


class PersonForm(SetupForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    phone = forms.CharField(label=_("Phone"), max_length=50, required=False)
    organization = forms.ModelChoiceField(
        label=_("Organisation"),
        queryset=Organization.objects.all(),
        required=False,
        empty_label=_("None"),
    )
    account = forms.ChoiceField(
        label=_("Used by"),
        choices=Account.choices,
        initial=Account.PERSON,
        required=False,
        help_text=_(
            "What a program writes is not counted as a person’s answer. Whether a shared account’s is, each "
            "policy says."
        ),
    )
    tags = tag_words()


class RoleForm(SetupForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.RadioSelect)
    teams = team_choices()
    blamed = "role"


class AddressForm(SetupForm):
    address = forms.EmailField(
        label=_("Address"),
        error_messages={"invalid": _("Enter an email address, such as support@example.com.")},
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.filter(is_active=True), empty_label=_("Choose a team")
    )
    name = forms.CharField(
        label=_("Name in front of the address"),
        max_length=100,
        required=False,
        help_text=_("“Mira at Acme Support”: the part after “at”. Empty: the company's name."),
    )
    signature = forms.CharField(
        label=_("Signature"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    blamed = "address"

    @staticmethod
    def of(row: SupportAddress) -> dict[str, Any]:
        return {"address": row.address, "team": row.team_id, "name": row.name, "signature": row.signature}


class TeamLookForm(SetupForm):
    sender = forms.ModelChoiceField(
        label=_("Mails come from"),
        queryset=SupportAddress.objects.none(),
        required=False,
        empty_label=_("The team’s first address"),
    )
    accent = forms.CharField(
        label=_("Colour"),
        max_length=7,
        required=False,
        help_text=_("Of the line above a mail, such as #1f5fbf. Empty: the company’s."),
    )
    logo_choice = forms.ChoiceField(
        label=_("Logo above a mail"), choices=TeamLook.Logo.choices, widget=forms.RadioSelect
    )
    logo = forms.FileField(
        label=_("The team’s own logo"),
        required=False,
        help_text=_("PNG, JPEG or WebP, at most 2 MB. It travels in the mail; nothing is fetched."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    footer = forms.CharField(
        label=_("Lines at the foot"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("An imprint, for example. Empty: the company’s. Not in mails to the team."),
    )
    blamed = "accent"

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = SupportAddress.objects.filter(team=team, is_active=True)
        self.fields["sender"].queryset = own  # type: ignore[attr-defined]

    @staticmethod
    def of(row: TeamLook) -> dict[str, Any]:
        names = ("accent", "footer", "logo_choice")
        return {name: getattr(row, name) for name in names} | {"sender": row.sender_id}


class SavedReplyForm(SetupForm):
    title = forms.CharField(label=_("Title"), max_length=100)
    folder = forms.CharField(
        label=_("Folder"), max_length=60, required=False, help_text=_("Groups the list, such as “Refunds”.")
    )
    text = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 8}))
    team = forms.ModelChoiceField(
        label=_("For"),
        queryset=Team.objects.filter(is_active=True),
        required=False,
        empty_label=_("All teams"),
    )
    blamed = "title"

    @staticmethod
    def of(row: SavedReply) -> dict[str, Any]:
        return {"title": row.title, "folder": row.folder, "text": row.text, "team": row.team_id}


class WordingForm(SetupForm):
    """The words of one notification; whether they can be used says the action."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    subject = forms.CharField(label=_("Subject"), max_length=300)
    body = forms.CharField(
        label=_("Text"), max_length=20_000, strip=False, widget=forms.Textarea(attrs={"rows": 16})
    )
    blamed = "body"


class TokenForm(SetupForm):
    name = forms.CharField(
        label=_("What it is for"),
        max_length=100,
        error_messages={"required": _("Say what the token is for.")},
    )
    days = forms.TypedChoiceField(
        label=_("It works for"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year"))],
        initial=90,
    )
    blamed = "name"
