"""What people write about in the demo. `{order}`, `{amount}`, `{city}` and `{name}` are filled in for each ticket."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """One kind of request: what the customer says in turn, what the agent says in turn, and what the team notes."""

    team: str
    tag: str
    type: str
    subjects: tuple[str, ...]
    customer: tuple[str, ...]
    agent: tuple[str, ...]
    note: str = ""
    priority: int = 2


STORIES = (
    Story(
        "Billing",
        "refund",
        "question",
        ("Refund missing", "Where is my refund for {order}?", "Refund of €{amount} not received"),
        (
            "I sent the lamp of order {order} back and it arrived at your place two weeks ago. "
            "My bank says that no transfer of €{amount} is on its way. When can I expect it?",
            "Yes, the account is still the same one.",
        ),
        (
            "You are right, and I found the reason: our bank file carried a wrong digit, so the transfer was rejected. "
            "Finance sends the €{amount} again today. Could you confirm that your account has not changed?",
            "Thank you. The transfer left this afternoon; it should be with you within two working days.",
        ),
        "Bank file was rejected, one digit of the IBAN is wrong on our side.",
        3,
    ),
    Story(
        "Billing",
        "invoice",
        "question",
        (
            "Invoice shows the wrong VAT number",
            "Wrong company address on invoice {order}",
            "Copy of the October invoice",
        ),
        (
            "Our accountant cannot book invoice {order} like this: the VAT number belongs to our old company. "
            "Could you send us a corrected one?",
            "That is the right one now, thank you.",
        ),
        (
            "I have corrected the VAT number in your account and attached a new invoice. The old one is cancelled.",
        ),
    ),
    Story(
        "Billing",
        "payment",
        "incident",
        ("Duplicate charge on my card", "Charged twice for {order}", "Card was debited two times"),
        (
            "My card was charged €{amount} twice for order {order}, at 10:02 and 10:03. Please give one of them back.",
            "I see it on the statement now. Thanks for the quick help!",
        ),
        (
            "I can see both payments. The second one was only reserved and has been released; "
            "your bank removes it within three days.",
        ),
        "Payment provider confirms: second authorisation voided.",
        3,
    ),
    Story(
        "Billing",
        "plan",
        "question",
        ("Question about the annual plan", "Can we switch to yearly billing?", "Price for 25 seats"),
        (
            "Is it possible to switch to the annual plan in the middle of the year, and do we lose what we paid?",
            "Then please switch us on the first of next month.",
            "Perfect, thank you.",
        ),
        (
            "You can switch at any time. What you have paid is credited, so you lose nothing. Shall I switch you now "
            "or on the first of next month?",
            "Done: from the first of next month you are on the annual plan.",
        ),
    ),
    Story(
        "Billing",
        "payment",
        "task",
        ("Change of bank account", "New SEPA mandate", "We have a new card"),
        ("Our bank account changes next month. Where can we enter the new one?",),
        ("Under Account, Payment you can add the new account; the old one stays until you remove it.",),
        priority=1,
    ),
    Story(
        "Tech",
        "login",
        "incident",
        ("Login loop after changing the password", "Cannot sign in any more", "Signed out every few minutes"),
        (
            "Since I changed my password I end up on the sign-in page again and again, in two browsers.",
            "Clearing the data helped, I am in again.",
        ),
        (
            "Thank you for trying two browsers. Please clear the stored data of our site and sign in once more; "
            "an old cookie is probably in the way.",
            "Good to hear. We have also mended the cause, so it should not come back.",
        ),
        "Old session cookie with the parent domain, see the release of last Tuesday.",
        3,
    ),
    Story(
        "Tech",
        "checkout",
        "incident",
        (
            "Payments fail at checkout since this morning",
            "Checkout shows error 502",
            "Nobody can pay in our shop",
        ),
        (
            "Since about nine every card payment in our shop fails with an error. We lose orders by the minute.",
            "Still failing for every card we try. The error code is 502.",
            "It works again. What was it?",
        ),
        (
            "We see it too and are on it: the payment gateway answers slowly. We write again within half an hour.",
            "The gateway is back and payments go through. Could you try once more?",
            "One of two lines to the gateway was down. The second one takes over by itself from now on.",
        ),
        "Gateway line B down since 08:55, provider informed.",
        4,
    ),
    Story(
        "Tech",
        "export",
        "problem",
        ("Export stops at 10,000 rows", "CSV export is incomplete", "Export misses the last week"),
        (
            "The export of our orders stops at 10,000 rows although we have more than 14,000.",
            "Thank you, that helped for October. November is still cut.",
            "All there now.",
        ),
        (
            "The page exports at most 10,000 rows at once. Please export month by month for now; "
            "we are lifting the limit this week.",
            "The limit is gone. Could you try November again?",
        ),
    ),
    Story(
        "Tech",
        "api",
        "question",
        (
            "Webhook signature does not match",
            "API answers 401 since Monday",
            "How do I page through the API?",
        ),
        (
            "We rotated the secret yesterday and since then the signature of your webhooks does not match ours.",
            "That was it, we still used the old one in one place.",
        ),
        (
            "After a rotation both secrets are valid for 24 hours and we sign with the new one. "
            "Could you check that every receiver has it?",
        ),
        priority=2,
    ),
    Story(
        "Tech",
        "mail",
        "incident",
        ("Order mails do not arrive", "Customers get no confirmation", "Mails land in spam"),
        (
            "Our customers tell us that they receive no confirmation after an order. It began at the weekend.",
            "Confirmed, the test mail is here.",
        ),
        (
            "Your domain's SPF record no longer names us, so many servers refuse the mail. "
            "Please add the entry from the page Settings, Sending; then I send a test.",
            "I see the record now and have sent a test mail.",
        ),
        priority=3,
    ),
    Story(
        "Tech",
        "how-to",
        "question",
        ("How do I add a second shop?", "Can two people share a view?", "Where is the dark theme?"),
        ("I could not find it in the help pages. Could you point me to it?",),
        ("It is under Settings, General, in the last section. I have attached a picture of the place.",),
        priority=1,
    ),
    Story(
        "Orders",
        "delivery",
        "question",
        ("Where is my parcel {order}?", "Tracking has not moved for a week", "Parcel {order} is late"),
        (
            "Order {order} should have been in {city} on Monday. The tracking has said “on its way” for six days.",
            "It arrived this morning, thank you.",
        ),
        (
            "I have asked the carrier to trace it. It was sorted to the wrong depot and comes to {city} tomorrow.",
        ),
        "Carrier: mis-sorted, back on the road.",
    ),
    Story(
        "Orders",
        "return",
        "task",
        ("Return label missing", "How do I send {order} back?", "Wrong size, please exchange"),
        (
            "There was no return label in the box of {order}. How do I send it back?",
            "Got the label, thanks.",
        ),
        ("Here is a label; you can print it or show the code at the counter.",),
        priority=1,
    ),
    Story(
        "Orders",
        "damage",
        "incident",
        ("Cups of {order} arrived broken", "Box was open and one part is missing", "Damaged delivery"),
        (
            "Two of the six cups in order {order} are broken. I have photos of the box and the cups.",
            "A replacement would be best, we need six for the office.",
            "All six are here and whole. Thank you!",
        ),
        (
            "I am glad you took photos. Would you rather have a replacement or €{amount} back?",
            "The replacement leaves today, by express.",
        ),
        "Third report for this batch of boxes, told the warehouse.",
    ),
    Story(
        "Orders",
        "address",
        "task",
        ("Change of delivery address", "Please deliver {order} to {city}", "New address for November"),
        ("We have moved. Please send order {order} to our new address in {city}.",),
        ("Changed, the parcel goes to {city}. You will get the tracking link tomorrow.",),
        priority=2,
    ),
    Story(
        "Orders",
        "stock",
        "question",
        ("When is the blue one back?", "Is {order} still available?", "Out of stock since weeks"),
        (
            "When will the large tea set be back in stock? We need twelve of them by the end of the month.",
            "Then we wait for it.",
        ),
        ("The next delivery comes in about ten days. I have reserved twelve for you.",),
        priority=1,
    ),
)

GOOD_COMMENTS = (
    "Quick and friendly, thank you.",
    "Solved in one mail.",
    "Very clear explanation.",
    "",
    "",
    "",
)
BAD_COMMENTS = (
    "I had to ask twice before anybody answered.",
    "The answer came days too late.",
    "Nobody told me what was going on.",
    "",
)
CITIES = ("Hamburg", "Leeds", "Poznań", "Bergen", "Lyon", "Izmir", "Graz", "Ghent")
