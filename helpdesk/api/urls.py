"""Version 1, mounted at /api/v1/."""

from django.urls import URLPattern, path, re_path

from helpdesk.api import (
    around,
    availability,
    bulk,
    changes,
    clocks,
    deleting,
    deliveries,
    docs,
    draft_files,
    drafts,
    notifications,
    reports,
    saved,
    saying,
    splitting,
    taking,
    tickets,
)

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/take-next/", taking.TakeNext.as_view(), name="take-next"),
    path("tickets/<int:number>/", tickets.OneTicket.as_view(), name="ticket"),
    path("tickets/<int:number>/clocks/", clocks.Clocks.as_view(), name="clocks"),
    path("tickets/<int:number>/set-deadline/", clocks.SetDeadline.as_view(), name="set-deadline"),
    path("tickets/<int:number>/release-deadline/", clocks.ReleaseDeadline.as_view(), name="release-deadline"),
    path("tickets/<int:number>/messages/", tickets.Messages.as_view(), name="messages"),
    path("tickets/<int:number>/messages/<int:message>/withdraw/", drafts.Withdraw.as_view(), name="withdraw"),
    path("tickets/<int:number>/deliveries/", deliveries.Deliveries.as_view(), name="deliveries"),
    path("tickets/<int:number>/deliveries/<int:delivery>/retry/", deliveries.Retry.as_view(), name="retry"),
    path("tickets/<int:number>/drafts/", drafts.Drafts.as_view(), name="drafts"),
    path("tickets/<int:number>/save-draft/", drafts.SaveDraft.as_view(), name="save-draft"),
    path("tickets/<int:number>/discard-draft/", drafts.DiscardDraft.as_view(), name="discard-draft"),
    path("tickets/<int:number>/schedule-draft/", drafts.ScheduleDraft.as_view(), name="schedule-draft"),
    path("tickets/<int:number>/send-draft/", drafts.SendDraft.as_view(), name="send-draft"),
    path("tickets/<int:number>/add-draft-file/", draft_files.AddDraftFile.as_view(), name="add-draft-file"),
    path(
        "tickets/<int:number>/remove-draft-file/",
        draft_files.RemoveDraftFile.as_view(),
        name="remove-draft-file",
    ),
    path("tickets/<int:number>/saved-replies/", saved.SavedReplies.as_view(), name="saved-replies"),
    path("tickets/<int:number>/fill-reply/", saved.FillReply.as_view(), name="fill-reply"),
    path("tickets/<int:number>/reply/", saying.Reply.as_view(), name="reply"),
    path("tickets/<int:number>/note/", saying.Note.as_view(), name="note"),
    path("tickets/<int:number>/split/", splitting.Split.as_view(), name="split"),
    path("tickets/<int:number>/delete/", deleting.Delete.as_view(), name="delete"),
    path("tickets/<int:number>/restore/", deleting.Restore.as_view(), name="restore"),
    *(
        path(f"tickets/<int:number>/{verb}/", view.as_view(), name=verb)
        for verb, view in changes.CHANGES.items()
    ),
    path("attachments/<int:number>/", tickets.OneAttachment.as_view(), name="attachment"),
    path("me/", around.Me.as_view(), name="me"),
    path("me/availability/", availability.Availability.as_view(), name="availability"),
    path("me/go-away/", availability.GoAway.as_view(), name="go-away"),
    path("me/come-back/", availability.ComeBack.as_view(), name="come-back"),
    path("bulk/", bulk.Bulk.as_view(), name="bulk"),
    path("bulk/<int:pk>/", bulk.OneBulk.as_view(), name="bulk-one"),
    path("bulk/<int:pk>/stop/", bulk.Stop.as_view(), name="bulk-stop"),
    path("bulk/<int:pk>/undo/", bulk.Undo.as_view(), name="bulk-undo"),
    path("notifications/", notifications.Notifications.as_view(), name="notifications"),
    path("notifications/mark-read/", notifications.MarkRead.as_view(), name="mark-read"),
    path("reports/<slug:key>/", reports.Report.as_view(), name="report"),
    path("teams/", around.Teams.as_view(), name="teams"),
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.docs, name="docs"),
    re_path(r"^(?P<rest>.*)$", around.Nowhere.as_view(), name="nowhere"),
]
