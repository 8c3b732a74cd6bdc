"""A site starts with the page as its channel, so that somebody is told without any setting."""

from django.db import migrations


def add(apps, schema_editor):
    apps.get_model("providers", "NotificationChannel").objects.get_or_create(
        name="This console", defaults={"kind": "page"}
    )


class Migration(migrations.Migration):
    dependencies = [("providers", "0013_notifications")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
