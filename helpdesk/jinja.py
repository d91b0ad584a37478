"""The Jinja2 environment of our own pages (STYLE.md says why Jinja2)."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django_htmx.jinja import htmx_script
from jinja2 import Environment, StrictUndefined


def environment(**options: Any) -> Environment:
    options.setdefault("undefined", StrictUndefined)
    env = Environment(**options)  # noqa: S701 - Django's backend switches autoescape on
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(translation.gettext, translation.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(static=static, url=reverse, htmx_script=htmx_script)
    return env
