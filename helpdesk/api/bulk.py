"""Several tickets changed at once, how far that is, and taking it back."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, answer_once, read_body, refusing_values
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, member
from tickets import access, actions, jobs
from tickets.actions.bulk import AT_ONCE, MOST, VERBS
from tickets.models import BulkOutcome, BulkTicket, Job, JobState

VALUES = {"assign": "assignee", "move": "team", "prioritize": "priority", "tag": "tag", "snooze": "until"}
"""The field that a verb needs; the others need none."""
DONE = [outcome.value for outcome in BulkOutcome if outcome is not BulkOutcome.WAITING]


class BulkChange(Strict):
    """`do` is what happens to each of the tickets; some verbs need one more field."""

    tickets = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=shapes.BIG), min_length=1, max_length=MOST
    )
    do = serializers.ChoiceField(choices=list(VERBS))
    assignee = shapes.MemberField(required=False, help_text=gettext_lazy("For assign."))
    team = shapes.TeamField(required=False, help_text=gettext_lazy("For move."))
    priority = serializers.ChoiceField(
        choices=list(shapes.PRIORITIES), required=False, help_text=gettext_lazy("For prioritize.")
    )
    tag = serializers.CharField(max_length=50, required=False, help_text=gettext_lazy("For tag."))
    until = serializers.DateTimeField(required=False, help_text=gettext_lazy("For snooze, with a time zone."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted = VALUES.get(attrs["do"], "")
        if wanted and wanted not in attrs:
            raise ValidationError({wanted: [_("This is needed for “%(verb)s”.") % {"verb": attrs["do"]}]})
        if unwanted := set(VALUES.values()) & set(attrs) - {wanted}:
            words = _("This does not belong to “%(verb)s”.") % {"verb": attrs["do"]}
            raise ValidationError({name: [words] for name in unwanted})
        return attrs


class SkippedOut(serializers.Serializer[Any]):
    ticket = serializers.IntegerField()
    why = serializers.CharField()


class BulkOut(serializers.Serializer[Any]):
    """A change of several tickets, or its undoing. `counts` says how many came out how: changed, same (as it
    was), skipped, put_back, left. `skipped` names those with a reason that you may see, at most 100."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=JobState.choices)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    skipped = SkippedOut(many=True)


def shown(job: Job, person: Any) -> dict[str, Any]:
    change = job if job.kind == "tickets.bulk" else Job.objects.get(pk=job.arguments["of"])
    left = BulkTicket.objects.filter(job=change, ticket__in=access.worked_by(person)).exclude(why="")
    return {
        "id": job.pk,
        "state": job.state,
        "total": job.total or 0,
        "done": job.done,
        "counts": (job.result or {}).get("counts", {}),
        "skipped": list(left.order_by("ticket").values("ticket", "why")[:100]),
    }


def one(request: Request, pk: int) -> Job:
    """A change that the reader made; another's does not exist."""
    job = access.bulk_visible_to(member(request)).filter(pk=pk).first()
    if job is None:
        raise Http404
    return job


class Begun(ApiView):
    """Asks for a job, once; a small one is done at once, whichever of several repetitions finds it waiting.
    The answer shows it as it stands now."""

    def begin(self, request: Request, act: Any) -> Response:
        response = answer_once(request, lambda: self._asked(act))
        job = one(request, response.data["id"])
        if not job.is_finished and (job.total or 0) <= AT_ONCE:
            jobs.run(job.pk)
            job.refresh_from_db()
        response.data = shown(job, request.user)
        return response

    def _asked(self, act: Any) -> Answer:
        job = act()
        return 202, {"id": job.pk}


class Bulk(Begun):
    @extend_schema(
        operation_id="change_many",
        summary="Change several tickets at once",
        parameters=[ONCE],
        request=BulkChange,
        responses={202: BulkOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Up to a hundred tickets are changed before the answer, more go on in the background: read the
        change again until its state is done. What you may not change is skipped. Members only."""
        return self.begin(request, lambda: self._change(request))

    def _change(self, request: Request) -> Job:
        person = member(request)
        body = read_body(request, BulkChange, user=person)
        value: Any = body.get(VALUES.get(body["do"], ""))
        if body["do"] == "prioritize":
            value = shapes.PRIORITIES[value].value
        elif body["do"] == "snooze":
            value = value.isoformat()
        elif body["do"] in ("assign", "move"):
            value = value.pk if value else None
        with refusing_values(VALUES.get(body["do"], "")):
            return actions.change_many(body["tickets"], body["do"], value, by=person)


class OneBulk(ApiView):
    @extend_schema(
        operation_id="read_change",
        summary="Read a change of several tickets",
        responses={200: BulkOut, **READ_REFUSALS},
    )
    def get(self, request: Request, pk: int) -> Response:
        """How far a change of yours is, and what came of it."""
        return Response(shown(one(request, pk), request.user))


class Stop(ApiView):
    @extend_schema(
        operation_id="stop_change",
        summary="Stop a change of several tickets",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={200: BulkOut, **REFUSALS},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Between two tickets; what was changed before stays changed, and can be undone."""
        job = one(request, pk)
        return answer_once(request, lambda: self._act(request, job))

    def _act(self, request: Request, job: Job) -> Answer:
        read_body(request, shapes.Nothing)
        return 200, shown(actions.cancel_job(job, by=member(request)), request.user)


class Undo(Begun):
    @extend_schema(
        operation_id="undo_change",
        summary="Undo a change of several tickets",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={202: BulkOut, **REFUSALS},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Put back what it did, except what somebody changed since."""
        job = one(request, pk)

        def act() -> Job:
            read_body(request, shapes.Nothing)
            return actions.undo_many(job, by=member(request))

        return self.begin(request, act)
