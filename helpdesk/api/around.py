"""Who asks, which teams there are, and every address that is none."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import represent
from helpdesk.api import serializers as shapes
from helpdesk.api.base import ApiView, reader
from helpdesk.api.parts import READ_REFUSALS
from tickets import access


class Me(ApiView):
    @extend_schema(operation_id="me", summary="Who you are", responses={200: shapes.MeOut, **READ_REFUSALS})
    def get(self, request: Request) -> Response:
        """The person whose token it is."""
        user = reader(request)
        teams = [represent.named(team) for team in user.teams.all()] if user.is_member else []
        return Response(
            {"id": user.pk, "name": user.name, "email": user.email, "role": user.role, "teams": teams}
        )


class Teams(ApiView):
    @extend_schema(
        operation_id="list_teams",
        summary="List the teams",
        responses={200: shapes.TeamOut(many=True), **READ_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The teams that tickets may be filed into. Empty for customers."""
        return Response([represent.named(team) for team in access.teams_visible_to(request.user)])


class Nowhere(ApiView):
    """Any other address: the same 404 as for what is not open to the reader."""

    schema = None

    def get(self, request: Request, rest: str = "") -> Response:
        raise Http404

    post = put = patch = delete = get
