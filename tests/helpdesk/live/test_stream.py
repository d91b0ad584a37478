"""The live line by the real server: who hears what, when it ends, and what it costs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.utils import timezone

from sla import actions as sla_actions
from sla.tasks import sweep
from tests.cast import Cast, PersonFactory
from tests.front import Server, Stream, key_of
from tickets import actions
from tickets.hints import TOLD
from tickets.models import Role, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def live(work: Callable[[], Awaitable[None]]) -> None:
    """In a thread of its own: a browser of another test may keep an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()  # type: ignore[arg-type]


def there(act: Callable[[], object]) -> Awaitable[object]:
    """Do something to rows while lines are open."""

    def do() -> object:
        try:
            return act()
        finally:
            connection.close()

    return sync_to_async(do, thread_sensitive=False)()


def test_a_hint_reaches_only_members_who_may_work_on_the_ticket(server: Server, cast: Cast, open_ticket):
    ours = open_ticket()
    theirs = open_ticket(team=cast.tech, subject="Login loop")
    keys = {name: key_of(getattr(cast, name)) for name in ("mira", "gus", "sue", "priya")}
    actions.assign(theirs, cast.gus, by=cast.sue)

    async def work() -> None:
        lines = {name: await Stream.open(server, keys[name]) for name in ("mira", "gus", "sue")}
        assert [line.status for line in lines.values()] == [200, 200, 200]
        assert (await Stream.open(server, keys["priya"])).status == 401  # the ticket is hers, the desk is not
        assert (await Stream.open(server)).status == 401
        assert (await Stream.open(server, "0" * 32)).status == 401
        await there(lambda: actions.add_note(ours, "Bank file was rejected.", by=cast.mira))
        for name in ("mira", "sue"):
            (hint,) = await lines[name].hear()
            assert hint[0] == ours.pk
            assert hint[2] == "ticket.noted"
        await there(lambda: actions.add_note(theirs, "Look at the cookies.", by=cast.gus))
        assert [hint[0] for hint in await lines["sue"].hear()] == [theirs.pk]
        assert [hint[0] for hint in await lines["gus"].hear()] == [theirs.pk]  # and no other before it
        await there(lambda: actions.prioritize(ours, 4, by=cast.sue))
        assert [hint[0] for hint in await lines["mira"].hear()] == [ours.pk]
        for line in lines.values():
            line.close()

    live(work)


@pytest.mark.tampers
def test_what_time_does_is_heard_of_and_what_a_person_was_told_by_that_person_alone(
    server: Server, cast: Cast, open_ticket
):
    sla_actions.install_defaults()
    ticket = open_ticket(assignee=cast.mira)
    keys = {name: key_of(getattr(cast, name)) for name in ("mira", "sue")}

    def wake() -> None:
        Ticket.objects.filter(pk=ticket.pk).update(snoozed_until=timezone.now())
        actions.wake(ticket.pk)

    def kinds(hints: list[list[object]]) -> list[str]:
        return [str(kind) for _pk, _seq, kind in hints]

    async def work() -> None:
        mira, sue = [await Stream.open(server, keys[name]) for name in ("mira", "sue")]
        await there(lambda: actions.snooze(ticket, until=timezone.now() + timedelta(hours=1), by=None))
        assert [kinds(await line.hear()) for line in (mira, sue)] == [["ticket.snoozed"]] * 2
        await there(wake)
        assert [kinds(await line.hear()) for line in (mira, sue)] == [["ticket.unsnoozed"]] * 2
        await there(lambda: sweep(now=timezone.now() + timedelta(days=30)))
        heard = kinds(await mira.hear())
        while len(heard) < 2:
            heard += kinds(await mira.hear())
        assert TOLD in heard
        (heard_by_all,) = set(heard) - {TOLD}
        assert heard_by_all.startswith("sla.")
        assert kinds(await sue.hear()) == [heard_by_all]  # which was published after the other
        for line in (mira, sue):
            line.close()

    live(work)


def test_a_line_ends_within_five_seconds_of_sign_out_deactivation_and_the_loss_of_a_team(
    server: Server, cast: Cast, client, open_ticket
):
    ticket = open_ticket()
    client.force_login(cast.mira)
    mine, other, gone = client.session.session_key, key_of(cast.mira), key_of(cast.gus)

    async def work() -> None:
        signed_out, stays, leaver = [await Stream.open(server, key) for key in (mine, other, gone)]

        def do() -> None:
            client.logout()
            actions.deactivate(cast.gus, by=cast.root)
            cast.mira.teams.clear()

        await there(do)
        ends = await asyncio.gather(signed_out.ended(5), leaver.ended(5))
        assert max(ends) < 5
        assert (await Stream.open(server, mine)).status == 401
        await there(lambda: actions.prioritize(ticket, 4, by=cast.sue))
        with pytest.raises(TimeoutError):  # still open, and hears of nothing that is no longer hers
            await stays.ended(1)

    live(work)


def form(server: Server, ticket: Ticket, key: str, once: str, text: str) -> tuple[bytes, bytes]:
    """Head and body of a note with a file, as a browser posts it."""
    secret, edge = "a" * 32, "----edge"
    fields = {"csrfmiddlewaretoken": secret, "once": once, "text": text, "draft": "0"}
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()
    ]
    file = (
        f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n{"x" * 200_000}'
    )
    body = f"{''.join(parts)}{file}\r\n--{edge}--\r\n".encode()
    cookies = f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={secret}"
    head = (
        f"POST /desk/tickets/{ticket.pk}/note/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary={edge}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode(), body


def test_a_form_whose_line_breaks_half_way_is_none(server: Server, cast: Cast, ticket: Ticket):
    def post(text: str, length: int | None) -> bytes:
        head, body = form(server, ticket, key_of(cast.mira), text * 4, text)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(head + body[:length])
            if length is not None:
                line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(4096), b""))

    assert b" 303 " not in post("Half a form", 100_000)
    assert b" 303 " in post("A whole form", None)
    assert list(ticket.messages.filter(public=False).values_list("text", flat=True)) == ["A whole form"]


def test_a_hundred_lines_need_no_thread_and_no_connection(server: Server, cast: Cast, ticket: Ticket):
    people = [PersonFactory(role=Role.AGENT, teams=[cast.billing]) for _ in range(13)]
    keys = [key for person in people for key in [key_of(person)] * 8][:100]

    async def work() -> None:
        first = await Stream.open(server, keys[0])
        threads, backends = server.threads(), await there(server.backends)
        lines = [first, *await asyncio.gather(*(Stream.open(server, key) for key in keys[1:]))]
        assert {line.status for line in lines} == {200}
        assert (await Stream.open(server, keys[0])).status == 429  # a person has eight
        assert server.threads() <= threads
        assert await there(server.backends) <= backends + 1  # the one that looks after all of them
        await there(lambda: actions.prioritize(ticket, 4, by=cast.sue))
        heard = await asyncio.gather(*(line.hear() for line in lines))
        assert {hints[0][0] for hints in heard} == {ticket.pk}
        page = await Stream.open(server, path="/livez")
        assert page.status == 200
        for line in lines:
            line.close()

    live(work)
