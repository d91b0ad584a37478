"""What administrators type about the places where mail is taken from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from helpdesk.models import MailSource
from helpdesk.models.sources import SIGNED
from helpdesk.oauth import PROVIDERS
from helpdesk.setup.forms import SetupForm

SECRETS = ("password", "client_id", "client_secret", "refresh_token")
_HIDDEN = forms.PasswordInput(attrs={"autocomplete": "new-password"})


def _secret(label: Any) -> forms.CharField:
    """Never shown again; empty keeps what is there. Not stripped: a password may begin with a space."""
    return forms.CharField(label=label, max_length=8000, required=False, strip=False, widget=_HIDDEN)


class MailboxForm(SetupForm):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("As you call it here."))
    host = forms.CharField(
        label=_("Mail server (IMAP)"),
        max_length=255,
        help_text=_("Such as imap.example.com, outlook.office365.com or imap.gmail.com."),
        error_messages={"required": _("Enter the name of the mail server.")},
    )
    security = forms.ChoiceField(
        label=_("Encryption"),
        choices=MailSource.Security.choices,
        initial=MailSource.Security.TLS,
        widget=forms.RadioSelect,
    )
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=993)
    username = forms.CharField(
        label=_("Name at sign-in"),
        max_length=320,
        help_text=_("Mostly the mail address."),
        error_messages={"required": _("Enter the name with which the mailbox is signed in to.")},
    )
    sign_in = forms.ChoiceField(
        label=_("Sign in with"),
        choices=MailSource.SignIn.choices,
        initial=MailSource.SignIn.PASSWORD,
        widget=forms.RadioSelect,
    )
    password = _secret(_("Password"))
    token_url = forms.ChoiceField(
        label=_("Provider"),
        choices=[
            (PROVIDERS["microsoft"], "Microsoft 365"),
            (PROVIDERS["google"], "Google Workspace"),
            ("other", _("Another one")),
        ],
        required=False,
    )
    token_url_other = forms.CharField(
        label=_("Address of its sign-in server"),
        max_length=500,
        required=False,
        help_text=_(
            "Only for another provider, or your own tenant: the token address, beginning with https://."
        ),
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=500, required=False)
    client_secret = _secret(_("Client secret"))
    refresh_token = _secret(_("Refresh token"))
    folder = forms.CharField(label=_("Folder"), max_length=255, initial="INBOX", required=False)
    after = forms.ChoiceField(
        label=_("When a mail was taken"),
        choices=MailSource.After.choices,
        initial=MailSource.After.SEEN,
        widget=forms.RadioSelect,
    )
    move_to = forms.CharField(
        label=_("Folder to move it to"),
        max_length=255,
        required=False,
        help_text=_("It is made if there is none."),
    )

    OAUTH = ("token_url", "token_url_other", "client_id", "client_secret", "refresh_token")

    @staticmethod
    def of(row: MailSource, secret: dict[str, Any]) -> dict[str, Any]:
        """The values of a mailbox, without its secrets."""
        names = ("name", "host", "security", "port", "username", "sign_in", "folder", "after", "move_to")
        url = secret.get("token_url", "")
        known = url in PROVIDERS.values() or not url
        return {name: getattr(row, name) for name in names} | {
            "client_id": secret.get("client_id", ""),
            "token_url": url if known else "other",
            "token_url_other": "" if known else url,
        }

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("after") == MailSource.After.MOVE and not said.get("move_to"):
            self.add_error("move_to", _("Enter another folder to move mail to."))
        if not self.initial.get("host"):  # a new one
            with_token = said.get("sign_in") == MailSource.SignIn.XOAUTH2
            for name in ("client_id", "refresh_token") if with_token else ("password",):
                if not said.get(name):
                    self.add_error(name, _("Enter it: without it nobody can sign in to the mailbox."))
        return said

    def values(self) -> dict[str, Any]:
        """As the actions take them: fields, and what is secret under `secret`."""
        said = self.cleaned_data
        url = said["token_url"]
        url = said["token_url_other"].strip() if url not in PROVIDERS.values() else url
        names = ("name", "host", "security", "port", "username", "sign_in", "folder", "after", "move_to")
        secret = {name: said[name] for name in SECRETS}
        if said["sign_in"] == MailSource.SignIn.XOAUTH2:
            secret["token_url"] = url
        return {name: said[name] for name in names} | {"secret": {k: v for k, v in secret.items() if v}}


class WebhookForm(SetupForm):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("As you call it here."))
    provider = forms.ChoiceField(
        label=_("Provider"), choices=MailSource.Provider.choices, widget=forms.RadioSelect
    )
    signing_key = forms.CharField(
        label=_("Key with which it signs"),
        max_length=8000,
        required=False,
        strip=True,
        widget=_HIDDEN,
        help_text=_(
            "Mailgun: HTTP webhook signing key. MailerSend: inbound secret. Mandrill: webhook key. "
            "Postal: public key. The others sign nothing; they get a password of ours instead."
        ),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if (
            not self.initial.get("provider")
            and said.get("provider") in SIGNED
            and not said.get("signing_key")
        ):
            self.add_error("signing_key", _("Enter the key with which the provider signs."))
        return said
