from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0016_usage_series"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("user_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("code", models.CharField(max_length=40)),
                ("operation", models.CharField(max_length=60)),
                ("times", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "user_id", "code", "operation"), name="one_refusal")
                ],
            },
        ),
    ]
