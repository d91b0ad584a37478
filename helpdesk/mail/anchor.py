"""The invisible mark at the top of our HTML mail: what a customer's answer quotes begins with it.

Mail programs that drop attributes keep the text, and those that drop hidden elements often keep the
attributes, so there are both. Answers are trimmed by it (`helpdesk.mail.quotes`), never threaded.
"""

ANCHOR_ID = "helpdesk-above"
ANCHOR_TEXT = "\u2060\u200c\u2060\u200c\u2060"
"""Word joiners and non-joiners, in an order that no text has; zero width, so that a preview shows nothing."""
