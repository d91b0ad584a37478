"""Company, logo, teams, addresses, saved replies."""

import io
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from helpdesk import actions, brand, contrast, logos
from helpdesk.models import Company, SavedReply, SupportAddress
from helpdesk.wording.look import look_of
from tickets.actions import NotAllowed
from tickets.models import Event, Team


def picture(format: str = "PNG", size=(64, 32), color=(20, 30, 200), mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, color).save(made, format)
    return made.getvalue()


def test_the_company_gets_its_name(root, cast):
    place = {"time_zone": "Europe/Berlin", "language": "de"}
    fields = {"name": "Acme Support", "default_team": cast.tech.pk, **place}
    assert root.send(reverse("setup:company"), fields).status_code == 303
    row = Company.objects.get()
    assert (row.name, row.time_zone, row.default_team) == ("Acme Support", "Europe/Berlin", cast.tech)
    changed = ["name", "time_zone", "language", "default_team"]
    assert Event.objects.get(kind="company.edited").data == {"fields": changed}
    assert "Acme Support" in root.get(reverse("setup:company")).content.decode()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_written_anew_as_a_small_square(root, format):
    data = picture(format, size=(900, 300)) + b"<script>alert(1)</script>"
    file = SimpleUploadedFile("logo.svg", data, "image/svg+xml")
    answer = root.send(reverse("setup:company_logo"), {"logo": file}, page=reverse("setup:company"))
    assert answer.status_code == 303
    row = Company.objects.get()
    kept = bytes(row.logo.data)
    assert row.logo_type == "image/png"
    assert b"script" not in kept
    with Image.open(io.BytesIO(kept)) as made:
        assert (made.format, made.size, made.mode) == ("PNG", (logos.SIDE, logos.SIDE), "RGB")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        picture("GIF"),
        picture("PNG")[:60],
        picture("PNG", size=(5000, 4000)),
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"x" * (logos.LARGEST_FILE + 1),
    ],
    ids=["empty", "gif head", "svg", "gif", "cut off", "bomb", "broken", "too large"],
)
def test_what_is_no_picture_is_refused_in_words(root, data):
    file = SimpleUploadedFile("logo.png", data, "image/png")
    answer = root.send(reverse("setup:company_logo"), {"logo": file}, page=reverse("setup:company"))
    assert answer.status_code == 422
    assert "data-problem" in answer.content.decode()
    assert not Company.objects.filter(logo__isnull=False).exists()


def test_a_transparent_logo_stands_on_the_ground_from_which_it_differs():
    def corner(color):
        drawn = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
        drawn.paste(color, (20, 20, 80, 80))
        made = io.BytesIO()
        drawn.save(made, "PNG")
        return Image.open(io.BytesIO(logos.square(made.getvalue()))).getpixel((0, 0))

    assert corner((255, 255, 255, 255)) == logos.DARK
    assert corner((10, 10, 10, 255)) == logos.LIGHT


def test_the_colour_is_used_where_it_can_be_read_and_else_its_nearest_shade(root, client, cast):
    brand_page = reverse("setup:company_brand")
    assert root.send(brand_page, {"accent": "yellow"}).status_code == 422
    chosen = {"accent": "#FFCC00", "footer": "Acme\nhttps://acme.example/imprint"}
    assert root.send(brand_page, chosen).status_code == 303
    told = " ".join(root.get(brand_page).content.decode().split())
    light = brand.palette("#ffcc00").light
    assert "#ffcc00 reaches a contrast of 1.2 : 1 with #fce6e4; text needs 4.5 : 1." in told
    assert f"Pages use {light.used} instead: 4.5 : 1." in told
    assert "#ffcc00 is used as it is" in told  # in the dark theme
    for path in ("/", "/new/", "/accounts/login/"):
        page = client.get(path).content.decode()
        assert '<a href="https://acme.example/imprint"' in page
    sheet = re.search(r'href="(/brand/[0-9a-f]+\.css)"', page)
    rules = client.get(sheet[1])
    assert (rules.status_code, rules["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert f"--c-accent: light-dark({light.used}, #ffcc00)" in rules.content.decode()
    assert 'href="/brand/' not in root.get(brand_page).content.decode()  # the desk keeps its own colours
    mail = look_of(cast.billing)
    assert (mail.accent, mail.footer[0]) == ("#ffcc00", "Acme")
    root.send(brand_page, {"accent": "", "footer": ""})
    assert client.get(sheet[1]).status_code == 404


def test_every_colour_ends_up_readable_on_every_ground_of_its_theme():
    assert round(contrast.ratio("#777777", "#ffffff"), 2) == 4.48  # a known pair just below
    tokens = (settings.ROOT / "helpdesk/static/css/tokens.css").read_text().lower()
    for name, light, dark in re.findall(
        r"--c-(canvas|surface|raised|info-soft|ok-soft|warn-soft|late-soft): light-dark\((.+?), (.+?)\)",
        tokens,
    ):
        assert light in brand.LIGHT_GROUNDS, name
        assert dark in brand.DARK_GROUNDS, name
    for colour in ("#ffffff", "#000000", "#ffcc00", "#00ff00", "#1f5fbf", "#808080", "#ff0000", "#3b0050"):
        for shade in vars(brand.palette(colour)).values():
            for ground in (*shade.grounds, shade.on, shade.tint):
                assert contrast.ratio(shade.used, ground) >= 4.5, (colour, shade.used, ground)


def test_a_logo_can_be_taken_away(root):
    actions.set_logo(picture(), by=None)
    answer = root.send(reverse("setup:company_logo_remove"), page=reverse("setup:company"))
    assert answer.status_code == 303
    assert Company.objects.get().logo is None


def test_only_administrators_change_the_company(cast):
    for act in (
        lambda by: actions.edit_company(by=by, name="Mine"),
        lambda by: actions.set_logo(picture(), by=by),
        lambda by: actions.remove_logo(by=by),
        lambda by: actions.create_address("a@b.example", cast.billing, by=by),
        lambda by: actions.create_saved_reply("a", "b", by=by),
    ):
        for by in (cast.mira, cast.sue, cast.priya):
            with pytest.raises(NotAllowed):
                act(by)
    assert not Event.objects.exists()


def test_a_team_is_added_and_changed(root, cast):
    fields = {
        "name": "Partners",
        "lead": cast.mira.pk,
        "cc_rule": "ignore",
        "reopen_days": 3,
        "close_after_days": 2,
    }
    assert root.send(reverse("setup:teams_new"), fields).status_code == 303
    team = Team.objects.get(name="Partners")
    assert (team.lead, team.cc_rule, team.reopen_days, team.close_after_days) == (cast.mira, "ignore", 3, 2)
    path = reverse("setup:teams_edit", args=[team.pk])
    assert root.send(path, fields | {"name": "Resellers", "open_to_all_agents": "on"}).status_code == 303
    team.refresh_from_db()
    assert (team.name, team.open_to_all_agents) == ("Resellers", True)


def test_a_team_closes_unless_something_needs_it(root, cast):
    page = reverse("setup:teams_edit", args=[cast.billing.pk])
    close = reverse("setup:teams_close", args=[cast.billing.pk])
    actions.create_address("support@desk.example", cast.billing, by=None)
    refused = root.send(close, page=page)
    assert refused.status_code == 422
    assert "Give it to another team first" in refused.content.decode()
    actions.edit_address(SupportAddress.objects.get(), team=cast.tech, by=None)
    assert root.send(close, page=page).status_code == 303
    assert not Team.objects.get(pk=cast.billing.pk).is_active
    tech = reverse("setup:teams_edit", args=[cast.tech.pk])
    actions.edit_address(SupportAddress.objects.get(), is_active=False, by=None)
    assert root.send(reverse("setup:teams_close", args=[cast.tech.pk]), page=tech).status_code == 422
    assert root.send(reverse("setup:teams_open", args=[cast.billing.pk]), page=page).status_code == 303


def test_an_address_is_added_moved_and_switched_off(root, cast):
    new = reverse("setup:addresses_new")
    fields = {"address": "Support@Desk.example", "team": cast.billing.pk, "name": "Acme", "signature": "Bye"}
    assert root.send(new, fields).status_code == 303
    row = SupportAddress.objects.get()
    assert (row.address, row.team) == ("support@desk.example", cast.billing)
    page = reverse("setup:addresses_edit", args=[row.pk])
    assert root.send(page, fields | {"team": cast.tech.pk}).status_code == 303
    assert root.send(reverse("setup:addresses_close", args=[row.pk]), page=page).status_code == 303
    row.refresh_from_db()
    assert (row.team, row.is_active) == (cast.tech, False)


@pytest.mark.parametrize("address", ["support@desk.example", "mira@desk.example", "a+b@desk.example"])
def test_an_address_that_cannot_be_ours_is_refused(root, cast, address):
    actions.create_address("support@desk.example", cast.billing, by=None)
    answer = root.send(reverse("setup:addresses_new"), {"address": address, "team": cast.billing.pk})
    assert answer.status_code == 422
    assert SupportAddress.objects.count() == 1


def test_a_saved_reply_is_added_changed_and_deleted(root, cast):
    fields = {"title": "Hello", "text": "Thank you, {customer}. {foo}", "team": cast.billing.pk}
    seen = root.send(reverse("setup:replies_new"), fields | {"preview": "1"}).content.decode()
    assert "Thank you, Priya. {foo}" in seen
    assert "Not a placeholder:" in seen
    assert not SavedReply.objects.exists()
    assert root.send(reverse("setup:replies_new"), fields | {"folder": "Greetings"}).status_code == 303
    row = SavedReply.objects.get()
    assert row.folder == "Greetings"
    page = reverse("setup:replies_edit", args=[row.pk])
    assert root.send(page, fields | {"text": "Thanks.", "team": ""}).status_code == 303
    row.refresh_from_db()
    assert (row.text, row.team) == ("Thanks.", None)
    assert root.send(reverse("setup:replies_delete", args=[row.pk]), page=page).status_code == 303
    assert not SavedReply.objects.exists()
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["saved_reply.created", "saved_reply.edited", "saved_reply.deleted"]
