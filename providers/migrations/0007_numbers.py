"""Usage rows are numbered from 1 without a gap: for what reads them in pieces, and as proof that none is missing."""

from django.db import migrations, models

from providers.ledger import triggers

NUMBER = """
    UPDATE providers_aiusagelog SET number = counted.number
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, id) AS number FROM providers_aiusagelog) AS counted
    WHERE counted.id = providers_aiusagelog.id"""


def lift(apps, schema_editor):
    triggers.lift(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("providers", "0006_breaker")]
    operations = [
        migrations.RunPython(lift, lift),  # they come back after `migrate` (providers/apps.py)
        migrations.AddField("aiusagelog", "number", models.BigIntegerField(null=True, editable=False)),
        migrations.RunSQL(NUMBER, migrations.RunSQL.noop),
        migrations.AlterField("aiusagelog", "number", models.BigIntegerField(unique=True, editable=False)),
    ]
