"""Reply addresses and Message-IDs can be read back, whatever the case, and not be made up."""

import pytest

from helpdesk.mail import tokens


def test_a_reply_address_names_its_ticket_and_person_in_any_case():
    address = tokens.reply_address("support@acme.example", 42, 7)
    assert address.startswith("support+r42-7-")
    assert tokens.read_reply_address(address.upper()) == (42, 7)
    assert len(address.partition("@")[0]) <= 64


@pytest.mark.parametrize("change", [("r42", "r43"), ("-7-", "-8-"), ("@", "x@"), ("+r", "+s"), ("+", "")])
def test_an_altered_reply_address_says_nothing(change):
    address = tokens.reply_address("support@acme.example", 42, 7)
    assert tokens.read_reply_address(address.replace(*change, 1)) is None


def test_message_ids_name_their_delivery_and_forged_ones_do_not():
    ours = tokens.message_id(9)
    assert tokens.read_message_id(f"<{ours}>") == 9
    assert tokens.read_message_id(ours.replace("d9.", "d8.")) is None
    assert tokens.read_message_id("d9.short@x") is None


def test_tokens_of_the_previous_key_still_hold(settings):
    address = tokens.reply_address("support@acme.example", 42, 7)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "k" * 50
    assert tokens.read_reply_address(address) == (42, 7)
