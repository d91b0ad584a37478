"""Tallies of tries, in an unlogged table: counting costs no disk flush."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("since", models.DateTimeField(db_index=True)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE helpdesk_tally SET UNLOGGED", "ALTER TABLE helpdesk_tally SET LOGGED"
        ),
    ]
