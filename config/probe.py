"""`python -m config.probe PART`: exit code 0 when that part (web, worker, listener …) lives here.

The web server is asked for /livez, the others for their last sign of life in the database. Used by the health
checks of the image and the compose file, which restart a part by its own state and never by another's.
"""

import os
import sys
import urllib.error
import urllib.request

from config import env

# The name under which each part writes its sign of life.
BEATS = {"worker": "worker", "mailer": "mailer", "beat": "beat", "listener": "smtp", "fetcher": "fetcher"}


def web() -> bool:
    """Whether the web server of this machine answers, asked as its first permitted host."""
    host = next(iter(env.words("ALLOWED_HOSTS")), "localhost").lstrip(".")
    request = urllib.request.Request(f"http://127.0.0.1:{env.text('PORT')}/livez", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def reported(name: str) -> bool:
    """Whether a part has said within the last minute that it is alive."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from helpdesk.heartbeats import is_silent

    return not is_silent(BEATS[name])


if __name__ == "__main__":
    part = sys.argv[1]
    sys.exit(0 if (web() if part == "web" else reported(part)) else 1)
