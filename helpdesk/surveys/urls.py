"""The survey page, mounted at `/survey/`."""

from django.urls import path

from helpdesk.surveys import solved, views

app_name = "surveys"
urlpatterns = [
    path("<str:token>/", views.survey, name="survey"),
    path("<str:token>/thanks/", views.thanks, name="thanks"),
    path("<str:token>/stop/", views.stop, name="stop"),
    path("solved/<str:token>/", solved.solved, name="solved"),
    path("solved/<str:token>/thanks/", solved.thanks, name="solved_thanks"),
    path("solved/<str:token>/stop/", solved.stop, name="solved_stop"),
]
