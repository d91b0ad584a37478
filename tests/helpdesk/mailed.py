"""What account mails carry, as their readers would find it."""

from __future__ import annotations

from helpdesk import sealed
from helpdesk.models import Delivery


def mails_to(address: str, template: str = "account.") -> list[Delivery]:
    """The mails queued for an address, oldest first."""
    found = Delivery.objects.filter(address=address, template__startswith=template)
    return list(found.order_by("pk"))


def words_of(delivery: Delivery) -> dict[str, str]:
    """The codes and links of one mail."""
    assert delivery.secret is not None
    words: dict[str, str] = sealed.unseal(delivery.secret)
    return words


def path_in(delivery: Delivery) -> str:
    """The path of the link in one mail."""
    return "/" + words_of(delivery)["link"].split("/", 3)[3]
