"""Does the mail say that a filter before us took it for spam? Pure.

SpamAssassin writes `X-Spam-Flag: YES` and `X-Spam-Status: Yes, score=…`; rspamd `X-Spamd-Result: default:
True [15.2 / 15.0]; …` and `X-Spam: Yes`. Only the verdict counts, never a score.
"""

from helpdesk.mail.mail import Mail


def mark(mail: Mail) -> str:
    """The field that says so, or ""."""
    for name in ("x-spam-flag", "x-spam", "x-spam-status"):
        if _first_word(mail.get(name)) in ("yes", "true"):
            return name
    verdict = mail.get("x-spamd-result").partition("[")[0].partition(":")[2]
    return "x-spamd-result" if _first_word(verdict) == "true" else ""


def _first_word(value: str) -> str:
    words = value.replace(",", " ").lower().split(maxsplit=1)
    return words[0] if words else ""
