import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0015_telemetry"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageSeries",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("day", models.IntegerField()),
                ("calls", models.BigIntegerField()),
                ("spend_high", models.BigIntegerField()),
                ("spend_low", models.BigIntegerField()),
                ("running", models.BinaryField()),
                (
                    "key",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="providers.usagekey",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("key", "day"), name="one_usage_series")],
            },
        ),
        migrations.CreateModel(
            name="UsageTime",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("generation", models.IntegerField()),
                ("provider", models.CharField(max_length=40)),
                ("ms", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("generation", "provider"), name="one_usage_time")
                ],
            },
        ),
        # Sums that are there already have none; those that are made from now on do.
        migrations.AddField(
            model_name="usagegeneration",
            name="series",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="usagegeneration",
            name="series",
            field=models.BooleanField(default=True),
        ),
    ]
