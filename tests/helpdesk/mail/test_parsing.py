"""What a mail says, for every mail the corpora hold, and for those made to break a reader."""

import time
from datetime import UTC, datetime

import pytest

from helpdesk.mail import headers
from helpdesk.mail.addresses import addresses
from helpdesk.mail.charsets import decode
from helpdesk.mail.mail import Limits
from helpdesk.mail.parsing import minimal, parse
from tests.helpdesk.mail import agreement, hostile
from tests.helpdesk.mail.differences import tally

needs_corpora = pytest.mark.skipif(
    not agreement.EMAILS.is_dir(), reason="the mail corpora are not beside this checkout"
)
# The least share, per corpus, of subject, sender, text and attachments read as the source expects.
FLOORS = {
    "imap_tools": 0.99, "zammad": 0.97, "php": 0.99, "stalwart": 0.93, "mikel_mail": 0.95, "redmine": 0.88,
    "discourse": 0.92,
}  # fmt: skip


@needs_corpora
@pytest.mark.parametrize("corpus", FLOORS)
def test_reading_agrees_with_what_the_corpus_expects(corpus):
    found = tally(corpus)
    assert found.share() >= FLOORS[corpus], [one[:2] for one, _why in found.differences]
    assert [one[:2] for one, reason in found.differences if reason is None] == []


@needs_corpora
def test_no_mail_of_any_corpus_raises_or_holds_what_a_database_cannot_store():
    count = 0
    for path in agreement.mails():
        mail = parse(path.read_bytes())
        words = [
            mail.subject,
            mail.message_id,
            *mail.texts,
            *mail.htmls,
            *(one.name for one in mail.attachments),
        ]
        words += [text for address in [*mail.sender, *mail.to, *mail.cc] for text in address]
        for text in words:
            assert "\x00" not in text, path
            text.encode("utf-8")
        count += 1
    assert count > 700


@pytest.mark.parametrize("name", hostile.MAILS)
def test_a_hostile_mail_is_read_in_bounded_time(name):
    started = time.monotonic()
    mail = parse(hostile.MAILS[name])
    assert time.monotonic() - started < 8
    assert len(mail.bodies) <= Limits().max_parts + 1
    assert sum(len(text) for text in mail.texts + mail.htmls) <= Limits().max_text


@pytest.mark.parametrize(
    ("mail", "flag"),
    [
        (hostile.MAILS["100,000 small parts"], "structure_capped"),
        (hostile.MAILS["2,000 nested multiparts"], "structure_capped"),
        (hostile.MAILS["2,000 nested messages"], "structure_capped"),
        (hostile.MAILS["10,000 header fields"], "headers_capped"),
        (hostile.MAILS["100,000 quotation marks"], "headers_capped"),
        (hostile.MAILS["3,000 open brackets"], "headers_odd"),
        (hostile.MAILS["20,000 parameters"], "parameters_capped"),
        (hostile.MAILS["8,000 commented names"], "headers_capped"),
    ],
)
def test_a_mail_beyond_a_cap_is_flagged(mail, flag):
    assert flag in parse(mail).flags


def test_caps_hold_at_their_edge():
    limits = Limits(max_parts=5)
    assert parse(hostile.many_parts(5), limits).flags == []
    assert parse(hostile.many_parts(6), limits).flags == ["structure_capped"]
    head = b"From: a@example.com\r\nX-A: 1\r\nX-B: 2\r\n\r\nbody"
    assert parse(head, Limits(max_fields=3)).flags == []
    assert parse(head, Limits(max_field_bytes=3)).flags == ["headers_capped"]


def test_the_minimal_reading_knows_sender_subject_and_beginning():
    mail = minimal(b"From: Ann <ann@example.com>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nHello\nthere")
    assert (mail.author.email, mail.subject, mail.texts, mail.flags) == (
        "ann@example.com", "Grüße", ["Hello\nthere"], ["minimal"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Ann <ann@example.com>", [("Ann", "ann@example.com")]),
        (
            "Doe, Jane <jane@example.com>, b@example.com",
            [("Doe, Jane", "jane@example.com"), ("", "b@example.com")],
        ),
        (
            "friends: a@x.test, B <b@x.test>;, c@x.test",
            [("", "a@x.test"), ("B", "b@x.test"), ("", "c@x.test")],
        ),
        ("=?utf-8?q?M=C3=BCller=2C_J?= <m@x.test>", [("Müller, J", "m@x.test")]),
        ("marc@example.com (Marc Smith)", [("Marc Smith", "marc@example.com")]),
        ("<<ann@example.com>>", [("", "ann@example.com")]),
        ("'ann@example.com' <ann@example.com>", [("ann@example.com", "ann@example.com")]),
        ("undisclosed-recipients:;", []),
        ("jdoe@x  . test", [("", "jdoe@x.test")]),
        ("", []),
    ],
)
def test_addresses_are_read_as_people_meant_them(field, expected):
    assert [tuple(one) for one in addresses(field)] == expected


@needs_corpora
def test_the_header_truth_tables_are_met_but_for_named_choices():
    """Ours differ on purpose: comments inside an address are dropped, `mailto:` too; spaces around names are
    not kept.
    """
    chosen = {"9", "10", "14", "30", "33", "40", "41", "42", "44", "46"}
    for case in agreement.table("address"):
        if case["id"].rsplit("-", 1)[1] in chosen:
            continue
        groups = case["expected"].get("Group", [{"addresses": case["expected"].get("List", [])}])
        want = [(one["name"] or "", one["address"] or "") for group in groups for one in group["addresses"]]
        assert [tuple(one) for one in addresses(headers.text_of(case["header"].encode()))] == want, case["id"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri, 21 Nov 1997 09:55:06 -0600", datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC)),
        ("Tue, 1 Jul 2003 ((tricky) comment) 10:52:37 +0200", datetime(2003, 7, 1, 8, 52, 37, tzinfo=UTC)),
        ("Thu, 99 Jul 2003 10:52:37 +0200", None),
        (
            "by relay.example with SMTP id b; Mon, 10 Oct 2022 10:31:15 -0700 (PDT)",
            datetime(2022, 10, 10, 17, 31, 15, tzinfo=UTC),
        ),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_instants_or_nothing(text, expected):
    assert headers.instant(text) == expected


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        ("Grüße".encode("cp1252"), "iso-8859-1", "Grüße"),
        ("Grüße".encode(), "iso-8859-1", "Grüße"),
        ("Grüße".encode("cp1252"), "utf-8", "Grüße"),
        ("“quoted”".encode("cp1252"), "us-ascii", "“quoted”"),
        ("고맙습니다".encode("cp949"), "ks_c_5601-1987", "고맙습니다"),
        ("こんにちは".encode("iso2022_jp"), "iso-2022-jp", "こんにちは"),
        ("Здравствуйте, коллеги".encode("cp1251"), "cp-1251", "Здравствуйте, коллеги"),
        ("plain".encode("utf-16"), "utf-8", "plain"),
        (b"a\x00b", "nonsense-1", "a\ufffdb"),
        (b"\x81\x8d", None, None),
    ],
)
def test_text_is_read_whatever_the_label_says(data, declared, expected):
    text = decode(data, declared)
    assert expected is None or text == expected
    text.encode("utf-8")


def test_an_encoded_word_split_inside_a_character_is_joined():
    assert headers.decode_words("=?utf-8?b?w7w=?= =?utf-8?q?=C3?= =?utf-8?q?=BC?=") == "üü"
    assert headers.decode_words("=?utf-8?q?Are_you?=?=") != ""


def test_a_file_name_is_a_harmless_label():
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n"
        b'Content-Disposition: attachment; filename="../../a\tb\xe2\x80\xaegpj.exe"\r\n\r\nx\r\n--b--\r\n'
    )
    (attachment,) = parse(raw).attachments
    assert attachment.name == "../../a b\ufffdgpj.exe"
    assert (attachment.size, attachment.inline) == (1, False)


def test_a_winmail_part_that_cannot_be_read_is_kept_as_a_file():
    raw = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nnot tnef"
    mail = parse(raw)
    assert [one.name for one in mail.attachments] == ["winmail.dat"]
    assert mail.flags == ["tnef_unreadable"]


def test_what_is_called_a_delivery_report_but_has_none_of_its_fields_is_words():
    raw = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status;\r\n\r\nThe mailbox is closed.\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\n\r\n--b--\r\n"
    )
    mail = parse(raw)
    assert [text.strip() for text in mail.texts] == ["The mailbox is closed."]
    assert len(mail.reports) == 1


def test_a_part_whose_parameters_lost_their_semicolon_keeps_its_type():
    assert headers.parameters('text/plain  charset="utf-8"') == ("text/plain", {"charset": "utf-8"})
    assert headers.parameters("text/plain") == ("text/plain", {})


def test_a_file_without_a_name_is_called_by_its_description():
    raw = b"Content-Type: application/pdf\r\nContent-Description: Invoice 7\r\n\r\nx"
    assert [one.name for one in parse(raw).attachments] == ["Invoice 7.pdf"]


def test_a_uuencoded_block_becomes_a_file():
    raw = b"Subject: x\r\n\r\nSee below.\r\nbegin 644 hi.txt\r\n%:&5L;&\\\r\n`\r\nend\r\nBye.\r\n"
    mail = parse(raw)
    assert [(one.name, one.content) for one in mail.attachments] == [("hi.txt", b"hello")]
    assert "Bye." in mail.texts[0]
    assert "begin 644" not in mail.texts[0]
