"""The one settings file: what starts, and what is refused with which words."""

import runpy
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

PRODUCTION = {
    "MODE": "production",
    "SECRET_KEY": "b7Kq2vX9nLw4Rt6Yz1Hd8Fs3Jg5Mp0Qc-aEuOiVxWkTbNlZr_yGhDfS",
    "ALLOWED_HOSTS": "help.example.com",
    "PUBLIC_URL": "https://help.example.com",
    "DATABASE_URL": "postgresql://helpdesk:word@db:5432/helpdesk",
    "REDIS_URL": "redis://broker:6379/0",
    "EMAIL_URL": "smtp://mail.example.com:25",
}


@pytest.fixture
def settings_with(monkeypatch):
    """The names that the settings file defines under exactly these variables, or what it raises."""

    def run(**variables: str) -> dict[str, Any]:
        for variable in env.VARIABLES:
            if variable.name != "DATA_DIR":
                monkeypatch.delenv(variable.name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(env.ROOT / "config" / "settings.py"))

    return run


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SECRET_KEY", "", "Set SECRET_KEY to at least 50 random signs"),
        ("SECRET_KEY", "short", "Set SECRET_KEY to at least 50 random signs"),
        ("SECRET_KEY", "a" * 60, "Set SECRET_KEY to at least 50 random signs"),
        ("ALLOWED_HOSTS", "", "Set ALLOWED_HOSTS to the host names"),
        ("ALLOWED_HOSTS", "*", "Set ALLOWED_HOSTS to the host names"),
        ("EMAIL_URL", "", "Set EMAIL_URL to the mail server"),
        ("PUBLIC_URL", "", "Set PUBLIC_URL to the https:// address"),
        ("PUBLIC_URL", "http://help.example.com", "Set PUBLIC_URL to the https:// address"),
        ("CSRF_TRUSTED_ORIGINS", "https://*.example.com", "CSRF_TRUSTED_ORIGINS lists whole origins"),
        ("DATABASE_URL", "mysql://db/helpdesk", "DATABASE_URL must look like postgresql://"),
        ("REDIS_URL", "amqp://broker", "REDIS_URL must look like redis://"),
        ("PORT", "http", "PORT is “http”; set it to a whole number from 1 to 65535."),
        ("PORT", "70000", "PORT is “70000”; set it to a whole number from 1 to 65535."),
        ("MODE", "prod", "MODE is “prod”; set it to one of: development, test, production."),
        ("DEMO", "yes", "DEMO is “yes”; set it to one of: 0, 1."),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL is “LOUD”"),
    ],
)
def test_an_absent_or_unsafe_value_refuses_to_start_and_says_what_to_set(
    settings_with, variable, value, said
):
    with pytest.raises(ImproperlyConfigured) as refusal:
        settings_with(**{**PRODUCTION, variable: value})
    assert said in str(refusal.value)


def test_production_is_closed(settings_with):
    found = settings_with(**PRODUCTION)
    expected = {
        "DEBUG": False,
        "DEMO": False,
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 63_072_000,
        "SECURE_SSL_REDIRECT": True,
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("variables", "demo"),
    [
        ({}, True),
        ({"DEMO": "0"}, False),
        ({"HOST": "0.0.0.0"}, False),
        ({"DATABASE_URL": "postgresql://db/helpdesk"}, False),
        (PRODUCTION, False),
    ],
)
def test_demo_people_exist_only_on_a_machine_that_talks_to_nobody(settings_with, variables, demo):
    assert settings_with(**variables)["DEMO"] is demo


def test_celery_reads_the_visibility_timeout_under_three_names_and_takes_json_alone():
    from config.celery import app

    assert app.conf.visibility_timeout == 900
    assert app.conf.broker_transport_options["visibility_timeout"] == 900
    assert app.conf.result_backend_transport_options["visibility_timeout"] == 900
    assert app.conf.accept_content == ["json"]
    assert (app.conf.task_soft_time_limit, app.conf.task_time_limit) == (240, 300)
    assert (app.conf.worker_prefetch_multiplier, app.conf.task_acks_late, app.conf.task_ignore_result) == (
        1,
        True,
        True,
    )
    assert (app.conf.worker_eta_task_limit, app.conf.worker_max_tasks_per_child) == (100, 500)
    assert app.conf.worker_soft_shutdown_timeout == 60


def test_the_readme_lists_every_variable():
    readme = (env.ROOT / "README.md").read_text()
    missing = [v.name for v in env.VARIABLES if f"| `{v.name}` | " not in readme]
    assert missing == []
