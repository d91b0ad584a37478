# ruff: noqa: E501  (a table of sentences)
"""Why our reading of a mail differs from what its corpus expects, for every single case; and the page that says so.

Two kinds. A *fault* is an expectation that drops or garbles what the mail says, as the mail itself shows; such a
case is counted as a difference, and left out of the share that the tests hold. A *choice* is ours: the floor
counts it against us.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.helpdesk.mail.agreement import CORPUS, Finding


@dataclass(frozen=True)
class Why:
    """A reason and where it holds: `files` maps a file (a prefix ending in * counts) to aspects, "" for all."""

    reason: str
    files: dict[str, str] = field(default_factory=dict)
    fault: bool = False


_LOST = "The source drops the bytes that the declared charset does not have; we read them as the UTF-8 or Windows-1252 that they are."
_DATA = "The source takes a refusal whose words are “user unknown” for a filter by a rule about the server's product or status; we go by the words."

WHY: dict[str, list[Why]] = {
    "imap_tools": [
        Why(_LOST, {"error_emails/content_transfer_encoding_plain.eml": "text", "plain_emails/raw_email6.eml": "text"}, fault=True),
        Why("The text is UTF-8 under the label ISO-8859-1. The source follows the label and shows “Ã” and control signs where the mail says “Æ” and “©”.",
            {"error_emails/content_transfer_encoding_7-bit.eml": "text html"}, fault=True),
        Why("A line without a field name stands in the header. The source ends the header there and loses sender, subject and recipients; we read on, since well-formed fields follow.",
            {"plain_emails/raw_email_incorrect_header.eml": ""}, fault=True),
        Why("The parts of an enclosed mail count as files of their own there; with us the enclosed mail is one file.",
            {"multipart_report_emails/multipart_report_multiple_status.eml": "attachments"}),
    ],
    "zammad": [
        Why("Named in the corpus' own description: UTF-7 in the subject left undecoded, an address that ends in “>”.",
            {"mail018.box": "subject", "mail076.box": "sender name"}, fault=True),
        Why("The source keeps a full stop behind the address; nothing can be sent there.", {"mail044.box": "sender"}),
        Why("“MAILER-DAEMON (Mail Delivery System)”: the source drops the comment of the name, we show it.", {"mail092.box": "name"}),
        Why("The machine-readable delivery report counts as a file there; we read it and keep it with the original mail.", {"mail092.box": "attachments"}),
    ],
    "stalwart": [
        Why("Named in the corpus' own description: uuencoded or BinHex bytes left undecoded.",
            {"legacy/016.eml": "", "legacy/017.eml": "", "legacy/048.eml": ""}, fault=True),
        Why("A part whose end never came is a file there. A mail cut off on its way is still somebody's words: we show it as text.",
            {f"malformed/{n}.eml": "" for n in ("001", "003", "006", "008", "009", "016")}),
        Why("Two Content-Type fields in one part: the source reads the second and shows raw HTML as text, we read the first and show the HTML part.",
            {"malformed/020.eml": "", "malformed/021.eml": ""}),
        Why("Enclosed mails after one whose own structure is broken are swallowed by it there; we find each of them.",
            {"malformed/012.eml": "attachments", "thirdparty/015.eml": "attachments"}),
        Why("The same text once more as text/enriched counts as a file there; we keep the plain form alone, the original holds both.", {"rfc/003.eml": "attachments"}),
    ],
    "replies": [
        Why("A forwarded mail is what the sender wants to show: it stays in view, the source folds it.", {"discourse_trimmer-053": ""}),
        Why("Everything is quoted; the source leaves nothing, we show what there is.", {"discourse_trimmer-060": ""}),
        Why("A quote with answers around it stays in view, so that the answers can be understood.", {"crisp-003": "", "talon-057": "", "discourse_trimmer-026": ""}),
        Why("A device line or a farewell in the midst of other words is not taken for the end of a mail.", {"crisp-015": "", "talon-115": ""}),
        Why("One library keeps “Sent from my iPhone” as words of the sender, six others fold it.", {"talon-087": ""}),
        Why("The signature begins with a logo's alternative text; we fold from the sender's name on.", {"talon-097": ""}),
        Why("One wrapping element more or less around the same words.", {"talon-061": "", "talon-064": ""}),
    ],
    "bounces": [
        Why(_DATA, {f"{folder}/lhost-{n}.eml": "hard" for folder in ("bsd", "dos") for n in (
            "amazonworkmail-02", "courier-02", "ezweb-02", "mailfoundry-01", "messagingserver-03", "messagingserver-08", "mfilter-01", "mxlogic-03", "office365-04",
            "postfix-07", "sendmail-48", "x1-01", "x1-02", "x2-01", "x2-02", "yahoo-06", "zoho-03")} | {"bsd/rhost-nttdocomo-01.eml": "hard"}),
        Why("The words are a product's own and say neither “unknown” nor a code that means it; we call the address undecided.",
            {"bsd/lhost-exchange2003-03.eml": "hard", "bsd/lhost-interscanmss-03.eml": "hard", "bsd/lhost-messagelabs-03.eml": "hard"}),
        Why("Said after the content (“end of data”, DATA): taken for a filter's pretext, the address is not given up.",
            {"bsd/lhost-exim-37.eml": "hard", "bsd/lhost-sendmail-17.eml": "hard"}),
        Why("A person forwards a bounce, or a mail answers ours and its sender is no daemon: it opens a ticket rather than vanish.",
            {"bsd/lhost-sendmail-14.eml": "", "err/make-test-36.eml": "", "bsd/lhost-apachejames-01.eml": "", "dos/lhost-apachejames-01.eml": ""}),
        Why("A mailing list refuses or warns a member: it speaks of no address of ours, a person should read it.", {"bsd/lhost-fml-02.eml": "", "bsd/lhost-fml-03.eml": ""}),
        Why("Both the address that was written to and the one it was sent on to are named; we mark both.", {"bsd/lhost-exchange2003-03.eml": "count", "bsd/lhost-postfix-75.eml": "count"}),
    ],
    "mikel_mail": [
        Why("Comments and routes inside an address (obsolete since RFC 2822) are no part of it with us: nothing could be sent there.",
            {"rfc2822/example10.eml": "from", "rfc2822/example11.eml": "to"}),
    ],
    "redmine": [
        Why("Two checks by two settings of the source; text and HTML say different things one after the other, and we keep both.",
            {"different_contents_in_text_and_html.eml": ""}),
        Why("The expectation was cut while it was collected.", {"gmail_with_attachment_iso-8859-1.eml": "", "thunderbird_with_attachment_iso-8859-1.eml": ""}, fault=True),
        Why("An empty file is kept with us: its name may matter.", {"ticket_with_empty_attachment.eml": ""}),
    ],
    "discourse": [
        Why("Settings of the source let its own robots in; with us a mail that says it is automatic stays a quiet event.",
            {"auto_generated_allowlisted.eml": "robot", "auto_generated_unblocked.eml": "robot"}),
        Why("The source prefers the HTML form and keeps what it folds; we show the plain text, or what of the HTML is new.",
            {"text_and_html_reply.eml": "body", "gmail_html_reply.eml": "body"}),
        Why("The line that says who wrote a quote is folded with us, the quote and the answer to it stay.", {"inline_mixed_replies.eml": "body"}),
    ],
}  # fmt: skip


def why(corpus: str, file: str, aspect: str) -> Why | None:
    """The reason of a difference, None where nobody has named one."""
    for one in WHY.get(corpus, []):
        if file in one.files and (not one.files[file] or aspect in one.files[file].split()):
            return one
    return None


@dataclass
class Tally:
    """How one corpus was met: differences with their reasons, and counts for each aspect."""

    findings: list[Finding]
    differences: list[tuple[Finding, Why | None]]

    def count(self, aspect: str = "") -> tuple[int, int]:
        """How many agree of how many, of one aspect or of all."""
        seen = Counter(found[2] for found in self.findings if aspect in ("", found[1]))
        return seen[True], seen.total()

    def share(self, aspect: str = "") -> float:
        """The share that agrees of those whose expectation is no fault."""
        agree, of = self.count(aspect)
        faults = sum(1 for found, one in self.differences if one and one.fault and aspect in ("", found[1]))
        return agree / (of - faults)


def tally(corpus: str) -> Tally:
    findings = list(CORPUS[corpus]())
    return Tally(findings, [(one, why(corpus, one[0], one[1])) for one in findings if not one[2]])
