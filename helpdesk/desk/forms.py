"""What agents type: replies, notes, new tickets, people."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from helpdesk.words import file_size
from tickets.actions import NewFile, Words
from tickets.models import Channel, Priority, Speaker, Team, TicketType, User

TEXT_LIMIT = 100_000  # characters


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFiles(forms.FileField):
    """Several files in one field; the number and sizes are limited by settings."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [super(ManyFiles, self).clean(one, initial) for one in (data or []) if one]
        if len(files) > settings.FILES_MOST:
            raise forms.ValidationError(_("Add at most %(number)s files.") % {"number": settings.FILES_MOST})
        for file in files:
            if file.size > settings.FILE_BYTES:
                words = {
                    "name": file.name,
                    "size": file_size(file.size),
                    "limit": file_size(settings.FILE_BYTES),
                }
                raise forms.ValidationError(
                    _("“%(name)s” is %(size)s large; the limit is %(limit)s. The text is kept.") % words
                )
        if sum(file.size or 0 for file in files) > settings.FILES_BYTES:
            limit = file_size(settings.FILES_BYTES)
            raise forms.ValidationError(_("All files together may have %(limit)s.") % {"limit": limit})
        return files


class ComposerForm(forms.Form):
    """What a reply and a note have in common. `once` is the form's one-time token."""

    text = forms.CharField(max_length=TEXT_LIMIT, required=False, strip=False, widget=forms.Textarea)
    files = ManyFiles(required=False)  # type: ignore[assignment]
    keep = forms.CharField(required=False)
    keep_draft = forms.CharField(required=False)
    draft = forms.IntegerField(min_value=0, required=False)  # the version of the draft that was seen
    once = forms.CharField(max_length=64)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (
            data["text"].strip() or data["files"] or self.kept() or self.kept_of_draft()
        ):
            self.add_error("text", self.empty_words)
        return data

    empty_words: Any = ""

    goes_out = True
    """Whether the draft's own files are to be copied into what is said (not when it is only saved again)."""

    def kept(self) -> list[int]:
        """Ids of files that came back with a withdrawn reply and shall go out again."""
        return self._numbers("keep")

    def kept_of_draft(self) -> list[int]:
        """Ids of files of the writer's draft that shall stay with it."""
        return self._numbers("keep_draft")

    def _numbers(self, name: str) -> list[int]:
        if not hasattr(self.data, "getlist"):
            return []
        given = [pk for pk in self.data.getlist(name) if pk.isascii() and pk.isdigit() and len(pk) < 19]
        return [int(pk) for pk in given][: settings.FILES_MOST]

    def words(self, kept: tuple[NewFile, ...] = ()) -> Words:
        new = tuple(
            NewFile(file.name or "file", file.read(), file.content_type or "application/octet-stream")
            for file in self.cleaned_data["files"]
        )
        return Words(text=self.cleaned_data["text"].strip("\r\n"), files=kept + new)

    def fingerprint(self) -> bytes:
        """What makes two posts of one form the same: words, choice and files."""
        digest = hashlib.sha256(
            repr(
                (self.cleaned_data["text"], self.data.get("then"), self.kept(), self.kept_of_draft())
            ).encode()
        )
        for file in self.cleaned_data["files"]:
            digest.update(repr((file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
        return digest.digest()


class ReplyForm(ComposerForm):
    empty_words = _("Write a reply.")
    THEN = (
        ("waiting", _("Waiting")),
        ("open", _("Open")),
        ("on_hold", _("On hold")),
        ("resolved", _("Resolved")),
    )
    then = forms.ChoiceField(choices=THEN, required=False)
    beside = forms.CharField(required=False, max_length=500)
    """Ids of those who were replying too when the writer was asked whether to send all the same."""
    seen = forms.IntegerField(min_value=0, required=False)


class NoteForm(ComposerForm):
    empty_words = _("Write a note.")


class OutsideForm(ComposerForm):
    """Words to somebody outside. `quote` and `pass_on` are ids of public messages and of their files."""

    asks_whom = False
    empty_words = _("Write what you want to ask.")
    text = forms.CharField(
        label=_("Your words"), max_length=TEXT_LIMIT, required=False, strip=False, widget=forms.Textarea
    )
    files = ManyFiles(label=_("More files"), required=False)
    once = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def chosen(self, name: str) -> list[int]:
        """Ids that were chosen for `quote`, `pass_on` or `keep`."""
        return self._numbers(name) if self.is_bound else list(self.initial.get(name, ()))

    def fingerprint(self) -> bytes:
        said = {name: self.cleaned_data.get(name) for name in ("address", "name", "subject")}
        chosen = [self.chosen(name) for name in ("quote", "pass_on")]
        return super().fingerprint() + repr((said, chosen)).encode()


class AskOutsideForm(OutsideForm):
    """The first words of a side conversation: it also says with whom."""

    asks_whom = True
    address = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        error_messages={
            "required": _("Enter the address to write to"),
            "invalid": _("Enter an email address such as priya@example.com"),
        },
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    subject = forms.CharField(
        label=_("Subject"), max_length=500, error_messages={"required": _("Enter a subject")}
    )
    field_order = ("address", "name", "subject", "text")


class NewTicketForm(forms.Form):
    """A ticket that an agent opens for somebody who called, came by or shall be written to."""

    CHANNELS = (
        (Channel.PHONE, _("They called")),
        (Channel.WALK_IN, _("They came by")),
        (Channel.MAIL, _("They wrote an email")),
        ("us", _("We write first")),
    )
    email = forms.EmailField(
        label=_("Email address"),
        required=False,
        max_length=254,
        error_messages={"invalid": _("Enter an email address such as priya@example.com")},
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=50, required=False)
    how = forms.ChoiceField(
        label=_("How did it start?"),
        choices=CHANNELS,
        widget=forms.RadioSelect,
        initial=Channel.PHONE,
        error_messages={"required": _("Choose how it started")},
    )
    subject = forms.CharField(
        label=_("Subject"), max_length=500, error_messages={"required": _("Enter a subject")}
    )
    text = forms.CharField(
        label=_("Message"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea,
        error_messages={"required": _("Write what it is about")},
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=_("Team"),
        empty_label=None,
        error_messages={"required": _("Choose a team")},
    )
    assignee = forms.ModelChoiceField(
        User.objects.none(), label=_("Assignee"), required=False, empty_label=_("Nobody yet")
    )
    priority = forms.TypedChoiceField(
        label=_("Priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    type = forms.ChoiceField(label=_("Type"), choices=TicketType.choices, initial=TicketType.QUESTION)
    files = ManyFiles(label=_("Files"), required=False)  # type: ignore[assignment]
    once = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        self.fields["assignee"].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not (data.get("email") or data.get("name") or data.get("phone")) and "email" not in self.errors:
            self.add_error("email", _("Enter an email address, or a name if there is none"))
        if data.get("how") == "us" and not data.get("email") and "email" not in self.errors:
            self.add_error("email", _("Enter the address to write to"))
        return data

    @property
    def channel(self) -> str:
        how: str = self.cleaned_data["how"]
        return Channel.MAIL if how == "us" else how

    @property
    def spoke_first(self) -> str:
        return Speaker.AGENT if self.cleaned_data["how"] == "us" else Speaker.CUSTOMER
