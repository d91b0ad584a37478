"""The Celery application and, in one dict, everything that happens periodically."""

import os
import time
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from celery.signals import celeryd_init, task_postrun, task_prerun, worker_process_init, worker_ready

from helpdesk.garbage import look_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Plain intervals in seconds, counted in UTC: a local crontab stops, skips or doubles when clocks change.
# Every entry is a sweep that looks at rows, so that running late, twice or after a gap is harmless.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "deliveries that are due": {"task": "mail.sweep_deliveries", "schedule": 5.0},
    "mail that waits to be filed": {"task": "mail.sweep_inbound", "schedule": 15.0},
    "heartbeat of the tasks": {"task": "ops.beat", "schedule": 15.0},
    "what has served its time": {"task": "ops.tidy", "schedule": 3600.0},
    "clocks to check": {"task": "sla.sweep_clocks", "schedule": 15.0},
    "clocks of an earlier release": {"task": "sla.complete_clocks", "schedule": 300.0},
    "holidays of the next year": {"task": "sla.renew_holidays", "schedule": 3600.0},
    "replies whose time has come": {"task": "tickets.release_drafts", "schedule": 10.0},
    "tickets that were put off": {"task": "tickets.wake_snoozed", "schedule": 15.0},
    "jobs that nobody is at": {"task": "tickets.sweep_jobs", "schedule": 15.0},
    "deleted tickets to erase": {"task": "tickets.purge_deleted", "schedule": 600.0},
    "tickets to close": {"task": "tickets.close_resolved", "schedule": 300.0},
    "numbers of open tickets to add up": {"task": "tickets.add_up", "schedule": 60.0},
    "tickets to share out": {"task": "duty.sweep_arrivals", "schedule": 15.0},
    "surveys to send": {"task": "feedback.invite_due", "schedule": 60.0},
    "surveys to remind of": {"task": "feedback.remind_due", "schedule": 300.0},
    "customers to ask again": {"task": "feedback.plan_rounds", "schedule": 300.0},
    "follow-ups to send": {"task": "followup.send_due", "schedule": 60.0},
    "reports to mail": {"task": "reports.let_due_go", "schedule": 60.0},
    "surveys to close": {"task": "feedback.expire_due", "schedule": 600.0},
}
app.conf.beat_schedule = BEAT_SCHEDULE

HEARTBEAT_SECONDS = 15.0

# Left alone, Celery connects anew to the database for every task, which costs more than most tasks do. It
# reads this name, and "for so many tasks", only in this form.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000_000


@task_prerun.connect
@task_postrun.connect
def _keep_live_connections(**kwargs: Any) -> None:
    """What a request does before and after: connections that died or grew old are dropped, others stay."""
    from django.db import close_old_connections, connections

    if not any(connection.in_atomic_block for connection in connections.all(initialized_only=True)):
        close_old_connections()  # a task that a test calls lives in the test's transaction


class BeatingScheduler(Scheduler):
    """Beat without a file of its own, showing in the database that it is alive.

    Nothing is remembered between starts: sweeps find due rows whatever the hour, so a start causes no burst.
    """

    _beaten_at = float("-inf")

    def setup_schedule(self) -> None:
        """Everything is due at once: what fell due while nothing ran is found now, not an interval later."""
        super().setup_schedule()
        long_ago = app.now() - timedelta(days=1)
        for entry in self.schedule.values():
            entry.last_run_at = long_ago

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() - self._beaten_at >= HEARTBEAT_SECONDS:
            self._beaten_at = time.monotonic()
            _show_life("beat")
        return min(super().tick(*args, **kwargs), HEARTBEAT_SECONDS / 3)


@celeryd_init.connect
def _be_a_worker(**kwargs: Any) -> None:
    """A worker's statements may take longer than a page's, and it waits longer for the broker."""
    from django.conf import settings

    from config.limits import WORKER_FACTOR, limit_statements

    limit_statements(settings.STATEMENT_SECONDS * WORKER_FACTOR)
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": 10.0}


@worker_process_init.connect
def _look_seldom_for_garbage(**kwargs: Any) -> None:
    look_seldom()


@worker_ready.connect
def _beat_as_worker(sender: Any, **kwargs: Any) -> None:
    name = sender.hostname.partition("@")[0]  # worker or mailer
    _show_life(name)
    sender.timer.call_repeatedly(HEARTBEAT_SECONDS, _show_life, (name,))


def _show_life(name: str) -> None:
    from helpdesk.heartbeats import beat_quietly

    beat_quietly(name)
