from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("senate", "0003_follow_compare"),
    ]

    operations = [
        migrations.AddField(
            model_name="senatesession",
            name="service",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
