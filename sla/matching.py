"""Whether a policy is for a ticket: an expression over what is known of it. Pure.

Conditions are a list, all of which must hold: {"field": "team", "operator": "is", "values": [3, 4]}.
The operators are "is" (one of), "is_not" (none of) and "contains" (any of the words, in any case); a field
may have several values, as tags do; "customer_tag" are those of the requester and of the organisation. An
empty list matches every ticket.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from sla.rules import PolicyError

FIELDS = ("team", "organization", "customer_tag", "channel", "type", "priority", "tag")
OPERATORS = ("is", "is_not", "contains")


def check_conditions(conditions: Any) -> list[dict[str, Any]]:
    """The conditions as they may be stored. Raises `PolicyError` with a sentence."""
    if not isinstance(conditions, list):
        raise PolicyError(_("Conditions are a list."))
    for condition in conditions:
        if not isinstance(condition, dict) or set(condition) != {"field", "operator", "values"}:
            raise PolicyError(_("A condition has a field, an operator and values."))
        if condition["field"] not in FIELDS:
            raise PolicyError(
                _("“%(name)s” is not something a policy can ask.") % {"name": condition["field"]}
            )
        if condition["operator"] not in OPERATORS:
            raise PolicyError(_("“%(name)s” is not a comparison.") % {"name": condition["operator"]})
        if not isinstance(condition["values"], list) or not condition["values"]:
            raise PolicyError(_("Choose at least one value for “%(name)s”.") % {"name": condition["field"]})
    return conditions


def matches(conditions: Sequence[Mapping[str, Any]], known: Mapping[str, Collection[Any]]) -> bool:
    """Whether all conditions hold for `known`: per field the ticket's values."""
    return refusing(conditions, known) is None


def refusing(
    conditions: Sequence[Mapping[str, Any]], known: Mapping[str, Collection[Any]]
) -> Mapping[str, Any] | None:
    """The first condition that does not hold for `known`, None where all of them do."""
    return next((each for each in conditions if not _holds(each, known.get(each["field"], ()))), None)


def _holds(condition: Mapping[str, Any], values: Collection[Any]) -> bool:
    wanted = {str(value).casefold() for value in condition["values"]}
    have = {str(value).casefold() for value in values}
    if condition["operator"] == "contains":
        return any(word in value for word in wanted for value in have)
    return bool(wanted & have) == (condition["operator"] == "is")
