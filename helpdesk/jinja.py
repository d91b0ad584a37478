"""The Jinja2 environment of our own pages: translations, links, icons; how times and sizes are written."""

import uuid
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django_htmx.jinja import htmx_script
from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context

from helpdesk import context, icons, presence, times, words
from helpdesk.kept import Kept
from helpdesk.marking import marked
from helpdesk.words import PRIORITY_WORDS, STATUS_WORDS, file_size, initials, number


class _Environment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The environment's own names where a template has no others: every import compares them, and a plain
        dictionary does that at once."""
        return super().make_globals(d) if d else self.globals


def environment(**options: Any) -> Environment:
    """Called once by Django's Jinja2 backend (`OPTIONS["environment"]`)."""
    for name, value in {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}.items():
        options.setdefault(name, value)
    options["extensions"] = ["jinja2.ext.i18n", "jinja2.ext.do", Kept]
    env = _Environment(**options)  # autoescape: by Django’s backend
    env.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    env.globals.update(
        url=url,
        static=static,
        icon=icons.icon,
        bars=icons.bars,
        htmx_script=htmx_script,
        get_messages=get_messages,
        language=translation.get_language,
        languages=settings.LANGUAGES,
        language_is_rtl=translation.get_language_bidi,
        now=timezone.now,
        with_query=with_query,
        fresh_token=lambda: uuid.uuid4().hex,
        path_of=context.path_of,
        STATUS_WORDS=STATUS_WORDS,
        PRIORITY_WORDS=PRIORITY_WORDS,
        **context.defaults(),
    )
    env.filters.update(
        at=_timed(times.clock_time),
        ago=_timed(times.ago),
        day=_timed(times.day),
        day_time=_timed(times.day_time),
        when=_timed(times.near),
        deadline=_timed(times.deadline),
        exact=times.exact,
        presence=presence.words,
        presence_mark=presence.mark_of,
        date_words=times.date_words,
        duration=times.duration,
        size=file_size,
        initials=initials,
        number=number,
        marked=marked,
    )
    return env


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The path of the route `name`; raises NoReverseMatch, so a broken link fails a test."""
    if kwargs:
        return reverse(name, args=args, kwargs=kwargs)
    return context.reversed_path(name, *args)


@pass_context
def with_query(page: Context, **changes: Any) -> str:
    """This page's query string with `changes` laid over it; a change to None takes the parameter away."""
    query = page["request"].GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value is not None:
            query[key] = str(value)
    return "?" + query.urlencode() if query else "?"


def _timed(words: Any) -> Any:
    """A filter that writes an instant with `words` in `<time>`, exactly for readers who chose that."""

    @pass_context
    def filter_(page: Context, value: Any) -> Any:
        return times.tag(value, value and words(value), exact_only=page["look"].exact_times)

    return filter_
