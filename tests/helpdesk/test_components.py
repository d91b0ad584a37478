"""The component library renders, escapes what people wrote and keeps within the strict content policy."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from helpdesk import icons, times, words
from helpdesk.context import areas_for

FRIDAY = datetime(2026, 11, 20, 8, 53, tzinfo=UTC)


class Sample(forms.Form):
    email = forms.EmailField(label="Email", error_messages={"required": "Enter your email address"})
    message = forms.CharField(widget=forms.Textarea, help_text="An order number helps.")
    topic = forms.ChoiceField(choices=[("a", "Orders"), ("b", "Invoices")])
    rating = forms.ChoiceField(choices=[("1", "Very poor"), ("5", "Very good")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="Tell me", required=False)


@pytest.fixture
def page(db: None) -> str:
    request = RequestFactory().get("/")
    return render_to_string("components/style.html", {"form": Sample({}), "instant": FRIDAY}, request)


def test_every_component_renders_without_inline_style_or_script(page: str):
    assert "21 min late" in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\s(style|on[a-z]+)=", page)


def test_an_invalid_field_says_the_same_words_in_the_summary_and_beside_itself(page: str):
    assert page.count("Enter your email address") == 2
    assert 'href="#id_email"' in page
    assert re.search(
        r'<input[^>]*id="id_email"[^>]*aria-describedby="id_email-error"|<input[^>]*aria-describedby="id_email-error"[^>]*id="id_email"',
        page,
    )


def test_the_live_regions_stand_outside_the_main_content(page: str):
    main = page[page.index("<main") : page.index("</main>")]
    assert 'id="say"' in page
    assert 'id="alert"' in page
    assert 'id="say"' not in main
    assert 'id="alert"' not in main


class Rude(Sample):
    message = forms.CharField(label="<b>x</b>")


def test_words_of_people_are_escaped(db: None):
    context = {"form": Rude(), "instant": FRIDAY}
    html = render_to_string("components/style.html", context, RequestFactory().get("/"))
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x" in html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(seconds=20), "under 1 min"),
        (timedelta(minutes=42), "42 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=1, minutes=20), "1 h 20 min"),
        (timedelta(days=2, hours=1, minutes=5), "2 d 1 h"),
        (-timedelta(minutes=21), "21 min"),
        (None, "–"),
    ],
)
def test_durations_have_at_most_two_units(value: timedelta | None, text: str):
    assert times.duration(value).replace("\u00a0", " ") == text


def test_working_time_is_not_folded_into_days():
    assert times.duration(timedelta(hours=40), days=False).replace("\u00a0", " ") == "40 h"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=1), "08:53"),
        (timedelta(days=3), "Tue 09:53"),
        (timedelta(days=17), "3 Nov 2026, 09:53"),
    ],
)
def test_the_past_is_told_in_the_readers_zone(age: timedelta, text: str):
    with timezone.override("Europe/Berlin"):
        assert times.ago(FRIDAY - age, FRIDAY).replace("\u00a0", " ") == text


def test_a_time_carries_date_and_zone():
    with timezone.override("Europe/Berlin"):
        html = times.tag(FRIDAY, "09:53")
    assert (
        html == '<time datetime="2026-11-20T09:53:00+01:00" title="Fri 20 Nov 2026, 09:53 CET">09:53</time>'
    )


def test_sizes_and_initials():
    assert words.file_size(212_000).replace("\u00a0", " ") == "212 kB"
    assert words.initials("Priya Anna Nair") == "PN"
    assert words.initials("") == "?"


def test_an_unknown_icon_is_refused():
    with pytest.raises(KeyError):
        icons.icon("no-such-drawing")


def test_a_priority_lights_as_many_bars_as_its_level():
    assert [icons.bars(level).count('class="on"') for level in (1, 2, 3, 4)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("who", "areas"),
    [
        ("mira", ["/desk/", "/desk/customers/", "/reports/mine/"]),
        ("sue", ["/desk/", "/desk/customers/", "/reports/", "/setup/hours/"]),
        ("root", ["/desk/", "/desk/customers/", "/reports/", "/setup/"]),
        ("priya", []),
    ],
)
def test_each_reader_is_offered_the_areas_that_are_open_to_them(client, cast, who, areas):
    person = getattr(cast, who)
    assert [path for _key, _word, path, _chord in areas_for(person)] == areas
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    for path in areas:
        assert client.get(path).status_code == 200
