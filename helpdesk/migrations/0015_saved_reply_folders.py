from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0014_company_language")]

    operations = [
        migrations.AddField(
            model_name="savedreply",
            name="folder",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
        migrations.AddField(
            model_name="savedreply",
            name="used_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="savedreply",
            name="uses",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
