"""`manage.py prepare`: what a start needs."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from helpdesk.management.commands.prepare import require_room


@pytest.mark.django_db
def test_it_may_be_repeated():
    call_command("prepare", verbosity=0)
    call_command("prepare", verbosity=0)
    assert "cache" in connection.introspection.table_names()


@pytest.mark.django_db
def test_a_server_with_too_few_connections_is_refused_with_the_numbers():
    with connection.cursor() as cursor:
        with pytest.raises(CommandError, match="allows 197 connections and this installation may need 500"):
            require_room(cursor, 500)
        require_room(cursor, 197)
