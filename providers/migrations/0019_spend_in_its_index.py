"""Running totals of money are read from their index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0018_running_totals")]

    operations = [
        migrations.AddIndex(
            model_name="usagespend",
            index=models.Index(fields=["key", "day", "calls", "spend_high", "spend_low"], name="usage_spend_all"),
        ),
    ]
