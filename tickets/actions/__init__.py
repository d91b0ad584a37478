"""The verbs of the ticket domain: the only code that writes its rows.

Every action takes the ticket's row lock first, then writes, then records its event. `by` is the actor (None
is the system), `at` an aware UTC instant (default now). Already done: returns quietly, without an event. Not
allowed: raises `NotAllowed`, whose text may be shown. Actions return fresh rows; rows given to them grow
stale.
"""

from tickets.actions.base import Conflict, NewFile, NotAllowed, Words, demand_administrator, demand_version
from tickets.actions.bulk import change_many, undo_many
from tickets.actions.conversation import (
    accept_message,
    add_note,
    hear_automatic,
    hold_message,
    mark_read,
    reply,
)
from tickets.actions.deleting import delete, purge, restore
from tickets.actions.drafts import (
    add_draft_file,
    discard_draft,
    move_draft,
    remove_draft_file,
    save_draft,
    schedule_draft,
)
from tickets.actions.jobs import ask_job, cancel_job, retry_job
from tickets.actions.linking import link, unlink
from tickets.actions.mailed import doubt_sender, note_address, note_complaint, note_receipt, relate
from tickets.actions.merging import merge, unmerge
from tickets.actions.opening import Opened, Opening, open_ticket, open_tickets
from tickets.actions.people import (
    Acquaintance,
    create_organization,
    create_team,
    deactivate,
    edit_organization,
    edit_person,
    edit_team,
    invite,
    is_address,
    join,
    meet,
    meet_all,
    prove_address,
    reactivate,
    remember_sort,
    report_address_failed,
    set_role,
    set_teams,
    tag_customer,
)
from tickets.actions.properties import (
    accept_follower,
    assign,
    move,
    prioritize,
    propose_follower,
    remove_follower,
    retype,
    tag,
    untag,
)
from tickets.actions.releasing import release_draft, send_draft
from tickets.actions.requester import change_requester
from tickets.actions.saved_views import create_view, delete_view, edit_view
from tickets.actions.side_talks import (
    ask_outside,
    close_side_talk,
    hear_outside,
    reopen_side_talk,
    report_undelivered_outside,
    withdraw_outside,
    write_outside,
)
from tickets.actions.snoozing import snooze, unsnooze, wake
from tickets.actions.spam import mark_spam, unmark_spam
from tickets.actions.splitting import origin_of, split, unsplit
from tickets.actions.status import (
    close,
    demand_unchanged,
    put_on_hold,
    reopen,
    resolve,
    set_open,
    set_waiting,
)
from tickets.actions.taking_back import (
    dismiss_message,
    report_delivered_after_all,
    report_undelivered,
    withdraw,
)

__all__ = [
    "Acquaintance",
    "Conflict",
    "NewFile",
    "NotAllowed",
    "Opened",
    "Opening",
    "Words",
    "accept_follower",
    "accept_message",
    "add_draft_file",
    "add_note",
    "ask_job",
    "ask_outside",
    "assign",
    "cancel_job",
    "change_many",
    "change_requester",
    "close",
    "close_side_talk",
    "create_organization",
    "create_team",
    "create_view",
    "deactivate",
    "delete",
    "delete_view",
    "demand_administrator",
    "demand_unchanged",
    "demand_version",
    "discard_draft",
    "dismiss_message",
    "doubt_sender",
    "edit_organization",
    "edit_person",
    "edit_team",
    "edit_view",
    "hear_automatic",
    "hear_outside",
    "hold_message",
    "invite",
    "is_address",
    "join",
    "link",
    "mark_read",
    "mark_spam",
    "meet",
    "meet_all",
    "merge",
    "move",
    "move_draft",
    "note_address",
    "note_complaint",
    "note_receipt",
    "open_ticket",
    "open_tickets",
    "origin_of",
    "prioritize",
    "propose_follower",
    "prove_address",
    "purge",
    "put_on_hold",
    "reactivate",
    "relate",
    "release_draft",
    "remember_sort",
    "remove_draft_file",
    "remove_follower",
    "reopen",
    "reopen_side_talk",
    "reply",
    "report_address_failed",
    "report_delivered_after_all",
    "report_undelivered",
    "report_undelivered_outside",
    "resolve",
    "restore",
    "retry_job",
    "retype",
    "save_draft",
    "schedule_draft",
    "send_draft",
    "set_open",
    "set_role",
    "set_teams",
    "set_waiting",
    "snooze",
    "split",
    "tag",
    "tag_customer",
    "undo_many",
    "unlink",
    "unmark_spam",
    "unmerge",
    "unsnooze",
    "unsplit",
    "untag",
    "wake",
    "withdraw",
    "withdraw_outside",
    "write_outside",
]
