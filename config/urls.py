"""Where each face is mounted."""

from django.urls import URLPattern, URLResolver, path

from helpdesk import look

urlpatterns: list[URLPattern | URLResolver] = [
    path("look/", look.choose, name="look"),
]
