"""The Celery application and, in one dict, everything that happens periodically."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Plain intervals in seconds, counted in UTC: a local crontab stops, skips or doubles when clocks change.
# Every entry is a sweep that looks at rows, so that running late, twice or after a gap is harmless.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {}
app.conf.beat_schedule = BEAT_SCHEDULE
