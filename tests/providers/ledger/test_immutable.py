"""Usage rows can't be changed, by any way that leads to the table."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models.signals import post_migrate

from providers import ledger
from providers.apps import ProvidersConfig
from providers.exceptions import NotAllowed
from providers.ledger import seals, triggers
from providers.models import AIUsageLog, AuditEntry
from providers.models.forever import Immutable
from tests.providers.ledger.ledger_kit import NOON, attempt, only_row, record

TABLE = "providers_aiusagelog"
sqlite_only = pytest.mark.skipif(connection.vendor != "sqlite", reason="a way that only SQLite has")
postgres_only = pytest.mark.skipif(connection.vendor != "postgresql", reason="a way that only PostgreSQL has")


@pytest.fixture
def row(transactional_db, django_user_model) -> AIUsageLog:
    record(attempt(django_user_model.objects.create_user("ivo").pk), "")
    return only_row()


def refused(sql: str) -> None:
    with pytest.raises(DatabaseError, match="can not be changed"), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: AIUsageLog.objects.update(actual_cost_usd=0),
        lambda row: AIUsageLog.objects.all().delete(),
        lambda row: AIUsageLog.objects.filter(pk=row.pk).delete(),
        lambda row: AIUsageLog.objects.bulk_update([row], ["actual_cost_usd"]),
        lambda row: AIUsageLog.objects.update_or_create(pk=row.pk, defaults={"operation": "x"}),
    ],
)
def test_the_model_refuses(row, change):
    with pytest.raises(Immutable):
        change(row)
    assert only_row().operation == "chat"


def test_django_s_base_classes_do_not_get_past_the_database(row):
    with pytest.raises(DatabaseError, match="can not be changed"):
        AIUsageLog.save_base(row, force_update=True)
    with pytest.raises(DatabaseError, match="can not be changed"):
        AIUsageLog._base_manager.filter(pk=row.pk).update(operation="x")


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE {TABLE} SET actual_cost_usd = 0",
        f"UPDATE {TABLE} SET operation = operation",
        f"DELETE FROM {TABLE}",
    ],
)
def test_raw_sql_is_refused(row, sql):
    refused(sql)
    assert only_row().total_tokens == 50


@sqlite_only
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"])
def test_replacing_a_row_by_its_key_is_refused(row, verb):
    refused(f"{verb} INTO {TABLE} SELECT * FROM {TABLE}")
    assert only_row().total_tokens == 50


@sqlite_only
@pytest.mark.parametrize("kept", ["id", "number", "rowid"])
def test_replacing_a_row_by_any_one_of_its_keys_is_refused(row, kept):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rowid, * FROM {TABLE}")
        columns = [column[0] for column in cursor.description]
    others = {"id": "lower(hex(randomblob(16)))", "number": "number + 1", "rowid": "rowid + 1"}
    values = ", ".join(others.get(name, name) if name != kept else name for name in columns)
    refused(f"INSERT OR REPLACE INTO {TABLE} ({', '.join(columns)}) SELECT {values} FROM {TABLE}")
    assert only_row().pk == row.pk


@postgres_only
@pytest.mark.parametrize(
    "sql",
    [
        f"TRUNCATE {TABLE} CASCADE",
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} ON CONFLICT (id) DO UPDATE SET operation = 'x'",
    ],
)
def test_postgres_s_own_ways_are_refused(row, sql):
    refused(sql)
    assert only_row().operation == "chat"


def test_a_user_with_rows_is_not_deleted(row, django_user_model):
    ivo = django_user_model.objects.filter(pk=row.user_id)
    with pytest.raises(NotAllowed, match="1 usage rows"):
        ivo.get().delete()
    with pytest.raises(NotAllowed):
        ivo.delete()
    assert only_row().user_id == row.user_id


def test_total_is_input_plus_output_for_whoever_writes(row):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {TABLE}")
        columns = [column[0] for column in cursor.description]
    changed = {
        "id": "'0123456789abcdef0123456789abcdef'",
        "number": "number + 1",
        "total_tokens": "total_tokens + 1",
    }
    values = ", ".join(changed.get(name, name) for name in columns)
    with pytest.raises(DatabaseError, match="total_is_input_plus_output"), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} ({', '.join(columns)}) SELECT {values} FROM {TABLE}")


def test_missing_triggers_are_noticed_and_come_back_with_migrate(row):
    assert ledger.triggers_present()
    triggers.lift(connection)
    assert not ledger.triggers_present()
    call_command("migrate", verbosity=0)
    assert ledger.triggers_present()
    refused(f"DELETE FROM {TABLE}")


@sqlite_only
def test_a_rebuilt_table_gets_its_triggers_back(row):
    with connection.schema_editor() as editor:
        editor._remake_table(AIUsageLog)
    assert not ledger.triggers_present()  # SQLite says nothing about it
    post_migrate.send(sender=connection_app(), app_config=connection_app(), using="default", verbosity=0)
    assert ledger.triggers_present()


def connection_app() -> ProvidersConfig:
    from django.apps import apps

    return apps.get_app_config("providers")


@pytest.mark.parametrize("again", [1, 2])
def test_the_flush_between_tests_works_and_leaves_the_triggers(row, again):
    assert AIUsageLog.objects.count() == 1  # the second round finds no row of the first
    assert ledger.triggers_present()


def test_installing_twice_is_harmless(row):
    triggers.install(connection)
    triggers.install(connection)
    assert ledger.triggers_present()


def test_audit_entries_and_seals_are_kept_the_same_way(row):
    AuditEntry.objects.bulk_create([AuditEntry(at=NOON, surface="shell", action="cap.raise")])
    assert seals.seal_all() == 3  # the user is an entry too
    for table in ("providers_auditentry", "providers_seal"):
        refused(f"DELETE FROM {table}")
        refused(f"UPDATE {table} SET number = number + 1")
        if connection.vendor == "sqlite":
            refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        else:
            refused(f"TRUNCATE {table}")


def test_a_trigger_that_was_made_toothless_is_noticed_and_mended(row):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER usage_no_delete")
            cursor.execute(f"CREATE TRIGGER usage_no_delete BEFORE DELETE ON {TABLE} BEGIN SELECT 1; END")
        else:
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER usage_no_change")
    assert triggers.missing() == ["usage_no_delete" if connection.vendor == "sqlite" else "usage_no_change"]
    triggers.install(connection)
    assert not triggers.missing()
    refused(f"DELETE FROM {TABLE}")


@postgres_only
def test_a_function_that_was_made_toothless_is_noticed_and_mended(row):
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {triggers.FUNCTION}() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RETURN NEW; END $$"
        )
    assert "usage_no_change" in triggers.missing()
    triggers.install(connection)
    refused(f"DELETE FROM {TABLE}")
