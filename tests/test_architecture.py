"""The invariants of the house that a program can check by reading. `bin/check` holds the import contracts."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import models

from config import env
from config.celery import BEAT_SCHEDULE, app
from tickets.events import KINDS

APPS = ("tickets", "sla", "feedback", "duty", "followup", "helpdesk", "config")
DOMAIN = ("tickets", "sla", "feedback", "duty", "followup")
FACES = ("portal", "desk", "reports", "setup", "api", "mail")
ENQUEUE = {"delay", "apply_async", "delay_on_commit", "apply_async_on_commit", "send_task", "signature"}


@cache
def _modules() -> dict[str, ast.Module]:
    """Path from the root → syntax tree of each module of the product."""
    return {
        str(path.relative_to(env.ROOT)): ast.parse(path.read_text())
        for name in APPS
        for path in sorted((env.ROOT / name).rglob("*.py"))
        if "/migrations/" not in str(path)
    }


def _calls(*prefixes: str) -> Iterator[tuple[str, ast.Call]]:
    for path, tree in _modules().items():
        if not prefixes or path.startswith(prefixes):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    yield path, node


def _name(call: ast.Call) -> str:
    """The last word of what is called: `record` of `events.record(…)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _place(path: str, node: ast.AST) -> str:
    return f"{path}:{getattr(node, 'lineno', 0)}"


# --- work in the background ---------------------------------------------------------------------------


@cache
def _tasks() -> frozenset[str]:
    app.loader.import_default_modules()
    return frozenset(name for name in app.tasks if not name.startswith("celery."))


def test_every_hand_over_names_a_registered_task():
    wrong = []
    for path, call in _calls():
        if _name(call) != "hand_over":
            continue
        first = call.args[0] if call.args else None
        if not (isinstance(first, ast.Constant) and first.value in _tasks()):
            wrong.append(f"{_place(path, call)} {ast.unparse(call)}")
    assert wrong == []


def test_nothing_else_enqueues_work():
    wrong = [
        f"{_place(path, call)} {ast.unparse(call)}"
        for path, call in _calls()
        if _name(call) in ENQUEUE and isinstance(call.func, ast.Attribute) and path != "tickets/handover.py"
    ]
    assert wrong == []


def test_every_periodic_entry_names_a_registered_task_and_a_plain_interval():
    wrong = [
        name
        for name, entry in BEAT_SCHEDULE.items()
        if entry["task"] not in _tasks() or not isinstance(entry["schedule"], int | float)
    ]
    assert wrong == []


def test_tasks_are_named_by_app_and_verb():
    assert [name for name in _tasks() if not re.fullmatch(r"[a-z]+\.[a-z_]+", name)] == []


def test_no_eager_mode_anywhere():
    needle = "always" + "_eager"
    files = [
        *env.ROOT.glob("*.toml"),
        *(path for name in (*APPS, "tests") for path in (env.ROOT / name).rglob("*.py")),
    ]
    assert [str(path) for path in files if needle in path.read_text().lower()] == []


# --- events -------------------------------------------------------------------------------------------


def test_every_recorded_event_is_of_a_known_kind_with_allowed_keys():
    wrong = []
    for path, call in _calls():
        if _name(call) != "record" or not call.args or not isinstance(call.args[0], ast.Constant):
            continue
        kind = call.args[0].value
        data = next((word.value for word in call.keywords if word.arg == "data"), None)
        keys = (
            {key.value for key in data.keys if isinstance(key, ast.Constant)}
            if isinstance(data, ast.Dict)
            else set()
        )
        if kind not in KINDS or keys - KINDS[kind]:
            wrong.append(f"{_place(path, call)} {kind} {sorted(keys)}")
    assert wrong == []


def test_the_names_of_events_are_past_participles_of_their_app():
    assert [kind for kind in KINDS if not re.fullmatch(r"[a-z_]+\.[a-z_]+", kind)] == []


WORDS = {"subject", "body", "text", "html", "name", "email", "comment", "address_text", "title", "words"}


def test_the_data_of_an_event_holds_no_words():
    assert {kind: sorted(keys & WORDS) for kind, keys in KINDS.items() if keys & WORDS} == {}


def test_subscribers_import():
    assert [message for message in run_checks() if message.id in ("tickets.E001", "tickets.E002")] == []


def test_a_subscriber_that_does_not_import_stops_the_start(settings):
    settings.TICKET_SUBSCRIBERS = ["sla.nowhere.on_ticket_event", "sla.apps.__doc__"]
    assert {message.id for message in run_checks()} >= {"tickets.E001", "tickets.E002"}


SUBSCRIBERS = (
    "sla/subscriber.py",
    "feedback/subscriber.py",
    "duty/subscriber.py",
    "followup/subscriber.py",
    "helpdesk/notify.py",
)
FORBIDDEN_TO_SUBSCRIBERS = {
    "now",
    "open",
    "render",
    "render_to_string",
    "get_template",
    "urlopen",
    "sleep",
    "print",
}


def test_subscribers_only_write_rows_and_know_no_present():
    wrong = [
        f"{_place(path, call)} {ast.unparse(call)}"
        for path, call in _calls(*SUBSCRIBERS)
        if _name(call) in FORBIDDEN_TO_SUBSCRIBERS
    ]
    assert wrong == []


# --- rooms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOMAIN)
def test_a_domain_app_has_no_face(name):
    faces = {"urls", "views", "forms", "templates", "static", "serializers", "mail", "admin"}
    assert [path.name for path in (env.ROOT / name).iterdir() if path.stem in faces] == []


WRITES = {
    "create",
    "bulk_create",
    "update",
    "bulk_update",
    "delete",
    "get_or_create",
    "update_or_create",
    "save",
}


def _imported_domain_names(tree: ast.Module) -> set[str]:
    """Names of models of the domain apps that a module imports."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in DOMAIN
        if ".models" in f".{(node.module or '').split('.', 1)[-1]}"
        for alias in node.names
    }


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def test_faces_write_no_domain_row_themselves():
    prefixes = tuple(f"helpdesk/{face}/" for face in FACES)
    wrong = [
        f"{_place(path, call)} {ast.unparse(call)}"
        for path, call in _calls(*prefixes)
        if _name(call) in WRITES and isinstance(call.func, ast.Attribute)
        if _root(call.func) in _imported_domain_names(_modules()[path])
    ]
    assert wrong == []


def _fields() -> Iterator[tuple[str, models.Field]]:
    for name in (*DOMAIN, "helpdesk"):
        for model in apps.get_app_config(name).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, models.Field) and field.model is model:
                    yield f"{model.__name__}.{field.name}", field


# Django's own field; and a sort key that is a due time only when there is one.
TIME_NAMES_KEPT = {"last_login", "place"}


def test_instants_end_in_at_and_durations_are_durations():
    wrong = [
        name
        for name, field in _fields()
        if isinstance(field, models.DateTimeField)
        and not re.search(r"(^|_)(at|until|since)$", field.name)
        and field.name not in TIME_NAMES_KEPT
    ]
    wrong += [
        name
        for name, field in _fields()
        if re.search(r"_(seconds|minutes|hours)$", field.name) and isinstance(field, models.IntegerField)
    ]
    assert wrong == []


# --- pages --------------------------------------------------------------------------------------------


def _templates() -> Iterator[tuple[str, str]]:
    root = env.ROOT / "helpdesk" / "templates"
    for path in sorted(root.rglob("*.html")):
        if (
            path.relative_to(root).parts[0] != "mail"
        ):  # mail is read in mail programs, which know only inline style
            yield str(path.relative_to(env.ROOT)), path.read_text()


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("inline script", r"<script(?![^>]*\bsrc=)(?![^>]*application/json)"),
        ("inline style", r"<style\b"),
        ("style attribute", r"<[^>]*\sstyle="),
        ("event attribute", r"<[a-z][^>{]*\son[a-z]+\s*="),
        ("switched off escaping", r"\|\s*safe\b|autoescape\s+false"),
        ("code in htmx attributes", r"hx-on|hx-vals=['\"]js:|js:|javascript:"),
    ],
)
def test_pages_hold_nothing_that_the_content_policy_would_drop(what, pattern):
    assert [name for name, text in _templates() if re.search(pattern, text)] == []


def test_nobody_trusts_foreign_markup_outside_the_sanitiser():
    wrong = [
        f"{_place(path, call)} {ast.unparse(call)}"
        for path, call in _calls("helpdesk/")
        if _name(call) == "mark_safe" and not isinstance(call.args[0], ast.Constant)
    ]
    assert wrong == []


def test_the_lock_files_name_no_registry():
    texts = {path.name: path.read_text() for path in Path(env.ROOT).glob("requirements*.lock")}
    assert len(texts) == 2
    assert [
        name for name, text in texts.items() if re.search(r"://|--(extra-)?index-url|--find-links", text)
    ] == []
