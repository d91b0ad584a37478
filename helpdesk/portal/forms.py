"""What visitors of the portal send."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Topic
from helpdesk.topics import Offer
from helpdesk.words import file_size
from tickets.actions import NewFile


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each and together within the limits of the settings."""

    widget = FilesInput

    @property
    def largest(self) -> int:
        """The octets that one file may have."""
        return settings.FILE_BYTES

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [super(FilesField, self).clean(one, initial) for one in (data or []) if one]
        if len(files) > settings.FILES_MOST:
            raise forms.ValidationError(
                _t("Choose at most %(count)s files; put more of them into an archive.")
                % {"count": settings.FILES_MOST}
            )
        for file in files:
            if file.size > settings.FILE_BYTES:
                given = {"name": file.name[:100], "limit": file_size(settings.FILE_BYTES)}
                raise forms.ValidationError(
                    _t("“%(name)s” is larger than %(limit)s. Choose the other files again, without it.")
                    % given
                )
        if sum(file.size for file in files) > settings.FILES_BYTES:
            given = {"limit": file_size(settings.FILES_BYTES)}
            raise forms.ValidationError(
                _t("The files together are larger than %(limit)s. Choose fewer of them.") % given
            )
        return files


class OnceForm(forms.Form):
    """A form that counts once, however often it is sent: it carries a key of its own (`helpdesk.once`)."""

    once = forms.CharField(max_length=64, min_length=16, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["once"].initial = secrets.token_urlsafe(16)
        self.fields["once"].error_messages = {
            name: _("This form was not complete. Send it once more.")
            for name in ("required", "min_length", "max_length")
        }
        self.fields["once"].widget.attrs["id"] = None

    def full_clean(self) -> None:
        """The key is nothing that a reader could mend: its errors belong to the whole form."""
        super().full_clean()
        if self.is_bound and "once" in self.errors:
            for error in self.errors.pop("once").as_data():
                self.add_error(None, error)

    def renew(self) -> None:
        """Give the form that is shown again a new key."""
        self.data = {**self.data, "once": secrets.token_urlsafe(16)}

    @property
    def hidden(self) -> str:
        """The key to put into the page: the one that was sent, if it can be used."""
        sent = self.data.get("once", "") if self.is_bound else ""
        return sent if 16 <= len(sent) <= 64 else str(self.fields["once"].initial)

    def body(self) -> bytes:
        """What was said, as bytes to tell a repetition from something new."""
        said = {name: value for name, value in self.cleaned_data.items() if name not in ("once", "files")}
        files = [(file.name, hashlib.sha256(file.data).hexdigest()) for file in self.new_files()]
        return json.dumps([said, files], sort_keys=True, default=str).encode()

    def new_files(self) -> tuple[NewFile, ...]:
        """The files as the domain takes them, read once."""
        if not hasattr(self, "_new_files"):
            self._new_files = tuple(
                NewFile(
                    name=file.name or "file",
                    data=file.read(),
                    content_type=file.content_type or "application/octet-stream",
                )
                for file in self.cleaned_data.get("files") or ()
            )
        return self._new_files


class NewTicket(OnceForm):
    """A new ticket; with several topics one of them is chosen, a single one is taken as chosen."""

    topic = forms.ChoiceField(
        label=_("What is it about?"),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose what it is about")),
    )
    subject = forms.CharField(
        label=_("Subject"), max_length=200, error_messages={"required": _("Enter a subject")}
    )
    message = forms.CharField(
        label=_("Message"),
        max_length=100_000,
        help_text=_("An order number helps us to answer at once."),
        error_messages={"required": _("Write what happened")},
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    files = FilesField(label=_("Files"), required=False, allow_empty_file=True)  # type: ignore[assignment]
    email = forms.EmailField(
        label=_("Your email"),
        max_length=254,
        error_messages={
            "required": _("Enter your email address"),
            "invalid": _("Enter an email address, as in name@example.com"),
        },
        help_text=_("We send a link there; open it, and your ticket reaches us."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *args: Any, signed_in: bool, offers: Sequence[Offer] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = offers
        if len(offers) < 2:
            del self.fields["topic"]
        else:
            choices = [(str(offer.topic.pk), offer.name) for offer in offers]
            self.fields["topic"].choices = choices  # type: ignore[attr-defined]
        if signed_in:
            del self.fields["email"]

    def topic_chosen(self) -> Topic | None:
        """What a valid form is about."""
        wanted = self.cleaned_data.get("topic")
        found = (offer.topic for offer in self.offers if wanted is None or str(offer.topic.pk) == wanted)
        return next(found, None)


class Reply(OnceForm):
    message = forms.CharField(
        label=_("Your reply"),
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    files = FilesField(label=_("Files"), required=False, allow_empty_file=True)  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("message", "").strip() and not cleaned.get("files"):
            self.add_error("message", _("Write a reply"))
        return cleaned


class Plain(OnceForm):
    """A button that counts once."""
