"""The desk's addresses: one word from here to the action and its event."""

from django.urls import path

from helpdesk.desk.views import (
    change,
    customers,
    deadline,
    deliveries,
    drafts,
    files,
    new,
    queue,
    say,
    search,
    ticket,
)

app_name = "desk"
_ticket = "tickets/<int:number>/"
_message = _ticket + "messages/<int:message>/"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("news/", queue.news, name="news"),
    path("search/", search.search, name="search"),
    path("undelivered/", deliveries.undelivered, name="undelivered"),
    path("customers/", customers.customers, name="customers"),
    path("customers/<int:person>/", customers.customer, name="customer"),
    path("tickets/new/", new.new, name="new"),
    path(_ticket, ticket.ticket, name="ticket"),
    path(_ticket + "news/", ticket.news, name="ticket-news"),
    path(_ticket + "reply/", say.reply, name="reply"),
    path(_ticket + "note/", say.note, name="note"),
    path(_ticket + "save-draft/", drafts.save_draft, name="save-draft"),
    path(_ticket + "send-later/", drafts.send_later, name="send-later"),
    path(_ticket + "discard-draft/", drafts.discard_draft, name="discard-draft"),
    path(_ticket + "insert/", say.insert, name="insert"),
    path(_ticket + "assign/", change.assign, name="assign"),
    path(_ticket + "take/", change.take, name="take"),
    path(_ticket + "prioritize/", change.prioritize, name="prioritize"),
    path(_ticket + "move/", change.move, name="move"),
    path(_ticket + "retype/", change.retype, name="retype"),
    path(_ticket + "tag/", change.tag, name="tag"),
    path(_ticket + "untag/", change.untag, name="untag"),
    path(_ticket + "resolve/", change.resolve, name="resolve"),
    path(_ticket + "reopen/", change.reopen, name="reopen"),
    path(_ticket + "close/", change.close, name="close"),
    path(_ticket + "set-waiting/", change.set_waiting, name="set-waiting"),
    path(_ticket + "put-on-hold/", change.put_on_hold, name="put-on-hold"),
    path(_ticket + "set-open/", change.set_open, name="set-open"),
    path(_ticket + "set-deadline/", deadline.set_deadline, name="set-deadline"),
    path(_ticket + "release-deadline/", deadline.release_deadline, name="release-deadline"),
    path(_ticket + "accept-follower/", change.accept_follower, name="accept-follower"),
    path(_ticket + "remove-follower/", change.remove_follower, name="remove-follower"),
    path(_message + "withdraw/", say.withdraw, name="withdraw"),
    path(_message + "accept/", say.accept, name="accept"),
    path(_message + "revoke-links/", say.revoke_links, name="revoke-links"),
    path(_message + "html/", files.message_html, name="message-html"),
    path(_message + "show-images/", files.show_images, name="show-images"),
    path(_message + "original/", files.original, name="original"),
    path(_ticket + "deliveries/<int:delivery>/retry/", deliveries.retry, name="retry"),
    path(_ticket + "deliveries/<int:delivery>/dismiss/", deliveries.dismiss, name="dismiss"),
    path(_ticket + "files/<int:attachment>/", files.attachment, name="attachment"),
]
