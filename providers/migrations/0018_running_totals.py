"""Sums of days and months become running totals: a range is then two look-ups a key, however long it is."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MONEY = ("calls", "spend_high", "spend_low")
TOKENS = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
PACKED = tuple(f"times_{n:02}" for n in range(24))
DERIVED = ("usagequarters", "usageseries", "usagekey", "usagesession", "usagetime", "usagegeneration")


def running_totals(source: str, into: str, columns: tuple[str, ...]) -> str:
    """Exact, and without a look at the ledger: each day's total is the sum of the days up to it."""
    sums = ", ".join(f"SUM({name}) OVER w" for name in columns)
    return f"""INSERT INTO {into} (key_id, day, {", ".join(columns)}) SELECT key_id, day, {sums} FROM {source}
        WINDOW w AS (PARTITION BY key_id ORDER BY day ROWS UNBOUNDED PRECEDING)"""  # noqa: S608


def hold(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nobody adds to the sums until this is done: what old code, still running, added between the copy and the end
    would be missing from the totals for good. SQLite has one writer anyway."""
    if schema_editor.connection.vendor == "postgresql":
        tables = ", ".join(f"providers_{name}" for name in ("usagegeneration", "usageday", "usageseries"))
        schema_editor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Backwards: the sums of days are empty again, so all are made again from the ledger."""
    for table in DERIVED:
        schema_editor.execute(f"DELETE FROM providers_{table}")  # noqa: S608
    if schema_editor.connection.vendor == "postgresql":  # tables are altered after this
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("providers", "0017_refusal")]

    operations = [
        migrations.RunPython(hold, forget),
        migrations.CreateModel(
            name="UsageTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("day", models.IntegerField()),
                *[(name, models.BigIntegerField()) for name in (*MONEY, *TOKENS)],
                *[(name, models.BigIntegerField(default=0)) for name in PACKED],
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
            options={"constraints": [models.UniqueConstraint(fields=("key", "day"), name="one_usage_total")]},
        ),
        migrations.CreateModel(
            name="UsageSpend",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("day", models.IntegerField()),
                *[(name, models.BigIntegerField()) for name in MONEY],
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
            options={"constraints": [models.UniqueConstraint(fields=("key", "day"), name="one_usage_spend")]},
        ),
        migrations.RunSQL(
            running_totals("providers_usageday", "providers_usagetotal", (*MONEY, *TOKENS, *PACKED)),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            running_totals("providers_usageseries", "providers_usagespend", MONEY), migrations.RunSQL.noop
        ),
        migrations.DeleteModel(name="UsageDay"),
        migrations.DeleteModel(name="UsageMonth"),
    ]
