"""Where each face is mounted."""

from django.urls import URLPattern, URLResolver, include, path

from helpdesk import brand, company, health, languages, look

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("healthz", health.healthz, name="healthz"),
    path("api/v1/", include("helpdesk.api.urls")),
    path("setup/", include("helpdesk.setup.urls")),
    path("look/", look.choose, name="look"),
    path("language/", languages.choose, name="language"),
    path("survey/", include("helpdesk.surveys.urls")),
    path("hooks/", include("helpdesk.mail.hook_urls")),
    path("mailbox/", include("helpdesk.mail.urls")),
    path("desk/", include("helpdesk.desk.urls")),
    path("reports/", include("helpdesk.reports.urls")),
    path("logo/<str:mark>/", company.logo, name="logo"),
    path("brand/<str:mark>.css", brand.sheet, name="brand"),
    path("accounts/", include("helpdesk.accounts.urls")),
    path("", include("helpdesk.portal.urls")),
]

handler400 = "helpdesk.errors.bad_request"
handler403 = "helpdesk.errors.forbidden"
handler404 = "helpdesk.errors.not_found"
handler500 = "helpdesk.errors.server_error"
