"""What a browser gets of a foreign mail: its words and its own pictures, and nothing that acts or fetches."""

import base64
import io

import pytest
from PIL import Image

from helpdesk import downloads
from helpdesk.inline_images import as_address
from tickets import actions
from tickets.actions import NewFile, Words


def _picture(format: str = "PNG", size: tuple[int, int] = (4, 4)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(made, format)
    return made.getvalue()


@pytest.fixture
def message(ticket, cast):
    html = '<p>See <img data-cid="one@x" alt="the screen"><img data-remote="https://x.example/a.png"></p>'
    files = (NewFile("a.png", _picture(), "image/png", inline=True, content_id="one@x"),)
    return actions.reply(ticket, Words("See", html=html, files=files), by=cast.priya, channel="mail")


def test_a_picture_of_the_mail_stands_where_it_stood_and_no_other_host_is_named_as_source(message):
    page = downloads.frame(message).content.decode()
    assert '<img alt="the screen" src="data:image/png;base64,' in page
    assert 'src="https://' not in page


def test_html_that_came_in_unclean_goes_out_clean(message):
    message.html = "<p onclick=x()>Hi</p><script>alert(1)</script>"
    assert b"<p>Hi</p></body>" in downloads.frame(message).content


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_raster_images_are_written_anew(format):
    address = as_address(_picture(format))
    head, _, data = address.partition(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (4, 4)


@pytest.mark.parametrize(
    "data", [b"<svg onload=alert(1)>", b"", b"\x89PNG\r\n\x1a\nbroken", _picture(size=(5000, 5000))]
)
def test_what_is_no_picture_or_too_large_a_one_is_not_shown(data):
    assert as_address(data) == ""
