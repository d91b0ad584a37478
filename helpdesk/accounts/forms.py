"""The forms of people's own accounts."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import (
    ChangePasswordForm,
    ConfirmLoginCodeForm,
    LoginForm,
    RequestLoginCodeForm,
)
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts import tries
from helpdesk.accounts.adapter import too_many
from helpdesk.wishes import APP, CHANNELS, MAIL, WISHES, as_preferences, wishes
from tickets.models import User
from tickets.models.people import PLAIN_MAIL, SALUTATION
from tickets.text import clean_line

CHANNEL_WORDS = {APP: _("In the app"), MAIL: _("By mail")}

_NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})
_ENTER_EMAIL = {
    "required": _("Enter your email address"),
    "invalid": _("Enter an email address, as in name@example.com"),
}


def _begin_at(form: forms.Form, name: str) -> None:
    """Put the cursor into a field: the page is there for nothing else. What is wrong comes first, though."""
    if not form.is_bound:
        form.fields[name].widget.attrs["autofocus"] = True


class SignIn(LoginForm):
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label, login.error_messages = _("Email"), login.error_messages | _ENTER_EMAIL
        login.widget = forms.EmailInput(attrs={"autocomplete": "username"})
        password.help_text = ""
        password.widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        password.error_messages = password.error_messages | {"required": _("Enter your password")}
        _begin_at(self, "login")


class AskForCode(RequestLoginCodeForm):
    """The address to which a one-time code goes. Accepts every address alike."""

    def __init__(self, *args: Any, request: Any = None, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)
        self.fields["email"] = forms.EmailField(
            label=_("Email"),
            max_length=254,
            error_messages=_ENTER_EMAIL,
            widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        )
        _begin_at(self, "email")

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        wait = tries.wait("code", mail=email, address=tries.address_of(self.request))
        if wait is not None:
            raise too_many(self.request, wait)
        self._user = User.objects.filter(email=email, is_active=True).first()
        return email


class EnterCode(ConfirmLoginCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = _("Code")
        code.error_messages = code.error_messages | {"required": _("Enter the code from the email")}
        code.widget = forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        )
        _begin_at(self, "code")


class ChangePassword(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("oldpassword", "password1"):
            self.fields[name].help_text = ""


class ChoosePassword(forms.Form):
    """A name and a first password."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        error_messages={"required": _("Enter your name")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=4096,
        strip=False,
        help_text=_("At least 8 characters. A sentence is easy to remember."),
        error_messages={"required": _("Choose a password")},
        widget=_NEW_PASSWORD,
    )

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        self.person = person
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        person = self.person or User(
            email=self.cleaned_data.get("email"), name=self.cleaned_data.get("name", "")
        )
        password_validation.validate_password(password, person)
        return password


class FirstAdministrator(ChoosePassword):
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        error_messages=_ENTER_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    field_order = ["name", "email", "password"]


class Preferences(forms.Form):
    """How somebody is called, and in which language and time zone they read."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    salutation = forms.CharField(
        label=_("How we address you in mails"),
        max_length=80,
        required=False,
        help_text=_("Such as “Ms Nair” or “Priya”. Left empty, it is your first name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    plain_mail = forms.BooleanField(
        label=_("Send me mails as plain text"),
        required=False,
        help_text=_("The same words, without colours, pictures and buttons."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person.is_member:
            self._add_wishes(person)
        zones = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", _("Like the company")),
            ("UTC", "UTC"),
            *((name, name.replace("_", " ")) for name in zones),
        ]
        self.fields["language"].choices = [("", _("Like the browser")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]

    def _add_wishes(self, person: User) -> None:
        """A box for each kind of news on each channel."""
        for kind, wish in WISHES.items():
            for channel, where in CHANNEL_WORDS.items():
                box = forms.BooleanField(
                    label=_("%(kind)s: %(channel)s") % {"kind": wish.words, "channel": where},
                    required=False,
                    initial=wishes(person, kind, channel),
                )
                self.fields[f"{channel}-{kind}"] = box

    def wish_rows(self) -> list[tuple[Any, list[Any]]]:
        """Each kind of news in words, with its boxes in the order of the channels; none for customers."""
        if f"{APP}-{next(iter(WISHES))}" not in self.fields:
            return []
        return [
            (wish.words, [self[f"{channel}-{kind}"] for channel in CHANNELS]) for kind, wish in WISHES.items()
        ]

    def said(self) -> dict[str, Any]:
        """What was entered of the person themselves."""
        own = ("name", "time_zone", "language")
        return {name: self.cleaned_data[name] for name in own if name in self.fields}

    def wished(self) -> dict[str, Any]:
        """What was chosen of mails and, by members of the staff, of the news, as preferences."""
        said = self.cleaned_data
        mails = {SALUTATION: clean_line(said["salutation"], 80), PLAIN_MAIL: said["plain_mail"]}
        if not self.wish_rows():
            return mails
        return mails | as_preferences(
            {(kind, on): said[f"{on}-{kind}"] for kind in WISHES for on in CHANNELS}
        )
