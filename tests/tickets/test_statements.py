"""Statements that are made once: for every reader their own answer, whatever was asked before."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import PersonFactory
from tickets import access, actions, statements
from tickets.models import Role, User
from tickets.statements import NUMBER, READER, kept_models, kept_rows


@pytest.fixture(autouse=True)
def nothing_kept():
    statements._kept.clear()


def mine(reader: User) -> list[int]:
    rows = kept_rows(
        ("test mine", access.footing(reader)),
        lambda: statements.text_of(
            access.worked_by(access.someone_like(reader)).filter(assignee=READER).values("pk")
        ),
        reader=reader.pk,
    )
    return [pk for (pk,) in rows]


def test_one_statement_answers_each_reader_with_their_own(ticket, cast):
    actions.assign(ticket, to=cast.mira, by=cast.mira)
    mia = PersonFactory(role=Role.AGENT, teams=[cast.billing])

    assert access.footing(mia) == access.footing(cast.mira) != access.footing(cast.gus)
    found = [mine(reader) for reader in (cast.mira, mia, cast.gus, cast.mira)]
    assert found == [[ticket.pk], [], [], [ticket.pk]]
    assert len(statements._kept) == 2  # one for each footing


def test_rows_are_those_that_django_makes_with_what_is_read_beside_them(ticket, django_assert_num_queries):
    def rows():
        return type(ticket).objects.filter(pk=NUMBER).select_related("requester__organization", "team")

    for _ in range(2):
        with django_assert_num_queries(1):
            (found,) = kept_models("test ticket", rows, number=ticket.pk)
            assert found == ticket
            assert found.requester.email == ticket.requester.email
            assert found.requester.preferences == {}  # JSON is read as such
            assert found.team.name == ticket.team.name
    assert kept_models("test ticket", rows, number=0) == []


@pytest.mark.django_db
def test_the_log_of_statements_has_them_with_their_values():
    with CaptureQueriesContext(connection) as asked:
        kept_rows("test log", lambda: f"SELECT {NUMBER} AS n", number=12)
    assert [query["sql"] for query in asked] == ["SELECT 12::bigint AS n"]


@pytest.mark.django_db
def test_signs_that_the_driver_gives_a_meaning_stay_what_they_are():
    assert kept_rows("test %s", lambda: f"SELECT '100 %s', {NUMBER}", number=2**40) == [("100 %s", 2**40)]


@pytest.mark.django_db(transaction=True)
def test_a_statement_prepared_before_a_migration_is_prepared_anew():
    def answer():
        return kept_rows("test migrated", lambda: "SELECT number FROM migrated")

    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("CREATE TABLE migrated AS SELECT 5 AS number")
        try:
            assert answer() == answer() == [(5,)]
            other.execute("ALTER TABLE migrated ALTER number TYPE text")
            assert answer() == [("5",)]
        finally:
            other.execute("DROP TABLE migrated")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_between_two_requests_is_opened_anew():
    assert kept_rows("test lost", lambda: "SELECT 1") == [(1,)]
    raw = connection.connection
    with psycopg.connect(raw.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])

    assert kept_rows("test lost", lambda: "SELECT 1") == [(1,)]
    assert connection.connection is not raw


@pytest.mark.django_db
def test_instants_are_read_as_django_reads_them():
    instant = "timestamptz '2026-03-29 03:30:00.000001+02'"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {instant}")
        (django,) = cursor.fetchone()

    ((ours,),) = kept_rows("test instant", lambda: f"SELECT {instant}")
    assert ours == django
    assert ours.tzinfo is django.tzinfo
