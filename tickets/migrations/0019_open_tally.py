"""How much is open, kept by triggers: a row for every change, in its transaction, added up now and then."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KINDS = "team_id, assignee_id, status, snoozed_until IS NOT NULL"
OPEN = "status IN ('new', 'open', 'waiting', 'on_hold') AND deleted_at IS NULL"
NEW, OLD = (f"SELECT {KINDS} AS is_snoozed, {n} AS n FROM {rows} WHERE {OPEN}" for n, rows in ((1, "now"), (-1, "before")))


def count(name: str, event: str, seen: str, rows: str) -> str:
    """A trigger once a statement, which adds up what the statement changed."""
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_opentally (team_id, assignee_id, status, is_snoozed, number)
    SELECT team_id, assignee_id, status, is_snoozed, sum(n) FROM ({rows}) changed
    GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {event} ON tickets_ticket
    REFERENCING {seen} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


TRIGGERS = {
    "tickets_tally_insert": ("INSERT", "NEW TABLE AS now", NEW),
    "tickets_tally_update": ("UPDATE", "OLD TABLE AS before NEW TABLE AS now", f"{NEW} UNION ALL {OLD}"),
    "tickets_tally_delete": ("DELETE", "OLD TABLE AS before", OLD),
}
COUNT = "".join(count(name, *of) for name, of in TRIGGERS.items())
# The triggers' lock lets nobody write meanwhile; what is open is read by its own index.
FILL = f"""
INSERT INTO tickets_opentally (team_id, assignee_id, status, is_snoozed, number)
SELECT {KINDS}, count(*) FROM tickets_ticket WHERE {OPEN} GROUP BY 1, 2, 3, 4;
"""
UNCOUNT = "".join(f"DROP TRIGGER {name} ON tickets_ticket; DROP FUNCTION {name}();" for name in TRIGGERS)


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0018_origins'),
    ]

    operations = [
        migrations.CreateModel(
            name='OpenTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('waiting', 'Waiting'), ('on_hold', 'On hold'), ('resolved', 'Resolved'), ('closed', 'Closed')], max_length=10)),
                ('is_snoozed', models.BooleanField()),
                ('number', models.IntegerField()),
                ('assignee', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.team')),
            ],
        ),
        migrations.RunSQL(COUNT, UNCOUNT),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
