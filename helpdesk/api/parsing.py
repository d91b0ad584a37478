"""How request bodies are read."""

from __future__ import annotations

import codecs
import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class StrictParser(BaseParser):
    """JSON without what readers understand differently: no NaN, no name twice, no bottomless nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            text = codecs.decode(stream.read(), "utf-8-sig")
            return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
        except ValueError as error:
            raise ParseError(_("The body is not valid JSON: %(fault)s") % {"fault": error}) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found
