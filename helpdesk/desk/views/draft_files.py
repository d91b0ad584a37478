"""Files go up as soon as they are chosen, dropped or pasted, and wait beside the draft."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from helpdesk import uploads
from helpdesk.desk.base import desk_view, find_ticket
from helpdesk.desk.views.change import number_of
from tickets import access, actions
from tickets.models import DraftFile, DraftKind


@desk_view("POST")
def add_draft_file(request: HttpRequest, number: int) -> HttpResponse:
    """One file (`file`) for the reader's draft of `kind`: its id as JSON, or (422) why not."""
    ticket, user = find_ticket(request, number), _by(request)
    kind = DraftKind.NOTE if request.POST.get("kind") == DraftKind.NOTE else DraftKind.REPLY
    file = request.FILES.get("file")
    if file is None or isinstance(file, list):
        return JsonResponse({"problem": _("No file arrived. Choose it again.")}, status=422)
    drafts = access.drafts_visible_to(user, ticket).filter(kind=kind)
    try:
        uploads.demand_fitting(file.name or "", file.size or 0, DraftFile.objects.filter(draft__in=drafts))
        new = actions.NewFile(
            file.name or "file", file.read(), file.content_type or "application/octet-stream"
        )
        row = actions.add_draft_file(ticket, new, by=user, kind=kind)
    except ValueError as refusal:
        return JsonResponse({"problem": str(refusal)}, status=422)
    except actions.NotAllowed as refusal:
        return JsonResponse({"problem": str(refusal)}, status=409)
    return JsonResponse({"id": row.pk, "name": row.name}, status=201)


@desk_view("POST")
def remove_draft_file(request: HttpRequest, number: int) -> HttpResponse:
    """Take a file (`file`, its id) away from the reader's draft; gone already is as good."""
    ticket, user = find_ticket(request, number), _by(request)
    mine = DraftFile.objects.filter(draft__in=access.drafts_visible_to(user, ticket))
    row = mine.select_related("draft__ticket").filter(pk=number_of(request.POST.get("file", ""))).first()
    if row is not None:
        actions.remove_draft_file(row, by=user)
    return HttpResponse(status=204)


def _by(request: HttpRequest) -> Any:
    return request.user
