"""What the queue's views choose by is copied from each ticket to what it owes next, by triggers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COPIED = ("status", "team_id", "assignee_id", "priority", "snoozed_until", "unanswered_since", "deleted_at")
COLUMNS, OLD, NEW, TICKET = (
    ", ".join(f"{row}{name}" for name in COPIED) for row in ("", "OLD.", "NEW.", "ticket.")
)
# Nobody changes a ticket meanwhile. What is owed is some in a hundred tickets.
LOCK = "LOCK TABLE tickets_ticket IN SHARE ROW EXCLUSIVE MODE"
FILL = f"""
UPDATE sla_ticketdue AS due SET ({COLUMNS}) = ({TICKET})
FROM tickets_ticket AS ticket WHERE ticket.id = due.ticket_id
"""
# Whoever writes what is owed, the copies are the ticket's; where that is just being changed, this is waited for.
# A ticket that changes has them written anew where one of them changed.
KEEP = f"""
CREATE FUNCTION sla_due_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT {COLUMNS} INTO {NEW} FROM tickets_ticket WHERE id = NEW.ticket_id FOR SHARE;
    RETURN NEW;
END $$;
CREATE TRIGGER sla_due_copy BEFORE INSERT OR UPDATE OF ticket_id, {COLUMNS} ON sla_ticketdue
    FOR EACH ROW EXECUTE FUNCTION sla_due_copy();
CREATE FUNCTION sla_due_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sla_ticketdue SET ({COLUMNS}) = ({NEW}) WHERE ticket_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER sla_due_follow AFTER UPDATE OF {COLUMNS} ON tickets_ticket
    FOR EACH ROW WHEN (({OLD}) IS DISTINCT FROM ({NEW})) EXECUTE FUNCTION sla_due_follow();
"""
FORGET = """
DROP TRIGGER sla_due_follow ON tickets_ticket;
DROP FUNCTION sla_due_follow();
DROP TRIGGER sla_due_copy ON sla_ticketdue;
DROP FUNCTION sla_due_copy();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sla', '0009_clocks_to_complete'),
        ('tickets', '0022_course'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='ticketdue',
            name='assignee',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ticketdue',
            name='deleted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticketdue',
            name='priority',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Low'), (2, 'Normal'), (3, 'High'), (4, 'Urgent')], null=True),
        ),
        migrations.AddField(
            model_name='ticketdue',
            name='snoozed_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticketdue',
            name='status',
            field=models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('waiting', 'Waiting'), ('on_hold', 'On hold'), ('resolved', 'Resolved'), ('closed', 'Closed')], max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='ticketdue',
            name='team',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.team'),
        ),
        migrations.AddField(
            model_name='ticketdue',
            name='unanswered_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='ticketdue',
            name='priority',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Low'), (2, 'Normal'), (3, 'High'), (4, 'Urgent')]),
        ),
        migrations.AlterField(
            model_name='ticketdue',
            name='status',
            field=models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('waiting', 'Waiting'), ('on_hold', 'On hold'), ('resolved', 'Resolved'), ('closed', 'Closed')], max_length=10),
        ),
        migrations.AlterField(
            model_name='ticketdue',
            name='team',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tickets.team'),
        ),
        migrations.RunSQL(KEEP, FORGET),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(fields=['team', 'place_at', 'ticket'], name='due_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(condition=models.Q(('assignee__isnull', False)), fields=['assignee', 'place_at', 'ticket'], name='due_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(condition=models.Q(('assignee', None)), fields=['place_at', 'ticket'], name='due_without_owner'),
        ),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(condition=models.Q(('assignee', None)), fields=['team', 'place_at', 'ticket'], name='due_without_owner_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(condition=models.Q(('status__in', ('waiting', 'on_hold'))), fields=['place_at', 'ticket'], name='due_waiting'),
        ),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(condition=models.Q(('status__in', ('waiting', 'on_hold'))), fields=['team', 'place_at', 'ticket'], name='due_waiting_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticketdue',
            index=models.Index(condition=models.Q(('snoozed_until__isnull', False)), fields=['place_at', 'ticket'], name='due_snoozed'),
        ),
        # Until it knows the new columns, the planner takes the slow way to a view.
        migrations.RunSQL("ANALYZE sla_ticketdue", migrations.RunSQL.noop),
    ]
