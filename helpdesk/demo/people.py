"""Who lives in the demo."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Acme Support"
PASSWORD = "demo"  # noqa: S105 - well known; signs in only where settings.DEMO is on
TIME_ZONE = "Europe/Berlin"

TEAMS = ("Billing", "Tech", "Orders")

ADDRESSES = {
    "support@demo.example": "Tech",
    "billing@demo.example": "Billing",
    "orders@demo.example": "Orders",
}


@dataclass(frozen=True)
class Member:
    name: str
    email: str
    role: str
    teams: tuple[str, ...]


MEMBERS = (
    Member("Ada Winter", "admin@demo.example", "administrator", ()),
    Member("Sam Okafor", "supervisor@demo.example", "supervisor", ("Billing", "Tech", "Orders")),
    Member("Mira Koch", "agent@demo.example", "agent", ("Billing", "Tech")),
    Member("Jo Brandt", "jo@demo.example", "agent", ("Billing",)),
    Member("Lena Fischer", "lena@demo.example", "agent", ("Billing",)),
    Member("Sofia Ortiz", "sofia@demo.example", "agent", ("Tech",)),
    Member("Noah Becker", "noah@demo.example", "agent", ("Tech",)),
    Member("Aiko Mori", "aiko@demo.example", "agent", ("Tech", "Orders")),
    Member("Ravi Menon", "ravi@demo.example", "agent", ("Orders",)),
    Member("Clara Lund", "clara@demo.example", "agent", ("Orders",)),
)

LEADS = {"Billing": "jo@demo.example", "Tech": "sofia@demo.example", "Orders": "clara@demo.example"}
KEY_ACCOUNTS = ("Nordlicht GmbH",)
ORGANIZATIONS: dict[str, tuple[str, bool, tuple[str, ...]]] = {
    "Nordlicht GmbH": (
        "nordlicht.example",
        True,
        (
            "Priya Nair",
            "Anton Vogel",
            "Greta Lind",
            "Yusuf Kaya",
            "Marie Dubois",
            "Felix Sommer",
            "Hanna Wolf",
        ),
    ),
    "Brightmill": (
        "brightmill.example",
        False,
        (
            "Tomás Rivera",
            "Olivia Hart",
            "Ben Carter",
            "Zoe Miller",
            "Liam Walsh",
            "Emma Clarke",
            "Jack Doyle",
        ),
    ),
    "Delta Print": (
        "deltaprint.example",
        True,
        (
            "Ines Kowalska",
            "Piotr Zieliński",
            "Magda Nowak",
            "Tomasz Lis",
            "Ewa Król",
            "Oskar Brenner",
            "Julia Sikora",
        ),
    ),
    "Fjord Logistics": (
        "fjord.example",
        False,
        ("Henrik Dahl", "Ingrid Solberg", "Lars Berg", "Kari Moen", "Nils Haugen", "Astrid Lie"),
    ),
    "Kestrel Media": (
        "kestrel.example",
        False,
        ("Amara Diallo", "Claire Fontaine", "Samir Haddad", "Leïla Benali", "Hugo Martin", "Nora Petit"),
    ),
    "Hanami Tea": (
        "hanami.example",
        True,
        ("Yuki Tanaka", "Ren Sato", "Mei Lin", "Elif Aydın", "Noah Weber", "Akira Ito", "Sora Kim"),
    ),
}

SAVED_REPLIES = (
    (
        "Ask for the order number",
        None,
        "Thank you for writing. Could you send us the order number? It stands at the top of the confirmation mail.",
    ),
    (
        "Refund is on its way",
        "Billing",
        "We have sent the refund today. Banks usually need two to three working days to show it.",
    ),
    (
        "Clear the browser's data",
        "Tech",
        "Please sign out, clear the stored data of our site in your browser and sign in again. "
        "If the page still does not load, tell us which browser and version you use.",
    ),
    (
        "Parcel is being traced",
        "Orders",
        "We have asked the carrier to trace the parcel. This takes up to three working days; we write as soon as we know.",
    ),
)
