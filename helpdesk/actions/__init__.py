"""The verbs of the outward side: the company, its addresses, saved replies and API tokens.

Like `tickets.actions`: `by` is the actor (None is the system), `at` an aware UTC instant (default now).
Already done returns quietly; not allowed raises `NotAllowed`, whose text may be shown.
"""

from helpdesk.actions.company import (
    count_use,
    create_address,
    create_saved_reply,
    delete_saved_reply,
    edit_address,
    edit_company,
    edit_saved_reply,
    edit_team_look,
    remove_logo,
    set_logo,
)
from helpdesk.actions.mail import (
    ASIDE,
    block_sender,
    delete_mail,
    open_from_held,
    read_again,
    refile,
    release,
    settle_flood,
    unblock_sender,
)
from helpdesk.actions.people import invite_again
from helpdesk.actions.sources import add_mailbox, add_webhook, edit_source, keep_token
from helpdesk.actions.spam import mark_spam, unmark_spam
from helpdesk.actions.tokens import digest, issue_token, revoke_token, use_token
from helpdesk.actions.topics import create_topic, edit_topic, move_topic
from helpdesk.actions.wording import change_wording, reset_wording

__all__ = [
    "ASIDE",
    "add_mailbox",
    "add_webhook",
    "block_sender",
    "change_wording",
    "count_use",
    "create_address",
    "create_saved_reply",
    "create_topic",
    "delete_mail",
    "delete_saved_reply",
    "digest",
    "edit_address",
    "edit_company",
    "edit_saved_reply",
    "edit_source",
    "edit_team_look",
    "edit_topic",
    "invite_again",
    "issue_token",
    "keep_token",
    "mark_spam",
    "move_topic",
    "open_from_held",
    "read_again",
    "refile",
    "release",
    "remove_logo",
    "reset_wording",
    "revoke_token",
    "set_logo",
    "settle_flood",
    "unblock_sender",
    "unmark_spam",
    "use_token",
]
