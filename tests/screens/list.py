"""The main screens: name, address, who looks, and what is done before the picture is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from duty import actions as duty
from feedback import actions as feedback
from feedback.tokens import find_token
from helpdesk.context import path_of
from sla import actions
from sla.models import Calendar, Policy
from tests.screens.world import World
from tickets import actions as ticket_actions
from tickets import jobs


@dataclass
class Screen:
    name: str
    path: str
    person: Any
    act: Callable[[Any], None] | None = None
    fails: bool = False
    """Whether an answer of 400 or more is what the picture shows."""


def _why(page: Any) -> None:
    page.locator(".why > summary").click()


def _write(page: Any) -> None:
    page.locator("#reply-text").fill(
        "Hello Priya,\n\nyou are right, and I found the reason: our bank file carried a wrong digit, so the transfer"
        " was rejected. Finance will send the €148.50 again today. Could you confirm that your account still ends in 4471?"
    )


def _send(page: Any) -> None:
    _write(page)
    page.locator("#reply-form .composer__send").click()
    page.locator(".toast").wait_for()


def _note(page: Any) -> None:
    page.locator("[data-composer=note]").click()
    page.locator("#note-text").fill(
        "@Jo thank you. I will tell her now. Can Finance confirm the new transfer before 17:00?"
    )


def _saved(page: Any) -> None:
    page.keyboard.press("r")
    page.keyboard.press("/")
    page.locator("#saved-replies [role=option]").first.wait_for()


def _later(page: Any) -> None:
    page.locator("#reply-text").fill("Good morning, Priya.")
    page.locator("#reply-form .composer__end > .menu > summary").click()


def _status(page: Any) -> None:
    page.locator("#prop-status").click()


def _palette(page: Any) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    page.locator(".palette__input").fill("re")
    page.wait_for_timeout(400)


def _tick(page: Any) -> None:
    if (select := page.locator("label.queue__select")).is_visible():
        select.click()
    for row in (1, 3, 4):
        page.locator("#queue tbody tr").nth(row).locator(".queue__tick").click()


def _snooze(page: Any) -> None:
    _open(page, ".ticket__props summary", "Snooze")


def _more(page: Any) -> None:
    _open(page, ".ticket__props summary", "More")


def _own_menu(page: Any) -> None:
    page.locator(".topbar__end .menu > summary").last.click()


def _filter(page: Any) -> None:
    _open(page, ".toolbar summary", "Filter")


def _open(page: Any, what: str, word: str) -> None:
    page.locator(what, has_text=word).first.click()


def _views(page: Any) -> None:
    if (views := page.locator(".topbar__views > summary")).is_visible():
        views.click()


def _keys(page: Any) -> None:
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()


def _cut_off(page: Any) -> None:
    """The line breaks in the moment of Send."""
    _write(page)
    page.route("**/icon.svg", lambda route: route.abort())
    page.locator("#reply-form .composer__send").click()
    page.wait_for_timeout(700)


def _rate(page: Any) -> None:
    page.locator(".choice").nth(3).click()


def _third_row(page: Any) -> None:
    for _times in range(3):
        page.keyboard.press("j")


def _send_nothing(page: Any) -> None:
    page.get_by_role("button", name="Send ticket").click()
    page.locator("[data-problem]").wait_for()


def _check(page: Any) -> None:
    page.get_by_label("First reply, Low").fill("2 h")
    page.get_by_label("Resolve, Low", exact=True).fill("32 h")
    page.get_by_label("Change open tickets too").check()
    page.locator("#do-check").click()
    page.locator(".saving--seen").wait_for()


def _unfold(page: Any) -> None:
    for details in page.locator("details.fold").all():
        details.evaluate("node => { node.open = true }")
    page.locator("#levels-head").evaluate("node => node.scrollIntoView()")


def _test_ticket(page: Any) -> None:
    page.get_by_label("Opened at").fill("2026-11-20T16:30")
    page.get_by_role("button", name="Test", exact=True).click()
    page.locator("#trial-answer").wait_for()


def _conditions(page: Any) -> None:
    for field in ("organization", "priority"):
        page.get_by_label("Add a condition on").select_option(field)
        page.locator("#do-add").click()
        page.wait_for_function("field => document.activeElement.name?.endsWith('operator')", arg=field)
    page.get_by_label("First reply, Urgent").fill("soon")
    page.get_by_role("button", name="Save policy").click()
    page.locator("[data-problem]").wait_for()


def _read_file(page: Any) -> None:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Acme//Off//EN"]
    for number, (day, name) in enumerate((("20261230", "Stocktaking"), ("20270212", "Works outing"))):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}@acme.example",
            f"DTSTART;VALUE=DATE:{day}",
            f"SUMMARY:{name}",
            "END:VEVENT",
        ]
    body = "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
    page.locator("input[type=file]").set_input_files(
        {"name": "off.ics", "mimeType": "text/calendar", "buffer": body}
    )
    page.get_by_role("button", name="Read file").click()
    page.get_by_text("2 days off").wait_for()


def _setup(world: World) -> Iterator[Screen]:
    """Calendars and policies, as a supervisor changes them."""
    sue = world.people["sue"]
    calendar, policy = Calendar.objects.get(name="Berlin office"), Policy.objects.get(name="Standard support")
    hours = f"/setup/hours/calendars/{calendar.pk}/"
    form = f"/setup/hours/policies/{policy.pk}/"
    yield Screen("setup-hours", "/setup/hours/", sue)
    yield Screen("setup-hours-tested", "/setup/hours/", sue, _test_ticket)
    yield Screen("setup-policy", form, sue)
    yield Screen("setup-policy-checked", form, sue, _check)
    yield Screen("setup-policy-problem", form, sue, _conditions)
    yield Screen("setup-policy-unfolded", form, sue, _unfold)
    yield Screen("setup-calendar", f"{hours}?month=2026-12&amount=8+h&from=2026-12-23T15:00", sue)
    yield Screen("setup-calendar-edit", f"{hours}hours/", sue)
    yield Screen("setup-calendar-day", f"{hours}day/?date=2026-12-24", sue)
    yield Screen("setup-calendar-public", f"{hours}public/?country=DE&region=BY", sue)
    yield Screen("setup-calendar-file", f"{hours}file/", sue, _read_file)
    yield Screen("setup-simulate", "/setup/jobs/simulate/", sue)
    yield Screen("setup-simulated", f"/setup/jobs/{_simulated(policy, sue)}/", sue)
    yield Screen("setup-put-aside", "/setup/faults/", world.people["ada"])


def _simulated(policy: Policy, sue: Any) -> int:
    """The number of a finished simulation: half the time for every first reply of the last three months."""
    spec, now = policy.latest.spec, timezone.now()
    first = {
        level: target | {"seconds": target["seconds"] // 2}
        for level, target in spec["targets"]["first_response"].items()
    }
    draft = spec | {"targets": spec["targets"] | {"first_response": first}}
    period = {"since": now - timedelta(days=90), "until": now}
    job = actions.simulate(sue, policies=[(policy, draft)], zone="Europe/Berlin", **period)
    while jobs.run(job.pk):
        pass
    return job.pk


def _survey(world: World) -> str:
    """The page that asks Priya how it went with a ticket that Mira resolved."""
    mira, priya, at = world.people["mira"], world.people["priya"], timezone.now() - timedelta(days=2)
    feedback.install_standard_survey()
    ticket = ticket_actions.open_ticket(
        requester=priya, subject="Where is my invoice?", team=world.tickets["refund"].team, by=priya, channel="mail",
        words="I cannot find the invoice of October.", at=at,
    )  # fmt: skip
    ticket_actions.reply(ticket, "It is in your account.", by=mira, channel="mail", then="resolved", at=at)
    planned = ticket.surveys.get()
    invited = feedback.invite(planned, at=planned.send_at)
    assert invited is not None
    return f"/survey/{find_token(invited.pk, invited.token_hash)}/"


def _work(world: World) -> Iterator[Screen]:
    """What comes by itself; last, as it changes who owns what."""
    mira, sue, ada = (world.people[name] for name in ("mira", "sue", "ada"))
    refund, change = world.tickets["refund"], world.tickets["change"]
    for ticket in (change, refund):
        ticket_actions.assign(ticket, None, by=sue)
        ticket_actions.assign(ticket, mira, by=sue)
    ticket_actions.reply(
        refund, "One more thing: my bank says no transfer is on its way.", by=refund.requester, channel="mail"
    )
    yield Screen("desk-notifications", "/desk/notifications/", mira)
    yield Screen("desk-notifications-none", "/desk/notifications/", ada)
    yield Screen("desk-availability", "/desk/availability/", mira)
    yield Screen("desk-wishes", "/accounts/preferences/", mira)
    duty.set_sharing(refund.team, mode="by_load", by=ada)
    duty.go_away(mira, by=mira)
    yield Screen("setup-sharing", f"/setup/teams/{refund.team_id}/sharing/", ada)
    yield Screen("desk-away", "/desk/availability/", mira)


def screens(world: World) -> Iterator[Screen]:
    """Every main screen that is mounted."""
    mira, sue, ada = (world.people[name] for name in ("mira", "sue", "ada"))
    refund = f"/desk/tickets/{world.tickets['refund'].pk}/?view=open"
    yield Screen("desk-queue", "/desk/?view=open", mira)
    yield Screen("desk-queue-focus", "/desk/?view=team", mira, _third_row)
    yield Screen("desk-ticket", refund, mira, _write)
    yield Screen("desk-ticket-rest", refund, mira)
    yield Screen("desk-ticket-note", refund, mira, _note)
    yield Screen("desk-ticket-why", refund, mira, _why)
    yield Screen("desk-ticket-status", refund, mira, _status)
    yield Screen("desk-ticket-undelivered", f"/desk/tickets/{world.tickets['change'].pk}/", mira)
    yield Screen("desk-ticket-saved", refund, mira, _saved)
    yield Screen("desk-ticket-later", refund, mira, _later)
    yield Screen("desk-drafts", "/desk/drafts/", mira)
    yield Screen("desk-writing", "/desk/writing/", mira)
    yield Screen("desk-new", "/desk/tickets/new/", mira)
    yield Screen("desk-search", "/desk/search/?q=invoice", mira)
    yield Screen("desk-search-none", "/desk/search/?q=xylophone", mira)
    yield Screen("desk-palette", "/desk/?view=team", mira, _palette)
    yield Screen("desk-bulk", "/desk/?view=team", mira, _tick)
    yield Screen("desk-filter", "/desk/?view=team", mira, _filter)
    yield Screen("desk-filtered", "/desk/?view=team&q=is%3Aopen+priority%3Ahigh", mira)
    yield Screen("desk-filtered-none", "/desk/?view=team&q=xylophone", mira)
    yield Screen("desk-views", "/desk/?view=team", mira, _views)
    yield Screen("desk-view-new", "/desk/views/new/?q=is%3Aopen", mira)
    yield Screen("desk-waiting", "/desk/?view=waiting", mira)
    yield Screen("desk-own-menu", "/desk/?view=team", mira, _own_menu)
    yield Screen("desk-keys", "/desk/?view=team", mira, _keys)
    yield Screen("desk-ticket-snooze", refund, mira, _snooze)
    yield Screen("desk-ticket-more", refund, mira, _more)
    yield Screen("desk-ticket-cut-off", refund, mira, _cut_off)
    merging = f"/desk/tickets/{world.tickets['refund'].pk}/merge/"
    yield Screen("desk-merge", merging, mira)
    yield Screen("desk-merge-sure", f"{merging}?into={world.tickets['duplicate'].pk}", mira)
    for name in ("split", "delete", "change-requester", "ask-outside"):
        yield Screen(f"desk-{name}", f"/desk/tickets/{world.tickets['refund'].pk}/{name}/", sue)
    yield Screen("desk-deleted", "/desk/deleted/", ada)
    yield Screen("desk-undelivered", "/desk/undelivered/", mira)
    yield Screen("desk-customers", "/desk/customers/", mira)
    yield Screen("desk-customer", f"/desk/customers/{world.people['priya'].pk}/", mira)
    yield Screen("desk-missing", "/desk/tickets/999999/", mira, fails=True)
    yield Screen("desk-empty", "/desk/?view=mine", sue)
    yield Screen("desk-undo-send", refund, mira, _send)
    priya = world.people["priya"]
    yield Screen("portal-new-problem", "/new/", None, _send_nothing)
    for name, route, arguments, person in (
        ("portal-welcome", "portal:welcome", (), None),
        ("portal-tickets", "portal:tickets", (), priya),
        ("portal-ticket", "portal:ticket", (world.tickets["refund"].pk,), priya),
        ("portal-new", "portal:new", (), priya),
        ("portal-new-guest", "portal:new", (), None),
        ("portal-details", "account_preferences", (), priya),
        ("login-staff", "account_login", (), None),
        ("login-customer", "account_request_login_code", (), None),
        ("reports", "reports:index", (), sue),
        ("report-first-response", "reports:first-response", (), sue),
        ("report-sla", "reports:sla", (), sue),
        ("report-workload", "reports:workload", (), sue),
        ("report-feedback", "reports:feedback", (), sue),
        ("report-workload", "reports:workload", (), sue),
        ("report-mine", "reports:mine", (), mira),
        ("setup", "setup:index", (), ada),
        ("setup-company", "setup:company", (), ada),
        ("setup-topics", "setup:topics", (), ada),
        ("setup-topic", "setup:topics_new", (), ada),
        ("setup-teams", "setup:teams", (), ada),
        ("setup-people", "setup:people", (), ada),
        ("setup-person", "setup:people_edit", (mira.pk,), ada),
        ("setup-addresses", "setup:addresses", (), ada),
        ("mailbox", "mailbox:index", (), None),
        ("portal-received", "portal:received", (world.tickets["refund"].pk,), priya),
        ("portal-organization", "portal:organization", (), priya),
        ("portal-check-email", "portal:check_email", (), None),
        ("login-code", "account_confirm_login_code", (), None),
        ("login-password-reset", "account_reset_password", (), None),
        ("setup-organizations", "setup:organizations", (), ada),
        ("setup-address", "setup:addresses_new", (), ada),
        ("setup-sources", "setup:sources", (), ada),
        ("setup-source", "setup:sources_new", (), ada),
        ("setup-replies", "setup:replies", (), ada),
        ("setup-wording", "setup:wording", (), ada),
        ("setup-wording-edit", "setup:wording_edit", ("ticket.received", "en"), ada),
        ("setup-mail", "setup:mail", (), ada),
        ("setup-mail-incoming", "setup:mail_incoming", (), ada),
        ("setup-mail-outgoing", "setup:mail_outgoing", (), ada),
        ("setup-mail-one", "setup:mail_one", (1,), ada),
        ("setup-mail-floods", "setup:mail_floods", (), ada),
        ("setup-mail-blocked", "setup:mail_blocked", (), ada),
        ("setup-jobs", "setup:jobs", (), ada),
        ("setup-surveys", "setup:surveys", (), ada),
        ("setup-survey-new", "setup:surveys_new", ("ces",), ada),
        ("setup-tokens", "setup:tokens", (), ada),
    ):
        if path := path_of(route, *arguments):
            yield Screen(name, path, person)
    asked = _survey(world)
    yield Screen("survey", asked, None, _rate)
    yield Screen("survey-stop", f"{asked}stop/", None)
    yield Screen("survey-ended", "/survey/nothing/", None, fails=True)
    yield Screen("portal-missing", "/tickets/999999/", priya, fails=True)
    yield Screen("portal-none", "/tickets/", world.people["newcomer"])
    yield Screen("report-tickets", "/reports/tickets/?report=first-response&period=30d", sue)
    yield from _setup(world)
    yield from _work(world)
