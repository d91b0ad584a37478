"""A real bounce: an answer leaves through Exim for somebody who is not there, and Exim's report comes back.

    bin/drill bounce

Two customers write and are answered. One of them does not exist at the relay. Afterwards the very answer to
that one is marked as not delivered and no other, nobody's ticket was made of the report, the response clock
runs again, and the agent reads it on the ticket and in a mail.
"""

import argparse
import re
import urllib.request
from contextlib import ExitStack
from email.message import EmailMessage
from typing import Any

from tests.flows import traffic as flow
from tests.flows.correspondence import Agent
from tests.flows.exim import PEOPLE, NoExim, exim
from tests.flows.product import Product, await_that, open_folder

HERE, GONE = f"ada@{PEOPLE}", f"gone@{PEOPLE}"


def run(arguments: list[str]) -> dict[str, Any]:
    argparse.ArgumentParser(prog="bin/drill bounce").parse_args(arguments)
    with ExitStack() as stack:
        product = Product(stack.enter_context(open_folder()) / "data")
        try:
            relay = stack.enter_context(exim(product.smtp_port, known="ada"))
        except NoExim as reason:
            return {"skipped": str(reason)}
        product.environment["EMAIL_URL"] = relay.url
        stack.callback(product.end)
        product.start()
        flow.open_for_mail(product)
        product.await_health()
        try:
            figures = _drill(product)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{relay.said()}\n{product.logs()}") from error
        assert product.stop() == 0
        assert product.processes() == []
    return figures


REPLIES = """
    select event.ticket_id, delivery.state, delivery.message_id, delivery.last_error,
           extract(epoch from delivery.ended_at - delivery.sent_at)
    from helpdesk_delivery delivery join tickets_event event on event.id = delivery.event_id
    where delivery.template = 'ticket.replied' and delivery.address = %s
"""
FAILURES = "select ticket_id, (data->>'message')::bigint from tickets_event where kind = 'delivery.failed'"
REPORTS = "select reason, count(*) from helpdesk_inboundemail where state = 'quiet' group by 1"
RUNNING = """
    select ticket_id from sla_clock where metric = 'first_response' and stopped_at is null
"""
TOLD = "select count(*) from helpdesk_delivery where template = 'delivery.failed' and state = 'sent'"
SIGN_IN = """
from django.conf import settings
from django.test import Client
from tickets.models import User
client = Client()
client.force_login(User.objects.get(email="mira@company.example"))
name = settings.SESSION_COOKIE_NAME
print(f"{name}={client.cookies[name].value}")
"""


def _drill(product: Product) -> dict[str, Any]:
    for person in (HERE, GONE):
        product.send_mail(_question(person), person, flow.SUPPORT)
    await_that(lambda: product.sql("select count(*) from tickets_ticket") == [(2,)], 60, "two tickets")
    with Agent(product) as agent:
        agent.await_all(60)
    flow.await_none(product, flow.UNSENT, 60, "answers have not left")
    await_that(lambda: product.sql(FAILURES), 60, "a report that comes back")
    flow.await_none(product, flow.WAITING, 60, "mail waits")
    ((here, here_state, _message, *_),) = product.sql(REPLIES, HERE)
    ((gone, gone_state, message, why, seconds),) = product.sql(REPLIES, GONE)
    assert (here_state, gone_state) == ("sent", "failed"), (here_state, gone_state)
    assert product.sql(FAILURES) == [(gone, message)], "the report marks one message, the very one"
    reports = dict(product.sql(REPORTS))
    assert set(reports) == {"bounce"}, reports
    assert product.sql("select count(*) from tickets_ticket") == [(2,)], "a report is nobody's ticket"
    running = {ticket for (ticket,) in product.sql(RUNNING)}
    assert (gone in running, here in running) == (True, False), (
        "the clock runs again for whom nothing reached"
    )
    await_that(lambda: product.sql(TOLD) == [(1,)], 60, "the agent is told by mail")
    page, other = (_page(product, ticket) for ticket in (gone, here))
    # The rail of every page names the list of what was not delivered; here the message says it too.
    assert page.count("Not delivered") > other.count("Not delivered"), "the ticket shows it"
    return {
        "answers that left": 2,
        "reports that came back": reports["bounce"],
        "messages marked as not delivered": "1, the one the report is about",
        "what the relay said": re.sub(r"\s+", " ", why),
        "from leaving to marked": f"{seconds:.1f} s",
        "tickets made of reports": 0,
        "first-response clock of that ticket": "runs again",
        "what the agent is shown": "“Not delivered” on the ticket, and a mail",
        "processes left after Ctrl-C": 0,
    }


def _question(person: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = person, flow.SUPPORT, f"Question of {person}"
    mail["Message-ID"] = f"<question-of-{person}>"
    mail.set_content("Can you help me?")
    return mail


def _page(product: Product, ticket: int) -> str:
    """The ticket on the agent's desk."""
    cookie = product.manage("shell", "-v", "0", "-c", SIGN_IN).strip()
    request = urllib.request.Request(product.url(f"/desk/tickets/{ticket}/"), headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())
