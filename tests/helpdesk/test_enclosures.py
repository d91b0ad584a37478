"""The special parts of a mail, told in words."""

import pytest

from helpdesk.enclosures import lines_of, notices
from tickets.models import Attachment


def ics(event: str, method: str = "REQUEST") -> bytes:
    page = f"BEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"
    return page.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            ics("SUMMARY:Call\nDTSTART:20261124T090000Z\nDTEND:20261124T093000Z\nRRULE:FREQ=WEEKLY"),
            ["Invitation: Call · Tue 24 Nov 2026, 09:00 UTC to 09:30 · repeats"],
        ),
        (ics("SUMMARY:Fair\nDTSTART;VALUE=DATE:20261124", "PUBLISH"), ["Event: Fair · Tue 24 Nov 2026"]),
        (ics("SUMMARY:Call\nDTSTART:20261124T090000", "CANCEL"), ["Cancelled event: Call · Tue 24 Nov 2026, 09:00 UTC"]),  # noqa: E501
        (ics("SUMMARY:Call\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.example", "REPLY"), ["Accepted: Call"]),
        (ics("DTSTART:nonsense"), []),
        (ics("DTSTART;VALUE=DATE:20261124"), ["Invitation: without a title · Tue 24 Nov 2026"]),
        (b"\x00\xff", []),
        (b"BEGIN:VCALENDAR\r\n" * 2000, []),
    ],
)  # fmt: skip
def test_an_invitation_is_a_line(data, expected):
    assert lines_of(data) == expected


@pytest.mark.parametrize(
    ("content_type", "text", "word"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data", "", "S/MIME"),
        ("application/x-pkcs7-signature", "", "signed this mail with S/MIME"),
        ("application/pgp-encrypted", "", "encrypted with PGP"),
        ("application/pgp-signature", "", "signed this mail with PGP"),
        ("text/plain", "-----BEGIN PGP MESSAGE-----\nx", "encrypted with PGP"),
    ],
)
def test_what_was_encrypted_or_signed_is_said(content_type, text, word):
    (line,) = notices([Attachment(content_type=content_type)], text)
    assert word in line


def test_an_ordinary_file_needs_no_words():
    assert notices([Attachment(content_type="application/pdf")], "Hello") == []
