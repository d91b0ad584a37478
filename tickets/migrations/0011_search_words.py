"""Search in subjects and messages without accents, in names by their trigrams.

The indexes are made of expressions: no row is rewritten, and the column that held the subject's words goes.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0010_ticket_without_owner'),
    ]

    operations = [
        UnaccentExtension(),
        TrigramExtension(),
        migrations.RunSQL(
            """
            CREATE TEXT SEARCH CONFIGURATION helpdesk (COPY = pg_catalog.simple);
            ALTER TEXT SEARCH CONFIGURATION helpdesk ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;
            """,
            "DROP TEXT SEARCH CONFIGURATION helpdesk",
        ),
        migrations.RemoveIndex(model_name='ticket', name='ticket_search'),
        migrations.RemoveField(model_name='ticket', name='search'),
        migrations.AddIndex(
            model_name='ticket',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('subject', config='helpdesk'), name='ticket_by_subject'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector(
                    django.db.models.functions.text.Left(
                        django.db.models.functions.comparison.Coalesce(
                            django.db.models.functions.comparison.NullIf('fresh', models.Value(''), output_field=models.TextField()),
                            'text',
                            output_field=models.TextField(),
                        ),
                        20000,
                    ),
                    config='helpdesk',
                ),
                name='message_by_words',
            ),
        ),
        migrations.AddIndex(
            model_name='user',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('name'), name='gin_trgm_ops'), name='people_by_name'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('email'), name='gin_trgm_ops'), name='people_by_email'),
        ),
        # The planner learns how often words occur; search asks it.
        migrations.RunSQL("ANALYZE tickets_ticket; ANALYZE tickets_message", migrations.RunSQL.noop),
    ]
