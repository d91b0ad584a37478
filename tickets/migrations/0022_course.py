"""What the events of settled tickets add up to, kept by a trigger of the event table."""

import datetime
import django.db.models.deletion
from django.db import migrations, models

STANDS = "'ticket.opened', 'ticket.resolved', 'ticket.reopened', 'ticket.closed', 'ticket.set_waiting', 'ticket.put_on_hold', 'ticket.set_open'"
COUNTED = "'ticket.replied', 'message.withdrawn', 'ticket.assigned', 'ticket.moved'"
TIMES = "".join(
    f",\n    coalesce(sum(until - at) FILTER (WHERE status = '{status}'), interval '0')"
    for status in ("new", "open", "waiting", "on_hold")
)
KEEP = f"""
CREATE FUNCTION tickets_course_renew(tickets bigint[]) RETURNS void LANGUAGE sql AS $$
INSERT INTO tickets_course AS course
    (ticket_id, replies, owners, moves, reopened, in_new, in_open, in_waiting, in_on_hold)
SELECT ticket_id,
    count(*) FILTER (WHERE kind = 'ticket.replied' AND data->>'by' = 'agent' AND data->'human' = 'true')
        - count(*) FILTER (WHERE kind = 'message.withdrawn'),
    count(*) FILTER (WHERE kind = 'ticket.assigned' AND data #>> '{{assignee,1}}' IS NOT NULL
        OR kind = 'ticket.opened' AND data->>'assignee' IS NOT NULL),
    count(*) FILTER (WHERE kind = 'ticket.moved'),
    count(*) FILTER (WHERE kind = 'ticket.reopened'){TIMES}
FROM (
    SELECT ticket_id, kind, data, at,
        CASE WHEN kind IN ({STANDS}) THEN coalesce(data #>> '{{status,1}}', data->>'status') END AS status,
        lead(at) OVER (PARTITION BY ticket_id, kind IN ({STANDS}) ORDER BY seq) AS until
    FROM tickets_event WHERE ticket_id = ANY(tickets) AND kind IN ({STANDS}, {COUNTED})
) AS told
GROUP BY ticket_id HAVING bool_or(kind IN ('ticket.resolved', 'ticket.closed'))
ON CONFLICT (ticket_id) DO UPDATE SET
    (replies, owners, moves, reopened, in_new, in_open, in_waiting, in_on_hold)
    = (excluded.replies, excluded.owners, excluded.moves, excluded.reopened,
       excluded.in_new, excluded.in_open, excluded.in_waiting, excluded.in_on_hold)
$$;
CREATE FUNCTION tickets_course_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind IN ('ticket.resolved', 'ticket.closed')
        OR EXISTS (SELECT FROM tickets_course WHERE ticket_id = NEW.ticket_id) THEN
        PERFORM tickets_course_renew(ARRAY[NEW.ticket_id]);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tickets_course_note AFTER INSERT ON tickets_event
    FOR EACH ROW WHEN (NEW.kind IN ({STANDS}, {COUNTED})) EXECUTE FUNCTION tickets_course_note();
"""
# The trigger's lock lets nobody write meanwhile. Some thousand tickets at a time, in the order of their events.
FILL = """
DO $$
DECLARE first bigint;
BEGIN
    FOR first IN SELECT generate_series((SELECT min(id) FROM tickets_ticket), (SELECT max(id) FROM tickets_ticket), 2000) LOOP
        PERFORM tickets_course_renew((SELECT array_agg(id) FROM tickets_ticket WHERE id BETWEEN first AND first + 1999));
    END LOOP;
END $$;
"""
FORGET = """
DROP TRIGGER tickets_course_note ON tickets_event;
DROP FUNCTION tickets_course_note();
DROP FUNCTION tickets_course_renew(bigint[]);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0021_unresolved_of_requester'),
    ]

    operations = [
        migrations.CreateModel(
            name='Course',
            fields=[
                ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='course', serialize=False, to='tickets.ticket')),
                ('replies', models.IntegerField()),
                ('owners', models.IntegerField()),
                ('moves', models.IntegerField()),
                ('reopened', models.IntegerField()),
                ('in_new', models.DurationField(default=datetime.timedelta)),
                ('in_open', models.DurationField(default=datetime.timedelta)),
                ('in_waiting', models.DurationField(default=datetime.timedelta)),
                ('in_on_hold', models.DurationField(default=datetime.timedelta)),
            ],
        ),
        migrations.RunSQL(KEEP, FORGET),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
