"""The day a row counts against, the call in flight of a reservation, and the triggers that keep rows as they are."""

import datetime

from django.db import migrations, models

from providers.ledger import triggers


def lift(apps, schema_editor):
    triggers.lift(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("providers", "0002_roles")]
    operations = [
        migrations.RunPython(lift, lift),  # they come back after `migrate` (providers/apps.py)
        migrations.AddField("reservation", "attempt", models.JSONField(blank=True, null=True)),
        migrations.AddField(
            "aiusagelog", "cap_day", models.DateField(default=datetime.date(2026, 1, 1)), preserve_default=False
        ),
    ]
