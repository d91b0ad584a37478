"""Mounted at /hooks/: what mail providers call. Some send the raw mail only where the address says `mime`."""

from django.urls import path

from helpdesk.mail import webhooks

app_name = "hooks"
urlpatterns = [path("mail/<int:pk>/<str:token>/mime/", webhooks.receive, name="mail")]
