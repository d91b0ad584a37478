"""When the survey about a resolution is sent, how long it stays open, and whether it is sent at all."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from feedback import actions
from feedback.queries import sent_version
from helpdesk.setup.base import form_page, reader, setup_view
from helpdesk.setup.forms import SurveyForm

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@setup_view("GET", "HEAD", "POST")
def surveys(request: HttpRequest) -> HttpResponse:
    version = sent_version()
    given = {
        "is_active": version.definition.is_active if version.pk else True,
        "delay_hours": f"{version.delay / HOUR:g}",
        "open_days": f"{version.open_for / DAY:g}",
        "rest_days": f"{version.cool_down / DAY:g}",
    }
    form = SurveyForm(request.POST if request.method == "POST" else None, initial=given)

    def save() -> None:
        said = form.cleaned_data
        definition = actions.install_standard_survey()
        actions.change_survey(
            definition,
            by=reader(request),
            delay=float(said["delay_hours"]) * HOUR,
            open_for=said["open_days"] * DAY,
            cool_down=said["rest_days"] * DAY,
        )
        actions.switch_survey(definition, said["is_active"], by=reader(request))

    return form_page(
        request, form, save, _("Survey"), _("Save survey"), "surveys", _("Survey saved"), template="survey"
    )
