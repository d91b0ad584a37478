"""The OpenAPI document, and a page that shows it without any script or foreign request."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api.authentication import TokenAuthentication
from helpdesk.api.base import ApiView

SHOWN_METHODS = ("get", "post", "put", "patch", "delete")


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names the sign-in."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: Token …`, with a token from your settings.",
        }


class Schema(ApiView):
    """The OpenAPI document, for programs with a token and for people who are signed in."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    schema = None

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())


def document() -> dict[str, Any]:
    """The OpenAPI document of version 1, all of it, in the language of the reader. Not to be changed."""
    return _document(get_language())


@cache
def _document(language: str | None) -> dict[str, Any]:
    """It follows from the code alone, and takes most of a second."""
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return found


@require_safe
@login_required
def docs(request: HttpRequest) -> HttpResponse:
    """Every address with what it takes and gives."""
    schema = document()
    operations = [
        describe(path, method, operation, schema)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in SHOWN_METHODS
    ]
    context = {"operations": operations, "base": request.build_absolute_uri("/")[:-1]}
    return render(request, "api/docs.html", context)


def describe(path: str, method: str, operation: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """One operation as the page shows it."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    good = next((code for code in operation["responses"] if code.startswith("2")), "200")
    answer = operation["responses"].get(good, {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "summary": operation.get("summary", ""),
        "text": operation.get("description", ""),
        "parameters": [
            {
                "name": found["name"],
                "place": found["in"],
                "kind": kind(found.get("schema", {}), schema),
                "text": found.get("description", ""),
                "required": found.get("required", False),
            }
            for found in operation.get("parameters", [])
        ],
        "body": fields(body, schema),
        "code": good,
        "answer": fields(answer, schema),
        "refusals": [code for code in operation["responses"] if not code.startswith("2")],
    }


def fields(found: dict[str, Any] | None, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of an object in the document, each with its kind in words."""
    shape = _resolve(found or {}, schema)
    if shape.get("type") == "array":
        shape = _resolve(shape["items"], schema)
    required = shape.get("required", [])
    return [
        {
            "name": name,
            "kind": kind(part, schema),
            "text": part.get("description", ""),
            "required": name in required,
        }
        for name, part in shape.get("properties", {}).items()
    ]


def kind(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value is: `string`, `list of integer`, `low, normal, high`."""
    shape = _resolve(part, schema)
    if "enum" in shape:
        return ", ".join(str(value) for value in shape["enum"] if value is not None)
    if shape.get("type") == "array":
        return f"list of {kind(shape['items'], schema)}"
    if "properties" in shape:
        return "{" + ", ".join(shape["properties"]) + "}"
    return str(shape.get("format") or shape.get("type", "any"))


def _resolve(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The part that a reference (plain, or in allOf / oneOf) leads to."""
    for wrapper in ("allOf", "oneOf"):
        if wrapper in part:
            part = part[wrapper][0]
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return _resolve(schema["components"]["schemas"][name], schema)
    return part
