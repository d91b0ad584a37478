"""The component library renders, escapes what people wrote and keeps within the strict content policy."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from config import env
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


STATUSES = ("new", "open", "waiting", "on_hold", "resolved", "closed")
WEIGHTS = {
    "plain": "42 min left",
    "warn": "9 min left",
    "late": "12 min late",
    "was-late": "answered 12 min late",
    "paused": "paused: customer",
    "met": "met in 18 min",
}


def test_ux11_without_colour_status_priority_and_clock_differ_in_glyph_and_word():
    chips: Any = engines["jinja2"].get_template("components/chips.html").template.module  # type: ignore[attr-defined]
    status = [chips.status(each) for each in STATUSES]
    priority = [chips.priority(level) for level in (1, 2, 3, 4)]
    assert len({_glyph(each) for each in status}) == len({_word(each) for each in status}) == 6
    assert len({_glyph(each) for each in priority}) == len({_word(each) for each in priority}) == 4
    clocks = {weight: chips.clock(weight, text) for weight, text in WEIGHTS.items()}
    assert len({_word(each) for each in clocks.values()}) == 6
    glyphs = {weight: _glyph(each) for weight, each in clocks.items()}
    assert len(set(glyphs.values())) == 4
    assert glyphs["plain"] == glyphs["warn"]  # both run; how long they still do is said
    assert glyphs["late"] == glyphs["was-late"]  # filled or not, and in other words


def _glyph(markup: object) -> str:
    found = re.search(r"<svg.*?</svg>", str(markup), re.DOTALL)
    assert found is not None, markup
    return found[0]


def _word(markup: object) -> str:
    return re.sub(r"<svg.*?</svg>|<[^>]+>", "", str(markup), flags=re.DOTALL).strip()


TOKEN = re.compile(r"--([cviz]+-[\w-]+): light-dark\(#(\w{6}), #(\w{6})\)")
GROUNDS = ("c-canvas", "c-surface", "c-sunken", "c-raised")
ON_SOFT = ("ok", "warn", "late", "paused", "info")
TEXTS = [(text, ground) for text in ("c-text", "c-muted", "c-accent") for ground in (*GROUNDS, "c-selected")]
TEXTS += [(f"c-{each}", f"c-{each}-soft") for each in ON_SOFT]
TEXTS += [(f"c-{each}", ground) for each in ON_SOFT for ground in ("c-canvas", "c-surface")]
TEXTS += [("c-on-accent", "c-accent"), ("c-on-late", "c-late"), ("c-on-note", "c-note-line")]
TEXTS += [("c-on-toast", "c-toast"), ("c-text", "c-note-soft"), ("c-muted", "c-note-soft")]
MARKS = [(mark, ground) for mark in ("c-line-strong", "c-focus") for ground in (*GROUNDS, "c-selected")]
MARKS += [(f"viz-{number}", ground) for number in range(5) for ground in ("c-canvas", "c-surface")]
MARKS += [("c-note-line", "c-note-soft"), ("c-note-line", "c-surface"), ("c-focus", "c-note-soft")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_ux10_text_has_a_contrast_of_4_5_and_controls_focus_and_marks_of_3(theme: int):
    """Of the tokens, from which every colour comes; what pages make of them is looked at in the browser."""
    sheet = (env.ROOT / "helpdesk" / "static" / "css" / "tokens.css").read_text()
    tokens = {name: (light, dark)[theme] for name, light, dark in TOKEN.findall(sheet)}
    weak = [
        (one, other, round(_contrast(tokens[one], tokens[other]), 2))
        for pairs, least in ((TEXTS, 4.5), (MARKS, 3.0))
        for one, other in pairs
        if _contrast(tokens[one], tokens[other]) < least
    ]
    assert weak == []


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance" of an sRGB colour."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
