"""The survey page, mounted at `/survey/`."""

from django.urls import path

from helpdesk.surveys import views

app_name = "surveys"
urlpatterns = [
    path("<str:token>/", views.survey, name="survey"),
    path("<str:token>/thanks/", views.thanks, name="thanks"),
    path("<str:token>/stop/", views.stop, name="stop"),
]
