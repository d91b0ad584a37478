"""The customers' face."""

from django.urls import path

from helpdesk.portal import opening, views

app_name = "portal"
urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("new/", opening.new, name="new"),
    path("new/check-your-email/", opening.check_email, name="check_email"),
    path("confirm/", opening.confirm, name="confirm_here"),
    path("confirm/<str:token>/", opening.confirm_link, name="confirm"),
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/organization/", views.organization, name="organization"),
    path("tickets/<int:number>/", views.ticket, name="ticket"),
    path("tickets/<int:number>/received/", opening.received, name="received"),
    path("tickets/<int:number>/reply/", views.reply, name="reply"),
    path("tickets/<int:number>/resolve/", views.resolve, name="resolve"),
    path("tickets/<int:number>/news/", views.news, name="news"),
    path("tickets/<int:number>/files/<int:attachment>/", views.attachment, name="attachment"),
    path("files/<str:token>/", views.file, name="file"),
    path("files/<str:token>/download/", views.file_download, name="file_download"),
    path("g/<str:token>/", views.guest_link, name="guest_link"),
]
