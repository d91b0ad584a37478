"""Mounted at /setup/."""

from django.urls import path

from helpdesk.setup.views import company, hours, mail, people, replies, start, surveys, teams, tokens

app_name = "setup"

urlpatterns = [
    path("", start.index, name="index"),
    path("company/", company.company, name="company"),
    path("company/logo/", company.logo, name="company_logo"),
    path("company/logo/remove/", company.logo_remove, name="company_logo_remove"),
    path("teams/", teams.teams, name="teams"),
    path("teams/new/", teams.teams_new, name="teams_new"),
    path("teams/<int:pk>/", teams.teams_edit, name="teams_edit"),
    path("teams/<int:pk>/close/", teams.teams_close, name="teams_close"),
    path("teams/<int:pk>/open/", teams.teams_open, name="teams_open"),
    path("organizations/", teams.organizations, name="organizations"),
    path("organizations/new/", teams.organizations_new, name="organizations_new"),
    path("organizations/<int:pk>/", teams.organizations_edit, name="organizations_edit"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.people_invite, name="people_invite"),
    path("people/<int:pk>/", people.people_edit, name="people_edit"),
    path("people/<int:pk>/role/", people.people_role, name="people_role"),
    path("people/<int:pk>/deactivate/", people.people_deactivate, name="people_deactivate"),
    path("people/<int:pk>/reactivate/", people.people_reactivate, name="people_reactivate"),
    path("people/<int:pk>/invite/", people.people_again, name="people_again"),
    path("addresses/", mail.addresses, name="addresses"),
    path("addresses/new/", mail.addresses_new, name="addresses_new"),
    path("addresses/<int:pk>/", mail.addresses_edit, name="addresses_edit"),
    path("addresses/<int:pk>/close/", mail.addresses_close, name="addresses_close"),
    path("addresses/<int:pk>/open/", mail.addresses_open, name="addresses_open"),
    path("replies/", replies.replies, name="replies"),
    path("replies/new/", replies.replies_new, name="replies_new"),
    path("replies/<int:pk>/", replies.replies_edit, name="replies_edit"),
    path("replies/<int:pk>/delete/", replies.replies_delete, name="replies_delete"),
    path("mail/", mail.mail, name="mail"),
    path("mail/incoming/<int:pk>/again/", mail.mail_read_again, name="mail_read_again"),
    path("mail/outgoing/<int:pk>/again/", mail.mail_send_again, name="mail_send_again"),
    path("hours/", hours.hours, name="hours"),
    path("hours/defaults/", hours.hours_defaults, name="hours_defaults"),
    path("hours/calendars/new/", hours.hours_calendar_new, name="hours_calendar_new"),
    path("hours/calendars/<int:pk>/", hours.hours_calendar, name="hours_calendar"),
    path("hours/policies/<int:pk>/", hours.hours_policy, name="hours_policy"),
    path("surveys/", surveys.surveys, name="surveys"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", tokens.tokens_revoke, name="tokens_revoke"),
]
