from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0004_several_surveys"),
    ]

    operations = [
        migrations.RunSQL(
            # What was answered so far, question by question: the standard one's rating and comment.
            """
            INSERT INTO feedback_answeritem (answer_id, key, kind, number, choice, text)
            SELECT id, 'rating', 'csat', score, '', '' FROM feedback_answer ORDER BY id;
            INSERT INTO feedback_answeritem (answer_id, key, kind, number, choice, text)
            SELECT id, 'comment', 'text', NULL, '', comment FROM feedback_answer WHERE comment <> '' ORDER BY id;
            """,
            migrations.RunSQL.noop,
        ),
    ]
