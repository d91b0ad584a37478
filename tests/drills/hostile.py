"""Every hostile mail through real SMTP into the running product, each followed by a normal one.

The normal one is a ticket within a minute; the hostile one ends as a ticket or in quarantine, flagged where
it went beyond a limit, and its bytes are kept as they were sent.
"""

import argparse
import hashlib
import re
import smtplib
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.drills.corpora import ADDRESS, SETUP
from tests.flows.product import Product, await_that, open_folder
from tests.helpdesk.mail import hostile

WITHIN = 60.0
RELIABILITY = (
    "20,000 small parts", "100,000 small parts", "2,000 nested multiparts", "100,000 quotation marks",
    "3,000 open brackets", "20,000 parameters", "8,000 commented names",
)  # fmt: skip
"""Those that need minutes, or recursion without end, in the standard library's own reader."""
ROW = """
    SELECT state, flagged, attempts, raw, ticket_id FROM helpdesk_inboundemail
    ORDER BY id DESC LIMIT 1 OFFSET %s
"""


def run(arguments: list[str]) -> dict[str, Any]:
    argparse.ArgumentParser(prog="bin/drill hostile").parse_args(arguments)
    with open_folder() as folder:
        product = Product(folder / "data")
        try:
            product.start()
            product.manage("shell", "-c", SETUP)
            return drill(product, hostile.MAILS)
        finally:
            product.end()


def drill(product: Product, names: Iterable[str]) -> dict[str, Any]:
    """Send each of these and a normal mail after it. Raises AssertionError for a broken promise."""
    waits: list[tuple[float, str]] = []
    ends: Counter[str] = Counter()
    seen: set[bytes] = set()
    for number, name in enumerate(names):
        sent = _send(product, hostile.MAILS[name])
        waits.append((_normal(product, number), name))
        await_that(lambda: product.sql(ROW, 1)[0][0] != "waiting", WITHIN, f"an end of “{name}”")
        state, flagged, attempts, raw, ticket = product.sql(ROW, 1)[0]
        again = ["duplicate"] if sent in seen else []
        seen.add(sent)
        assert state in ("filed", "quarantined", *again), f"{name}: {state}"
        assert (ticket is not None) == (state != "quarantined"), name
        if name in RELIABILITY:
            assert flagged or state == "quarantined", name
        assert hashlib.sha256(bytes(raw)).digest() == hashlib.sha256(sent).digest(), name
        ends[f"{state}, flagged" if flagged else state] += 1
        print(f"{name}: {state}{' and flagged' if flagged else ''} in {attempts} tries", flush=True)
    slowest = max(waits)
    assert slowest[0] < WITHIN, slowest
    return {
        "hostile mails": len(waits),
        **dict(sorted(ends.items())),
        "bytes not kept": 0,
        "normal mail after it a ticket, at the latest after": f"{slowest[0]:.1f} s ({slowest[1]})",
    }


def _send(product: Product, raw: bytes) -> bytes:
    """Send by SMTP; what the server is given, line ends as RFC 5321 2.3.8 asks."""
    wire = re.sub(rb"\r\n|\n|\r", b"\r\n", raw)
    wire += b"" if wire.endswith(b"\r\n") else b"\r\n"
    with smtplib.SMTP("127.0.0.1", product.smtp_port, timeout=60) as connection:
        connection.sendmail("eve@example.com", [ADDRESS], wire)
    return wire


def _normal(product: Product, number: int) -> float:
    """Seconds until a normal mail is a ticket."""
    identity = f"normal{number}@drill.example"
    began = time.monotonic()
    _send(
        product,
        f"From: Ann <ann{number}@drill.example>\r\nTo: {ADDRESS}\r\nSubject: Normal {number}\r\n"
        f"Message-ID: <{identity}>\r\n\r\nPlease help.\r\n".encode(),
    )
    is_filed = "SELECT 1 FROM helpdesk_inboundemail WHERE internet_message_id = %s AND ticket_id IS NOT NULL"
    await_that(lambda: product.sql(is_filed, identity), WITHIN, f"the ticket of {identity}")
    return time.monotonic() - began
