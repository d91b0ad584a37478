"""Servers of a drill's own, on a folder that goes with them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import env


@contextmanager
def own_servers(*commands: list[str], **environment: str) -> Iterator[Path]:
    """PostgreSQL and Valkey as shipped, prepared, then what `manage.py` does by these commands; Django set up
    for them in this process. Gives the folder."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-drill-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ |= {"DATA_DIR": name, "DEMO": "0", "MODE": "development"} | environment
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
        from config.embedded import Servers, running

        with running(Servers(folder)):
            for command in (["prepare"], *commands):
                subprocess.run([sys.executable, "manage.py", *command], cwd=env.ROOT, check=True)
            import django

            django.setup()
            yield folder
