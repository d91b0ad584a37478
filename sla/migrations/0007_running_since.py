from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sla', '0006_recovery_cases'),
    ]

    operations = [
        migrations.AddField(
            model_name='clock',
            name='running_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        # Of a clock that never stood still. For others `manage.py rebuild_clocks` writes it from the events.
        migrations.RunSQL(
            "UPDATE sla_clock SET running_since = started_at WHERE state = 'running' AND running_since IS NULL "
            "AND paused_at IS NULL AND elapsed_calendar = interval '0' AND elapsed_working = interval '0'",
            migrations.RunSQL.noop,
        ),
    ]
