"""How a child process of `manage.py seed` begins. Imports no model: they are ready only after `start`."""

import django
from django.db import connection


def start(database: str) -> None:
    """Set up Django for the database that the parent writes to."""
    django.setup()
    connection.settings_dict["NAME"] = database
