"""Addresses of the reports, mounted at `/reports/`. A report's question stands in its query string."""

from django.urls import path

from helpdesk.reports.views import (
    cases,
    choices,
    feedback,
    first_response,
    mails,
    mine,
    overview,
    sla,
    tickets,
    workload,
)

app_name = "reports"
urlpatterns = [
    path("", overview.overview, name="index"),
    path("first-response/", first_response.first_response, name="first-response"),
    path("sla/", sla.sla, name="sla"),
    path("feedback/", feedback.feedback, name="feedback"),
    path("feedback/recommendation/", feedback.recommendation, name="recommendation"),
    path("feedback/effort/", feedback.effort, name="effort"),
    path("workload/", workload.workload, name="workload"),
    path("cases/", cases.recoveries, name="cases"),
    path("cases/<int:pk>/", cases.case, name="case"),
    path("cases/<int:pk>/outcome/", cases.record_outcome, name="case-outcome"),
    path("cases/<int:pk>/contact/", cases.note_contact, name="case-contact"),
    path("cases/<int:pk>/answer/", cases.answer_comment, name="case-answer"),
    path("cases/<int:pk>/assign/", cases.assign, name="case-assign"),
    path("cases/<int:pk>/ask-again/", cases.ask_again, name="case-ask-again"),
    path("cases/open/<int:survey>/", cases.open_case, name="case-open"),
    path("mails/", mails.mails, name="mails"),
    path("mails/subscribe/", mails.subscribe, name="mail-subscribe"),
    path("mails/<int:pk>/pause/", mails.pause, name="mail-pause"),
    path("mails/<int:pk>/resume/", mails.resume, name="mail-resume"),
    path("mails/<int:pk>/end/", mails.end, name="mail-end"),
    path("mails/stop/<str:token>/", mails.stop, name="mail-stop"),
    path("choices/<str:kind>/", choices.choices, name="choices"),
    path("mine/", mine.mine, name="mine"),
    path("tickets/", tickets.tickets, name="tickets"),
    path("tickets.csv", tickets.export, name="export"),
]
