"""What the API takes and gives. Fields are listed one by one; nothing is taken or given that is not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from helpdesk.api.base import Strict
from sla.models import ClockState, MetricName
from tickets import access
from tickets.models import Channel, Priority, Role, Speaker, Status, TicketType, User

PRIORITIES = {priority.name.lower(): priority for priority in Priority}
PRIORITY_NAMES = {priority.value: name for name, priority in PRIORITIES.items()}
PUBLIC_STATUS = {Status.NEW: "open", Status.ON_HOLD: "open"}
"""How a customer reads the statuses that are ours alone; the others keep their name."""

BIG = 2**63 - 1
TEXT_LENGTH = 500_000
VERSION_HELP = _("The version you have seen. When the ticket changed since, the answer is 409.")


def public_status(status: str) -> str:
    """One of open, waiting, resolved, closed."""
    return PUBLIC_STATUS.get(Status(status), status)


class Text(serializers.CharField):
    """Words of a person."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": TEXT_LENGTH, "trim_whitespace": False} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        found = super().run_validation(data)
        if isinstance(found, str) and not found.strip() and not self.allow_blank:
            self.fail("blank")
        return found


class TeamField(serializers.IntegerField):
    """The number of a team that the reader may file tickets into."""

    default_error_messages = {"unknown": _("There is no such team.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": BIG} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        number = super().run_validation(data)
        if number is None:
            return None
        team = access.teams_visible_to(self.context["user"]).filter(pk=number).first()
        if team is None:
            self.fail("unknown")
        return team


class MemberField(serializers.CharField):
    """A member of the staff: `me`, their number or their address; null is nobody."""

    default_error_messages = {"unknown": _("Nobody here has this number or address.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 254, "allow_null": True} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        words = super().run_validation(data)
        if words is None:
            return None
        user: User = self.context["user"]
        people = access.people_visible_to(user).exclude(role=Role.CUSTOMER)
        if words == "me":
            return user
        if words.isascii() and words.isdigit() and len(words) < 19:
            person = people.filter(pk=int(words)).first()
        else:
            person = people.filter(email=words.strip().lower()).first()
        return person or self.fail("unknown")


# --- bodies -------------------------------------------------------------------------------------------


class Nothing(Strict):
    """An action that needs no more than its address."""


class Seen(Strict):
    """An action on what was seen."""

    version = serializers.IntegerField(required=False, min_value=0, max_value=BIG, help_text=VERSION_HELP)


class NewTicket(Strict):
    """A ticket of the token's own person."""

    subject = serializers.CharField(max_length=500)
    text = Text()


class NewTicketForSomebody(NewTicket):
    """A ticket that a member opens for somebody, who becomes a customer on first contact."""

    requester_email = serializers.EmailField(max_length=254)
    requester_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    team = TeamField(required=False, help_text=_("Default: the company's default team."))
    assignee = MemberField(required=False)
    priority = serializers.ChoiceField(choices=list(PRIORITIES), required=False)
    type = serializers.ChoiceField(choices=TicketType.choices, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), required=False, max_length=50)
    channel = serializers.ChoiceField(
        choices=[Channel.API.value, Channel.PHONE.value, Channel.WALK_IN.value],
        required=False,
        help_text=_("How the words came to us."),
    )
    spoke_first = serializers.ChoiceField(
        choices=[Speaker.CUSTOMER.value, Speaker.AGENT.value],
        required=False,
        help_text=_("Whose words these are."),
    )


class Said(Strict):
    """A customer's word."""

    text = Text()


class Answered(Said):
    """A member's public reply."""

    then = serializers.ChoiceField(
        choices=[status.value for status in Status if status is not Status.NEW],
        required=False,
        help_text=_("The status to go on to."),
    )
    version = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=BIG,
        help_text=_("The version you have seen. When the customer wrote since, the answer is 409."),
    )
    hold_seconds = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=60,
        help_text=_("Keep it back so long, during which it can be withdrawn."),
    )


class Assigned(Seen):
    assignee = MemberField()


class Prioritized(Seen):
    priority = serializers.ChoiceField(choices=list(PRIORITIES))


class Moved(Seen):
    team = TeamField()


class Merged(Seen):
    into = serializers.IntegerField(
        min_value=1, help_text=_("Number of the older ticket that stands for both.")
    )


class RequesterChanged(Seen):
    requester_email = serializers.EmailField(max_length=254)
    requester_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    keep = serializers.BooleanField(
        required=False, help_text=_("Whoever asked so far goes on to get copies. Default: no.")
    )


class Snoozed(Seen):
    until = serializers.DateTimeField(
        help_text=_("With a time zone; off the lists until then, or until the customer writes.")
    )


class Split(Strict):
    messages = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIG), min_length=1, max_length=500
    )
    subject = serializers.CharField(max_length=500, required=False, allow_blank=True)
    requester_email = serializers.EmailField(
        max_length=254, required=False, help_text=_("Of those who wrote. Default: this ticket's requester.")
    )


class Retyped(Seen):
    type = serializers.ChoiceField(choices=TicketType.choices)


class Tagged(Seen):
    tag = serializers.CharField(max_length=50)


# --- answers ------------------------------------------------------------------------------------------


class PersonOut(serializers.Serializer[User]):
    id = serializers.IntegerField(required=False, help_text=_("For members only."))
    name = serializers.CharField()
    email = serializers.EmailField(required=False, allow_null=True, help_text=_("For members only."))


class NamedOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class TeamOut(NamedOut):
    """A team that tickets may be filed into."""


class MeOut(serializers.Serializer[User]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    role = serializers.ChoiceField(choices=Role.choices)
    teams = NamedOut(many=True)


class FileOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text=_("In octets."))
    url = serializers.URLField()


class MessageOut(serializers.Serializer[Any]):
    """Something said. `text` is its new part, `quoted` what it repeats of earlier messages."""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["public", "note", "outside"])
    by = serializers.ChoiceField(choices=Speaker.choices)
    author = PersonOut(allow_null=True)
    channel = serializers.ChoiceField(choices=Channel.choices)
    text = serializers.CharField()
    quoted = serializers.CharField()
    said_at = serializers.DateTimeField()
    attachments = FileOut(many=True)
    visible_at = serializers.DateTimeField(required=False, help_text=_("For members only."))
    withdrawn_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text=_("For members only.")
    )
    held = serializers.BooleanField(required=False, help_text=_("For members only."))
    automatic = serializers.BooleanField(required=False, help_text=_("For members only."))


class NextDueOut(serializers.Serializer[Any]):
    """What a ticket owes next."""

    at = serializers.DateTimeField(allow_null=True, help_text=_("Null while the clock is paused."))
    metric = serializers.ChoiceField(choices=MetricName.choices)
    state = serializers.ChoiceField(choices=ClockState.choices)


class TicketOut(serializers.Serializer[Any]):
    """A ticket. Customers read four statuses (open, waiting, resolved, closed) and no internal field."""

    id = serializers.IntegerField(help_text=_("The ticket's number."))
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    requester = PersonOut()
    opened_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    url = serializers.URLField()
    organization = NamedOut(required=False, allow_null=True, help_text=_("For members only."))
    team = NamedOut(required=False, help_text=_("For members only."))
    assignee = PersonOut(required=False, allow_null=True, help_text=_("For members only."))
    priority = serializers.ChoiceField(
        required=False, choices=list(PRIORITIES), help_text=_("For members only.")
    )
    type = serializers.ChoiceField(
        required=False, choices=TicketType.choices, help_text=_("For members only.")
    )
    channel = serializers.ChoiceField(
        required=False, choices=Channel.choices, help_text=_("For members only.")
    )
    tags = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=_("For members only.")
    )
    updated_at = serializers.DateTimeField(required=False, help_text=_("For members only."))
    version = serializers.IntegerField(
        required=False, help_text=_("Counts what happened to the ticket. For members only.")
    )
    next_due = NextDueOut(required=False, allow_null=True, help_text=_("For members only."))


class DeletedOut(serializers.Serializer[Any]):
    """A ticket that was deleted. Until `erased_at` it can be restored."""

    id = serializers.IntegerField(help_text=_("The ticket's number."))
    erased_at = serializers.DateTimeField()


class TicketWithMessagesOut(TicketOut):
    messages = MessageOut(many=True, help_text=_("The first hundred; `more_messages` leads on."))
    more_messages = serializers.URLField(allow_null=True)


class TicketPageOut(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text=_("The next page."))
    results = TicketOut(many=True)


class MessagePageOut(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text=_("The next page."))
    results = MessageOut(many=True)


class RefusalOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class ErrorOut(serializers.Serializer[Any]):
    """Every refusal."""

    error = RefusalOut()
