"""Signing in by code and by password: the same answer for everybody, and nobody's word for granted."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.cast import PASSWORD, Cast
from tests.helpdesk.mailed import mails_to, words_of
from tests.helpdesk.portal.pages import words
from tickets import actions
from tickets.models import User

CODE, CONFIRM, LOGIN = "/accounts/login/code/", "/accounts/login/code/confirm/", "/accounts/login/"


def by_password(client: Client, email: str, password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"login": email, "password": password} | more)


def by_code(client: Client, person: User, **more: str):
    client.post(CODE, {"email": person.email} | more)
    code = words_of(mails_to(person.email)[-1])["code"]
    return client.post(CONFIRM, {"code": code, "action": "verify"} | more)


def whoever_is_in(client: Client) -> str:
    return words(client.get("/accounts/preferences/", follow=True))


def test_a_customer_signs_in_by_the_mailed_code_which_proves_the_address(cast):
    client = Client()
    answer = by_code(client, cast.priya)
    assert answer["Location"] == "/tickets/"
    assert "priya@customers.example" in whoever_is_in(client)
    cast.priya.refresh_from_db()
    assert cast.priya.proven_at is not None


def test_a_member_signs_in_by_password_in_any_case_and_goes_to_the_desk(cast):
    client = Client()
    assert by_password(client, "Mira@Desk.example")["Location"] == "/desk/"
    assert "mira@desk.example" in whoever_is_in(client)


def test_the_link_in_the_mail_fills_the_code_in_and_uses_nothing_up(cast):
    client = Client()
    client.post(CODE, {"email": cast.priya.email})
    mail = words_of(mails_to(cast.priya.email)[-1])
    path = "/" + mail["link"].split("/", 3)[3]
    for _ in range(3):
        page = client.get(path)
        assert f'value="{mail["code"]}"' in page.content.decode()
    assert "/accounts/login/code/" in Client().get(path)["Location"]
    assert client.post(CONFIRM, {"code": mail["code"]})["Location"] == "/tickets/"


def test_a_code_works_once_and_only_in_the_browser_that_asked(cast):
    client, stranger = Client(), Client()
    client.post(CODE, {"email": cast.priya.email})
    code = words_of(mails_to(cast.priya.email)[-1])["code"]
    stranger.post(CODE, {"email": cast.priya.email})
    assert stranger.post(CONFIRM, {"code": code}).status_code == 422
    assert client.post(CONFIRM, {"code": code}).status_code == 302
    client.post("/accounts/logout/")
    assert client.post(CONFIRM, {"code": code})["Location"] == CODE
    assert "Sign in" in whoever_is_in(client)


def test_three_wrong_codes_end_it(cast):
    client = Client()
    client.post(CODE, {"email": cast.priya.email})
    code = words_of(mails_to(cast.priya.email)[-1])["code"]
    wrong = [client.post(CONFIRM, {"code": "WRONG1"}).status_code for _ in range(3)]
    assert wrong == [422, 422, 302]
    assert client.post(CONFIRM, {"code": code})["Location"] == CODE
    assert "This code has ended" in words(client.get(CODE))


@pytest.mark.parametrize("path", [CODE, LOGIN, "/accounts/password/reset/"])
def test_ux34_known_and_unknown_addresses_get_the_same_answer(cast, path):
    pages = []
    for email in (cast.priya.email, "nobody@elsewhere.example", cast.mira.email):
        client = Client()
        answer = client.post(
            path, {"email": email, "login": email, "password": "wrong password"}, follow=True
        )
        page = re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", answer.content.decode())
        pages.append(
            (answer.status_code, [hop[0] for hop in answer.redirect_chain], page.replace(email, "X"))
        )
    assert pages[0] == pages[1] == pages[2]


def test_known_and_unknown_addresses_cost_the_same_work(cast, settings, monkeypatch):
    """The same questions to the database and the same number of slow hashes: so it takes the same time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    cast.mira.set_password(PASSWORD)
    cast.mira.save()
    hashes: list[str] = []
    encode = PBKDF2PasswordHasher.encode
    monkeypatch.setattr(
        PBKDF2PasswordHasher, "encode", lambda *given, **more: hashes.append("") or encode(*given, **more)
    )

    def work(path: str, email: str) -> tuple[int, int]:
        hashes.clear()
        with CaptureQueriesContext(connection) as queries:
            Client().post(path, {"email": email, "login": email, "password": "wrong password"})
        return len(queries), len(hashes)

    for path in (CODE, LOGIN):
        costs = {
            email: work(path, email) for email in (cast.mira.email, cast.priya.email, "x@elsewhere.example")
        }
        assert len(set(costs.values())) == 1, costs


def test_an_unknown_address_makes_nobody_and_is_told_where_to_write(cast):
    before = User.objects.count()
    Client().post(CODE, {"email": "nobody@elsewhere.example"})
    assert User.objects.count() == before
    mail = mails_to("nobody@elsewhere.example")[0]
    assert mail.template == "account.unknown"
    assert words_of(mail)["link"].endswith("/new/")


def test_a_new_session_id_at_sign_in(cast):
    client = Client()
    client.get(LOGIN)
    client.post(CODE, {"email": cast.mira.email})
    name = django_settings.SESSION_COOKIE_NAME
    before = client.cookies[name].value
    by_password(client, cast.mira.email)
    assert client.cookies[name].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_the_session_ends_at_sign_out_on_the_servers_side(cast):
    client = Client()
    by_password(client, cast.mira.email)
    kept = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    client.post("/accounts/logout/")
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = kept
    assert "Sign in" in whoever_is_in(thief)


def test_signing_out_needs_the_button(cast):
    client = Client()
    by_password(client, cast.mira.email)
    assert client.get("/accounts/logout/").status_code == 200
    assert "mira@desk.example" in whoever_is_in(client)


def test_a_new_password_ends_every_other_session_and_the_api_tokens(cast):
    from helpdesk.actions import issue_token, use_token

    _token, secret = issue_token(cast.mira, by=cast.mira)
    here, there = Client(), Client()
    for client in (here, there):
        by_password(client, cast.mira.email)
    new = "a wholly new sentence"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", fields).status_code == 302
    assert "mira@desk.example" in whoever_is_in(here)
    assert "Sign in" in whoever_is_in(there)
    assert use_token(secret) is None
    assert mails_to(cast.mira.email)[-1].template == "account.password_changed"


def test_deactivation_counts_at_the_next_request(cast):
    client = Client()
    by_password(client, cast.mira.email)
    actions.deactivate(cast.mira, by=cast.root)
    assert "Sign in" in whoever_is_in(client)
    assert by_password(Client(), cast.mira.email)["Location"] == "/accounts/inactive/"
    Client().post(CODE, {"email": cast.mira.email})
    assert mails_to(cast.mira.email)[-1].template == "account.unknown"


@pytest.mark.parametrize(
    "evil", ["https://evil.test/", "//evil.test/", "javascript:alert(1)", "/\\evil.test"]
)
def test_nobody_is_led_elsewhere_after_signing_in(cast, evil):
    assert by_password(Client(), cast.mira.email, next=evil)["Location"] == "/desk/"
    assert by_code(Client(), cast.priya, next=evil)["Location"] == "/tickets/"
    client = Client()
    by_password(client, cast.mira.email)
    assert client.post("/accounts/logout/", {"next": evil})["Location"] == "/"


def test_an_own_path_is_followed(cast):
    assert by_code(Client(), cast.priya, next="/tickets/7/")["Location"] == "/tickets/7/"


def test_the_sixth_wrong_password_in_a_minute_waits_and_says_how_long(cast):
    client = Client()
    answers = [by_password(client, cast.mira.email, "wrong password") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert "Too many tries. Wait 1 min, or use a one-time code." in words(answers[-1])
    assert by_password(client, cast.mira.email).status_code == 429
    assert by_password(client, cast.sue.email).status_code == 302


def test_strangers_who_guess_do_not_lock_the_owner_out_of_a_known_device(cast, settings):
    settings.TRIES = settings.TRIES | {
        "sign-in": [("pair", 5, timedelta(minutes=1)), ("account", 3, timedelta(hours=1))]
    }
    own = Client()
    by_password(own, cast.mira.email)
    own.post("/accounts/logout/")
    for last in range(3):
        by_password(Client(REMOTE_ADDR=f"192.0.2.{last}"), cast.mira.email, "wrong password")
    assert by_password(Client(REMOTE_ADDR="192.0.2.9"), cast.mira.email).status_code == 429
    assert by_password(own, cast.mira.email).status_code == 302


def test_codes_are_not_mailed_without_end(cast):
    answers = [Client().post(CODE, {"email": cast.priya.email}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert len(mails_to(cast.priya.email)) == 5


def test_paste_and_password_managers_work(cast):
    page = Client().get(LOGIN).content.decode()
    assert re.search(r'<input type="email"[^>]*autocomplete="username"', page)
    assert re.search(r'<input type="password"[^>]*autocomplete="current-password"', page)
    client = Client()
    client.post(CODE, {"email": cast.priya.email})
    assert 'autocomplete="one-time-code"' in client.get(CONFIRM).content.decode()
    assert "onpaste" not in page


def test_the_demo_password_opens_nothing_outside_the_demo(cast, settings):
    cast.mira.set_password("demo")
    cast.mira.save()
    settings.DEMO = False
    assert by_password(Client(), cast.mira.email, "demo").status_code == 422
    settings.DEMO = True
    assert by_password(Client(), cast.mira.email, "demo").status_code == 302


def test_a_sign_in_ends_after_its_idle_time_and_at_its_end(cast, settings):
    client = Client()
    by_password(client, cast.mira.email)
    session = client.session
    assert session.get_expiry_age() <= 12 * 3600
    session["seen_at"] = int(time.time()) - 12 * 3600 - 1
    session.save()
    assert "Sign in" in whoever_is_in(client)
    by_password(client, cast.mira.email)
    session = client.session
    session["signed_in_at"] = int(time.time()) - 7 * 24 * 3600 - 1
    session.save()
    assert "Sign in" in whoever_is_in(client)


def test_a_customers_sign_in_lasts_longer(cast: Cast):
    client = Client()
    by_code(client, cast.priya)
    assert client.session.get_expiry_age() > 13 * 24 * 3600


def test_a_reset_link_sets_a_password_once(cast):
    Client().post("/accounts/password/reset/", {"email": cast.mira.email})
    path = "/" + words_of(mails_to(cast.mira.email)[-1])["link"].split("/", 3)[3]
    client = Client()
    for _ in range(3):
        form = client.get(path, follow=True)
    assert "Choose a new password" in words(form)
    assert path not in form.redirect_chain[-1][0]
    new = {"password1": "a wholly new sentence", "password2": "a wholly new sentence"}
    assert client.post(form.redirect_chain[-1][0], new).status_code == 302
    assert by_password(Client(), cast.mira.email, new["password1"]).status_code == 302
    assert "This link has ended" in words(Client().get(path, follow=True))
    cast.mira.refresh_from_db()
    assert cast.mira.proven_at is not None


def test_a_reset_link_is_built_from_our_own_address(cast, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    assert (
        Client()
        .post("/accounts/password/reset/", {"email": cast.mira.email}, HTTP_HOST="evil.test")
        .status_code
        == 400
    )
    Client().post("/accounts/password/reset/", {"email": cast.mira.email}, HTTP_X_FORWARDED_HOST="evil.test")
    assert words_of(mails_to(cast.mira.email)[-1])["link"].startswith(settings.PUBLIC_URL)


def test_a_reset_link_ends_after_an_hour(cast, monkeypatch):
    from allauth.account.forms import EmailAwarePasswordResetTokenGenerator as Tokens

    monkeypatch.setattr(
        Tokens, "_now", lambda self: timezone.localtime().replace(tzinfo=None) - timedelta(minutes=61)
    )
    Client().post("/accounts/password/reset/", {"email": cast.mira.email})
    monkeypatch.undo()
    path = "/" + words_of(mails_to(cast.mira.email)[-1])["link"].split("/", 3)[3]
    assert "This link has ended" in words(Client().get(path, follow=True))


def test_people_change_their_own_details(cast):
    client = Client()
    client.force_login(cast.priya)
    fields = {"name": "Priya N.", "time_zone": "Asia/Kolkata"}
    assert client.post("/accounts/preferences/", fields | {"role": "administrator"}).status_code == 302
    cast.priya.refresh_from_db()
    assert (cast.priya.name, cast.priya.time_zone, cast.priya.role) == (
        "Priya N.",
        "Asia/Kolkata",
        "customer",
    )
    assert client.post("/accounts/preferences/", fields | {"time_zone": "Moon/Base"}).status_code == 422
