"""Words are data: names in braces from a list, and nothing that a template language could do."""

import pytest

from helpdesk.mail.letters import LETTERS
from helpdesk.outbox import ACCOUNT_MAIL
from helpdesk.wording import store
from helpdesk.wording.catalogue import NOTIFICATIONS
from helpdesk.wording.parsing import BadWording, parse_body, parse_line
from helpdesk.wording.rendering import Look, RowAsValue, as_html, as_text, check

KINDS = {"name": "word", "link": "link", "block": "block", "none": "word"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello {nobody}", "{nobody}” is not a placeholder"),
        ("Hello {name.__class__}", "stands alone"),
        ("Hello {name!r}", "stands alone"),
        ("Hello {0}", "{0}” is not a placeholder"),
        ("{}", "{}” is not a placeholder"),
        ("a { b", "“{” stands alone"),
        ("a } b", "“}” stands alone"),
        ("{{name}", "“}” stands alone"),
        ("See {block} here", "line of its own"),
        ("{block} {block}", "line of its own"),
        ("{% if x %}", "stands alone"),
    ],
)
def test_what_is_no_placeholder_of_the_list_is_refused_with_a_sentence(text, words):
    with pytest.raises(BadWording, match=words.replace("{", r"\{").replace("}", r"\}").replace(".", r"\.")):
        parse_body(text, KINDS)


def test_doubled_braces_are_braces_and_values_are_never_read_again():
    line = parse_line("{{{name}}} {{x}}", KINDS)
    assert "".join(one if isinstance(one, str) else "V" for one in line) == "{V} {x}"


def test_every_notification_has_words_that_its_own_rules_accept_and_both_parts_say_them():
    for key, one in NOTIFICATIONS.items():
        words = store.ours(key, "en")
        assert set(one.samples) == set(one.kinds)
        check(words, one.samples)
        text = as_text(words, one.samples, Look(footer=["Acme GmbH"]))
        html = as_html(words, one.samples, Look(footer=["Acme GmbH"]), title="x")
        assert "Acme GmbH" in text
        assert "Acme GmbH" in html
        assert "{" not in text
        assert words.subject_of(one.samples)
    letters = {key for key in LETTERS if key not in ("person.invited",)}
    assert letters | set(ACCOUNT_MAIL) | {"sla.digest"} == set(NOTIFICATIONS)


def test_a_paragraph_with_an_empty_value_is_left_out_and_small_print_and_links_are_made():
    words = store.read(
        "ticket.received",
        "{subject}",
        "Hi <b>{name}</b>\nthere\n\nBy {aim}.\n\n~ small {reference}\n\n{ticket_link}",
    )
    values = NOTIFICATIONS["ticket.received"].samples | {"aim": "", "name": "<i>Eve</i> {reference}"}
    text, html = as_text(words, values, Look()), as_html(words, values, Look(), title="x")
    assert text.startswith("Hi <b><i>Eve</i> {reference}</b>\nthere\n\nsmall 1042\n\nTicket 1042: https://")
    assert "Hi &lt;b&gt;&lt;i&gt;Eve&lt;/i&gt; {reference}&lt;/b&gt;<br>" in html
    assert "By" not in text
    own = store.read("ticket.assigned", "{subject} {reference}", "Go on: {link}\n\nor {link} now")
    page = as_html(own, NOTIFICATIONS["ticket.assigned"].samples, Look(), title="x")
    assert page.count('<a href="https://help.example.com/desk/tickets/1042/"') == 2
    assert ">Go on</a>" in page


def test_what_a_mail_cannot_do_without_cannot_be_left_out():
    with pytest.raises(BadWording, match=r"answer.* is missing"):
        store.read("ticket.replied", "{subject}", "Hello\n\n{files}")
    with pytest.raises(BadWording, match="tear conversations apart"):
        store.read("ticket.replied", "News", "{answer}\n\n{files}")
    with pytest.raises(BadWording, match="not a placeholder"):
        store.read("ticket.replied", "{subject} {answer}", "{answer}\n\n{files}")


def test_a_row_of_the_database_is_never_a_value(ticket):
    words = store.ours("ticket.assigned", "en")
    note = ticket.messages.get()
    for value in (note, [note], ("", note), [("a", [note])]):
        with pytest.raises(RowAsValue):
            check(words, NOTIFICATIONS["ticket.assigned"].samples | {"actor": value})
