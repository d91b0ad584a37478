"""What customers may write about on the portal."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk import actions
from helpdesk.company import company
from helpdesk.models import Topic
from helpdesk.setup.base import form_page, page, press, reader, setup_view
from helpdesk.setup.forms import Go, Nothing
from helpdesk.setup.topic_forms import TopicForm
from helpdesk.topics import topics as all_topics
from helpdesk.topics import words_in


@setup_view()
def topics(request: HttpRequest) -> HttpResponse:
    """The topics in the order in which they are offered, with the focus on one that was just moved."""
    languages = (get_language() or "", company().language)
    rows = [(topic, words_in(topic.words, languages)) for topic in all_topics()]
    moved = request.GET.get("moved", ""), request.GET.get("went", "")
    return page(request, "topics", topics=rows, moved=moved, bare=Nothing())


@setup_view("GET", "HEAD", "POST")
def topics_new(request: HttpRequest) -> HttpResponse:
    form = TopicForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = form.said()
        actions.create_topic(said.pop("words"), said.pop("team"), by=reader(request), **said)

    return form_page(request, form, save, _("New topic"), _("Add topic"), "topics", _("Topic added"))


@setup_view("GET", "HEAD", "POST")
def topics_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Topic, pk=pk)
    form = TopicForm(request.POST if request.method == "POST" else None, initial=TopicForm.of(row))

    def save() -> None:
        actions.edit_topic(row, by=reader(request), **form.said())

    return form_page(request, form, save, str(row), _("Save topic"), "topics", _("Topic saved"))


@setup_view("POST")
def topics_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a topic one place earlier or later."""
    row = get_object_or_404(Topic, pk=pk)
    up = request.POST.get("go") == "up"
    act = partial(actions.move_topic, row, by=reader(request), up=up)
    to = f"{reverse('setup:topics')}?moved={pk}&went={'up' if up else 'down'}"
    return press(request, act, to, _("Order saved"), Go(request.POST))
