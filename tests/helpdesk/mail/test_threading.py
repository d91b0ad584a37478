"""Which mails share a ticket, by cases of other projects; their senders take part."""

import json

import pytest

from helpdesk.models import SupportAddress
from tests.cast import Cast
from tests.helpdesk.mail import agreement
from tests.helpdesk.mail.post import SUPPORT, letter, receive

CASES = agreement.EMAILS / "threading" / "cases.json"


@pytest.mark.skipif(not CASES.is_file(), reason="the mail corpora are not beside this checkout")
def test_mails_of_one_thread_in_order_share_a_ticket(cast: Cast):
    SupportAddress.objects.create(address=SUPPORT, team=cast.tech)
    cases = [case for case in json.loads(CASES.read_text()) if case.get("in_order", True)]
    wrong = [case["id"] for case in cases if not _shares(case)]
    assert wrong == []


def _shares(case: dict) -> bool:
    """Deliver a case's mails in order; whether those that belong together, and only those, share a ticket."""
    tickets = {}
    for number, mail in enumerate(case["messages"]):
        tickets[mail["id"]] = receive(_raw(case["id"], number, mail)).ticket
    groups = case["expected"]["same_thread"]
    inside = all(len({tickets[one] for one in group if one in tickets}) == 1 for group in groups)
    return inside and len(set(tickets.values())) == len(
        [group for group in groups if set(group) & set(tickets)]
    )


def _raw(case: str, number: int, mail: dict) -> bytes:
    fields = {key: value for key in ("in_reply_to", "references") if (value := mail.get(key))}
    fields = {key: " ".join(_own(case, value)) for key, value in fields.items()}
    return letter(
        f"{case} {number}", subject=mail.get("subject") or "x", message_id=_own(case, mail["id"])[0], **fields
    )


def _own(case: str, ids: str) -> list[str]:
    """Ids of a case made its own: the cases use the same few."""
    return [
        f"<{case}.{one.strip('<>')}>" if "@" in one else f"<{case}.{one.strip('<>')}@x.example>"
        for one in ids.split()
    ]
