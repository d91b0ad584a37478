"""The mailbox page of installations that have no mail server."""

from django.urls import path

from helpdesk.mail import mailbox

app_name = "mailbox"
urlpatterns = [
    path("", mailbox.index, name="index"),
    path("<int:number>/", mailbox.mail, name="mail"),
    path("<int:number>/html/", mailbox.html, name="html"),
    path("<int:number>/raw/", mailbox.raw, name="raw"),
]
