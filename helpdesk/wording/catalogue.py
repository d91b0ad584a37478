"""Every notification: whom it is for, its placeholders, and our own words for it.

A placeholder has a kind: `word` stands anywhere, `link` is an address (a line “Label: {link}” becomes a link
with that label), `block` is made by us and stands on a line of its own. A required one cannot be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CUSTOMERS, OUTSIDE, STAFF, ACCOUNTS = "customers", "outside", "staff", "accounts"


@dataclass(frozen=True)
class Place:
    """One placeholder. `sample` stands for its value in a preview."""

    name: str
    words: Promise
    sample: Any
    kind: str = "word"
    required: bool = False


@dataclass(frozen=True)
class Notification:
    """One mail that we send by ourselves. `threads` keeps the ticket's subject in its subject, without which
    mail programs would show a conversation as several."""

    key: str
    title: Promise
    audience: str
    subject: Promise | str
    body: Promise
    places: tuple[Place, ...]
    threads: bool = False

    @property
    def kinds(self) -> dict[str, str]:
        return {place.name: place.kind for place in self.places}

    @property
    def subject_kinds(self) -> dict[str, str]:
        """Only words fit into one line."""
        return {name: kind for name, kind in self.kinds.items() if kind == "word"}

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(place.name for place in self.places if place.required)

    @property
    def samples(self) -> dict[str, Any]:
        return {place.name: place.sample for place in self.places}


@dataclass(frozen=True)
class Sample:
    """Words in a preview, in place of a message."""

    text: Promise

    @property
    def fresh(self) -> Promise:
        return self.text


_URL = "https://help.example.com/tickets/1042/"
_DESK_URL = "https://help.example.com/desk/tickets/1042/"
_NAME = Place("name", _("First name of the reader"), "Priya")
_GREETING = Place("greeting", _("“Hello Priya,” or, without a name, “Hello,”"), _("Hello Priya,"))
_REFERENCE = Place("reference", _("Number of the ticket"), "1042")
_SUBJECT = Place("subject", _("Subject of the ticket"), "Refund missing")
_COMPANY = Place("company", _("Name of the team’s address, or of the company"), "Acme Support")
_TICKET = Place(
    "ticket_link", _("Line with the link to the ticket, for the requester only"), ("1042", _URL), "block"
)
_LINK = Place("link", _("Link to the ticket at the desk"), _DESK_URL, "link", required=True)
_REQUESTER = Place("requester", _("Name of the customer"), "Priya Nair")
_DUE = Place("due", _("Due time"), _("Mon 23 Nov, 10:00 CET"))
_WHAT = Place("what", _("“The reply on ticket 1042” or “Ticket 1042”"), _("The reply on ticket 1042"))
_ADDRESS = Place("address", _("Address that the mail goes to"), "priya@customers.example")
_REASON = Place("reason", _("Why it did not arrive"), _("this mailbox does not exist"))
_SERVER_SAID = Place("server_said", _("Answer of the mail server"), "550 5.1.1 no such mailbox")
_OUTSIDE_NAME = Place("outside", _("Name or address of who is outside"), "Kim Lee")
_DIGEST_ROWS = [(_("Ticket 1042, reply was due Mon 23 Nov, 10:00 CET: Refund missing"), _DESK_URL)]
_REPORT_URL = "https://help.example.com/reports/first-response/"
_DIGEST_FIGURES = [
    (
        _("First response"),
        _REPORT_URL,
        [(_("Half within"), _("%(value)s, n = %(n)d") % {"value": "41 min", "n": 412})],
        [(_("By team"), [("Billing", "72%", 72), ("Tech", "58%", 58)])],
    )
]
_CLICK = "https://help.example.com/accounts/…"


def _account_link(words: Promise) -> Place:
    return Place("link", words, _CLICK, "link", required=True)


def _hours(sample: str) -> Place:
    return Place("hours", _("For how many hours the link works"), sample)


def _staff(
    key: str, title: Promise, body: Promise, *places: Place, subject: Promise | str = ""
) -> Notification:
    return Notification(
        key,
        title,
        STAFF,
        subject or "{subject} [#{reference}]",
        body,
        (_REFERENCE, _SUBJECT, _REQUESTER, _COMPANY, *places, _LINK),
    )


_REQUEST = Place("request", _("“Refund missing” or “Your request 1042”"), "“Refund missing”")
_SURVEYED = (
    _REQUEST,
    _REFERENCE,
    _TICKET,
)


def _survey(key: str, title: Promise, body: Promise, *places: Place) -> Notification:
    """A mail that puts a question of a survey, each answer of which is a link."""
    return Notification(
        key,
        title,
        CUSTOMERS,
        "{question}",
        body,
        (
            _GREETING,
            _NAME,
            Place("question", _("Question of the survey"), _("How was our help with “Refund missing”?")),
            *places,
            Place(
                "choices",
                _("The answers to choose from"),
                [
                    ("5", _("Very good"), "https://help.example.com/survey/…"),
                    ("1", _("Very poor"), "https://help.example.com/survey/…"),
                ],
                "block",
                True,
            ),
            Place("closes", _("Last day of the survey"), _("30 Nov")),
            Place("stop_link", _("Link that ends these mails"), _CLICK, "link", True),
            _COMPANY,
        ),
    )


_AGENT = Place("agent", _("First name of whom the score counts for"), "Mira")


def _follow_up(
    kind: str,
    title: Promise,
    body: Promise,
    *places: Place,
    subject: Promise | str = "",
    threads: bool = True,
) -> Notification:
    """A mail about a ticket that a rule sends some time after what happened."""
    return Notification(
        f"followup.{kind}",
        title,
        CUSTOMERS,
        subject or "{subject} [#{reference}]",
        body,
        (_GREETING, _NAME, _REQUEST, *places, _COMPANY),
        threads=threads,
    )


_OF_TICKET = (_REFERENCE, _SUBJECT, _TICKET)


def _account(key: str, title: Promise, subject: Promise, body: Promise, *places: Place) -> Notification:
    return Notification(key, title, ACCOUNTS, subject, body, (_GREETING, _NAME, _COMPANY, *places))


_ALL = (
    Notification(
        "ticket.replied",
        _("Our reply"),
        CUSTOMERS,
        "{subject} [#{reference}]",
        _("{answer}\n\n{signature}\n\n{files}\n\n{ticket_link}\n\n{quote}"),
        (
            Place("answer", _("What the agent wrote"), Sample(_("Your refund left today.")), "block", True),
            Place("signature", _("Signature of the address"), ["Mira Koch", "Acme Support"], "block"),
            Place(
                "files",
                _("Files that are too large for a mail, as links"),
                [("film.mp4", "48 MB", "https://help.example.com/files/…")],
                "block",
                True,
            ),
            _TICKET,
            Place(
                "quote",
                _("What the customer wrote before, quoted"),
                (_("On Mon 23 Nov, 09:14 CET, Priya Nair wrote:"), _("It is now two weeks.")),
                "block",
            ),
            _NAME,
            _GREETING,
            Place("agent", _("First name of who answers"), "Mira"),
            _REFERENCE,
            _SUBJECT,
            _COMPANY,
        ),
        threads=True,
    ),
    Notification(
        "ticket.received",
        _("We have your message"),
        CUSTOMERS,
        "{subject} [#{reference}]",
        _(
            "{greeting}\n\nWe have your message, reference {reference}.\n\nWe aim to answer by {aim}.\n\n"
            "Reply to add anything.\n\n{ticket_link}\n\n~ {company}"
        ),
        (
            _GREETING,
            _NAME,
            _REFERENCE,
            Place(
                "subject",
                _("Subject of the ticket; until the address is proven “We have your message”"),
                "Refund missing",
            ),
            Place("aim", _("Until when you promise an answer, if you do"), _("Mon 23 Nov, 15:00 CET")),
            _TICKET,
            _COMPANY,
        ),
        threads=True,
    ),
    _survey(
        "survey.invited",
        _("How was our help?"),
        _(
            "{greeting}\n\n{request} is marked as solved. How was our help?\n\n{choices}\n\n"
            "~ Nothing is recorded until you press Send on the next page. Open until {closes}.\n\n"
            "{ticket_link}\n\nDo not ask me again: {stop_link}"
        ),
        *_SURVEYED,
    ),
    _survey(
        "survey.effort",
        _("How easy was it?"),
        _(
            "{greeting}\n\n{request} is marked as solved. {question}\n\n{choices}\n\n"
            "~ Nothing is recorded until you press Send on the next page. Open until {closes}.\n\n"
            "{ticket_link}\n\nDo not ask me again: {stop_link}"
        ),
        *_SURVEYED,
    ),
    _survey(
        "survey.recommend",
        _("Would you recommend us?"),
        _(
            "{greeting}\n\n{question}\n\n{choices}\n\n"
            "~ Nothing is recorded until you press Send on the next page. Open until {closes}.\n\n"
            "Do not ask me again: {stop_link}"
        ),
    ),
    _survey(
        "survey.reminded",
        _("Reminder of a survey"),
        _(
            "{greeting}\n\nWe asked you on {asked}, and your answer still helps. {question}\n\n{choices}\n\n"
            "~ Nothing is recorded until you press Send on the next page. Open until {closes}. This is the "
            "only reminder.\n\nDo not ask me again: {stop_link}"
        ),
        Place("asked", _("Day on which the survey was sent"), _("16 Nov")),
    ),
    _follow_up(
        "waiting",
        _("We wait for your answer"),
        _(
            "{greeting}\n\nWe asked you something about {request} on {asked} and cannot go on without your "
            "answer.\n\nReply to this mail with it, or say that you need nothing more.\n\n{ticket_link}\n\n"
            "~ {company}"
        ),
        Place("asked", _("Day on which we wrote last"), _("16 Nov")),
        *_OF_TICKET,
    ),
    _follow_up(
        "silence",
        _("Solved, as we heard nothing"),
        _(
            "{greeting}\n\nWe asked you something about {request} on {asked} and have not heard from you, so "
            "it is marked as solved.\n\nReply to this mail until {reopen_until} and it is open again.\n\n"
            "A reply after that opens a new request, which is linked to this one.\n\n{ticket_link}\n\n"
            "~ {company}"
        ),
        Place("asked", _("Day on which we wrote last"), _("16 Nov")),
        Place(
            "reopen_until",
            _("Until when a reply opens it again; nothing where no reply does"),
            _("30 Nov"),
        ),
        *_OF_TICKET,
    ),
    _follow_up(
        "thanks",
        _("Thank you for a good score"),
        _(
            "{greeting}\n\nThank you for telling us how our help was.\n\nYour answer is passed on to {agent}."
            "\n\nThere is nothing to do. Reply to this mail if there is anything else.\n\n~ {company}"
        ),
        _AGENT,
        subject=_("Thank you for your answer"),
        threads=False,
    ),
    _follow_up(
        "sorry",
        _("We are sorry about a low score"),
        _(
            "{greeting}\n\nYou told us that our help was not good enough. I am sorry that it fell short, and "
            "I am looking into it.\n\nReply to this mail and tell me what we should put right. It reaches me "
            "and the team.\n\n{signature}"
        ),
        Place("agent", _("First name of who signs it"), "Sue"),
        Place("signature", _("Signature of the address"), ["Sue Park", "Acme Support"], "block"),
        subject=_("About your answer"),
        threads=False,
    ),
    _follow_up(
        "fixed",
        _("Did this stay solved?"),
        _(
            "{greeting}\n\nOn {solved} {request} was marked as solved. Did it stay that way?\n\n"
            "Yes, it is still solved: {yes_link}\n\nNo, it came back: {no_link}\n\n"
            "~ Nothing is recorded until you press Send on the next page. Open until {closes}.\n\n"
            "{ticket_link}\n\nDo not ask me again: {stop_link}"
        ),
        Place("solved", _("Day on which it was marked as solved"), _("16 Nov")),
        Place("yes_link", _("Link to the page with “Yes” chosen"), _CLICK, "link", True),
        Place("no_link", _("Link to the page with “No” chosen"), _CLICK, "link", True),
        Place("closes", _("Last day of the question"), _("30 Nov")),
        Place("stop_link", _("Link that ends these mails"), _CLICK, "link", True),
        *_OF_TICKET,
    ),
    Notification(
        "side_talk.written",
        _("Our words to somebody outside"),
        OUTSIDE,
        "{subject}",
        _("{question}\n\n{signature}\n\n{passed_on}"),
        (
            Place(
                "question", _("What the agent wrote"), Sample(_("When does the part arrive?")), "block", True
            ),
            Place("signature", _("Signature of the address"), ["Mira Koch", "Acme Support"], "block"),
            Place(
                "passed_on",
                _("Messages of the ticket that the agent chose, quoted"),
                [(_("On Mon 23 Nov, 09:14 CET, Priya Nair wrote:"), _("It is now two weeks."))],
                "block",
                True,
            ),
            Place("name", _("Name of the reader, if the agent gave one"), "Kim Lee"),
            Place("agent", _("First name of who answers"), "Mira"),
            _REFERENCE,
            Place("subject", _("Subject that the agent chose"), "Refund missing"),
            _COMPANY,
        ),
    ),
    Notification(
        "report.digest",
        _("A report by mail"),
        STAFF,
        "{report}, {period}",
        _(
            "{figures}\n\n{changes}\n\nOpen the report: {link}\n\n"
            "~ You asked for this mail: {rhythm}. It covers whole days, up to the one before.\n\n"
            "Stop this mail: {stop_link}"
        ),
        (
            Place("report", _("Name of the report"), _("First response")),
            Place("period", _("First and last day, and the company’s time zone"), "16–22 Nov 2026, UTC"),
            Place("figures", _("The figures, with their charts"), _DIGEST_FIGURES, "block", True),
            Place(
                "changes",
                _("What changed beyond chance, if something did"),
                [(_("Billing: more tickets came, 90 after 40."), _REPORT_URL)],
                "block",
            ),
            Place("rhythm", _("When it comes"), _("Every Monday at 8:00")),
            Place("link", _("Link to the report"), _REPORT_URL, "link", required=True),
            Place("stop_link", _("Link that ends this mail"), _CLICK, "link", required=True),
            _GREETING,
            _NAME,
            _COMPANY,
        ),
    ),
    _staff(
        "ticket.opened",
        _("A new ticket for the team"),
        _("{requester} opened ticket {reference}: {subject}\n\nOpen the ticket: {link}"),
    ),
    _staff(
        "ticket.answered",
        _("The customer wrote"),
        _("{writer} wrote on ticket {reference}:\n\n{message}\n\nOpen the ticket: {link}"),
        Place("writer", _("Who wrote"), "Priya Nair"),
        Place("message", _("What is new in their message"), ("", _("It is now two weeks.")), "block"),
    ),
    _staff(
        "ticket.assigned",
        _("A ticket is yours"),
        _("{actor} assigned ticket {reference} to you: {subject}\n\nOpen the ticket: {link}"),
        Place("actor", _("Who assigned it; the helpdesk’s own name if nobody did"), "Sue Park"),
    ),
    _staff(
        "ticket.mentioned",
        _("A note names you"),
        _(
            "{actor} named you in a note on ticket {reference}: {subject}\n\nThe note stays at the desk.\n\n"
            "Read it: {link}"
        ),
        Place("actor", _("Who wrote the note"), "Sue Park"),
    ),
    _staff(
        "side_talk.heard",
        _("Somebody outside answered"),
        _(
            "{outside} answered in a side conversation on ticket {reference}: {subject}\n\n"
            "The customer sees nothing of it.\n\nRead it: {link}"
        ),
        _OUTSIDE_NAME,
    ),
    _staff(
        "side_talk.undelivered",
        _("Words to somebody outside did not arrive"),
        _(
            "Your words to {outside} on ticket {reference} did not arrive: {subject}\n\n"
            "~ {address}: {reason}. The server said: {server_said}\n\n"
            "The text is saved. Send it again from the ticket, or ask another address there.\n\n"
            "Open the ticket: {link}"
        ),
        _OUTSIDE_NAME,
        _ADDRESS,
        _REASON,
        _SERVER_SAID,
    ),
    _staff(
        "sla.warned",
        _("A promise is due soon"),
        _("{what} is due {due}: {subject}\n\nOpen the ticket: {link}"),
        _WHAT,
        _DUE,
    ),
    _staff(
        "sla.breached",
        _("A promise is late"),
        _("{what} is late since {due}: {subject}\n\nOpen the ticket: {link}"),
        _WHAT,
        _DUE,
    ),
    Notification(
        "sla.digest",
        _("Several promises in one mail"),
        STAFF,
        "{summary}",
        _("Late:\n{late}\n\nDue soon:\n{soon}\n\nOpen the queue: {link}"),
        (
            Place("summary", _("“2 late, 1 due soon”"), _("2 late, 1 due soon")),
            Place("late", _("List of what is late"), (_DIGEST_ROWS, 0), "block", True),
            Place("soon", _("List of what is due soon"), (_DIGEST_ROWS, 0), "block", True),
            Place("link", _("Link to the queue"), "https://help.example.com/desk/", "link", True),
            _COMPANY,
        ),
    ),
    _staff(
        "delivery.failed",
        _("Your reply did not arrive"),
        _(
            "Your reply on ticket {reference} did not reach {requester}: {subject}\n\n"
            "~ {address}: {reason}. The server said: {server_said}\n\n"
            "The text is saved. Open the ticket to send it again or to another address.\n\n"
            "Open the ticket: {link}"
        ),
        _ADDRESS,
        _REASON,
        _SERVER_SAID,
    ),
    _staff(
        "delivery.delayed",
        _("Your reply has not left yet"),
        _(
            "Your reply on ticket {reference} to {requester} has not left yet: {subject}\n\n"
            "~ {address}: {reason}.\n\n"
            "It is tried again by itself for five days. Open the ticket to send it to another address.\n\n"
            "Open the ticket: {link}"
        ),
        _ADDRESS,
        _REASON,
    ),
    _staff(
        "draft.cancelled",
        _("Your reply for later was not sent"),
        _(
            "Your reply on ticket {reference} was not sent, because {because}: {subject}\n\n"
            "The text is saved as a draft.\n\nOpen the ticket: {link}"
        ),
        Place("because", _("Why not"), _("Priya Nair wrote first")),
    ),
    _staff(
        "survey.scored_low",
        _("A low score"),
        _(
            "{requester} rated ticket {reference} with {score} of {best}: {subject}\n\n{message}\n\n"
            "Open the ticket: {link}"
        ),
        Place("score", _("The score"), "2"),
        Place("best", _("The best score that could be given"), "5"),
        Place("message", _("What the customer wrote beside it"), ("", "It took two weeks."), "block"),
    ),
    *(
        _staff(
            key,
            name,
            words,
            Place("score", _("The score"), "2"),
            Place("best", _("The best score that could be given"), "5"),
            Place("message", _("What the customer wrote beside it"), ("", "It took two weeks."), "block"),
        )
        for key, name, words in (
            (
                "case.assigned",
                _("A recovery case is yours"),
                _(
                    "{requester} gave {score} of {best} to ticket {reference}: {subject}\n\n{message}\n\n"
                    "You see to it that they hear from us within one working day: {link}"
                ),
            ),
            (
                "case.late",
                _("A recovery case is overdue"),
                _(
                    "{requester} gave {score} of {best} to ticket {reference}, {subject}, and has not heard "
                    "from us.\n\n{message}\n\nContact them now, then record the outcome: {link}"
                ),
            ),
        )
    ),
    _account(
        "account.code",
        _("Code to sign in"),
        _("Your code for {company}"),
        _(
            "{greeting}\n\nYour code to sign in:\n\n{code}\n\nEnter it here: {link}\n\n"
            "~ It works once and for {minutes} minutes. If you did not ask for it, ignore this mail."
        ),
        Place("code", _("The code"), "QX4-7KD", "block", True),
        _account_link(_("Page for the code")),
        Place("minutes", _("For how many minutes it works"), "15"),
    ),
    _account(
        "account.unknown",
        _("Sign-in with an unknown address"),
        _("Somebody asked to sign in to {company} with this address"),
        _(
            "{greeting}\n\nSomebody asked to sign in with this address, but nobody here has it. If it was "
            "you, you may have written from another address.\n\nAsk us something: {link}\n\n"
            "~ If it was not you, ignore this mail."
        ),
        _account_link(_("Page to write to you")),
    ),
    _account(
        "account.reset",
        _("New password"),
        _("Choose a new password for {company}"),
        _(
            "{greeting}\n\nHere you choose a new password:\n\nChoose a new password: {link}\n\n~ The link "
            "works once and for one hour. If you did not ask for it, ignore this mail: your password stays "
            "as it is."
        ),
        _account_link(_("Page for the new password")),
    ),
    _account(
        "account.password_changed",
        _("Password was changed"),
        _("Your password for {company} was changed"),
        _(
            "{greeting}\n\nYour password was changed. If it was you, there is nothing to do.\n\n"
            "If it was not you, choose a new one: {link}"
        ),
        _account_link(_("Page for a new password")),
    ),
    _account(
        "account.invitation",
        _("Invitation"),
        _("You are invited to {company}"),
        _(
            "{greeting}\n\nYou are invited to {company}. Choose a password to begin:\n\n"
            "Accept the invitation: {link}\n\n~ The link works once and for {hours} hours."
        ),
        _account_link(_("Page of the invitation")),
        _hours("72"),
    ),
    _account(
        "account.confirm_ticket",
        _("Confirm a message from the form"),
        _("Confirm your message to {company}"),
        _(
            "{greeting}\n\nSomebody filled in our form with this address. Confirm that it was you, so that "
            "we get your message:\n\nConfirm: {link}\n\n"
            "~ The link works for {hours} hours. If it was not you, ignore this mail: nothing happens."
        ),
        _account_link(_("Page to confirm")),
        _hours("24"),
    ),
)

NOTIFICATIONS: Mapping[str, Notification] = {one.key: one for one in _ALL}
"""By key, which is also the name of the letter that fills it (`helpdesk.mail.letters`)."""
