"""Addresses of the reports, mounted at `/reports/`. A report's question stands in its query string."""

from django.urls import path

from helpdesk.reports.views import feedback, first_response, mine, overview, sla, tickets, workload

app_name = "reports"
urlpatterns = [
    path("", overview.overview, name="index"),
    path("first-response/", first_response.first_response, name="first-response"),
    path("sla/", sla.sla, name="sla"),
    path("feedback/", feedback.feedback, name="feedback"),
    path("workload/", workload.workload, name="workload"),
    path("mine/", mine.mine, name="mine"),
    path("tickets/", tickets.tickets, name="tickets"),
    path("tickets.csv", tickets.export, name="export"),
]
