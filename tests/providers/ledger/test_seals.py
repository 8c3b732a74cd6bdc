"""Whoever changes, removes, moves or puts in a row past the triggers is found, and the first bad row is named."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from providers.ledger import anchor, seals, triggers, verify
from providers.ledger.anchor import Broken
from providers.ledger.chains import AUDIT, CHAINS, USAGE
from providers.models import AIUsageLog, AuditEntry, ChainCheck, Seal
from providers.trail import signature
from tests.providers.ledger.ledger_kit import attempt, record
from tests.providers.usage.usage_kit import insert, row

T = "providers_aiusagelog"
MOVED = "number = CASE number WHEN 5 THEN 1006 ELSE 1005 END"


@pytest.fixture
def sealed(transactional_db, django_user_model, monkeypatch) -> int:
    """Twelve rows under three seals; the id of their user."""
    monkeypatch.setattr(seals, "ROWS_AT_MOST", 4)
    ivo = django_user_model.objects.create_user("ivo").pk
    insert(*(row(ivo, session_id=f"s{i}", metadata={"i": i}) for i in range(12)))
    assert seals.seal(USAGE) == 12
    return ivo


@contextmanager
def attack(*statements: str) -> Iterator[None]:
    """What somebody with the database alone could do, undone afterwards."""
    with transaction.atomic():
        triggers.lift(connection)
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        triggers.install(connection)
        yield
        transaction.set_rollback(True)


def look() -> verify.Verdict:
    return verify.verify(USAGE, seal_first=False)


def test_rows_that_nobody_touched_are_proven(sealed):
    found = look()
    assert (found.ok, found.rows, found.unsealed, found.problem) == (True, 12, 0, "")


def other_value(name: str) -> str:
    """SQL for another value of that column."""
    kind = AIUsageLog._meta.get_field(name).get_internal_type()
    if name == "first_token_ms":
        return "7"
    if name == "id":
        return "'0123456789abcdef0123456789abcdef'"
    if kind == "BooleanField":
        return f"NOT {name}"
    if kind in ("CharField", "TextField"):
        return f"{name} || 'x'" if name != "signature" else "'00'"
    if kind == "JSONField":
        return "'{\"i\": 99}'"
    if kind in ("DateField", "DateTimeField"):
        return "'2024-03-19 15:30:00.000001'" if kind == "DateTimeField" else "'2024-03-19'"
    return "total_tokens + 1" if name == "total_tokens" else f"{name} + 1"


def test_an_edit_of_any_column_is_found_and_the_row_named(sealed):
    for name in (field.attname for field in AIUsageLog._meta.concrete_fields):
        also = ", input_tokens = input_tokens + 1" if name == "total_tokens" else ""
        also = ", total_tokens = total_tokens + 1" if name in ("input_tokens", "output_tokens") else also
        value = "1000" if name == "number" else other_value(name)
        with attack(f"UPDATE {T} SET {name} = {value}{also} WHERE number = 6"):
            assert look().first_bad == 6, name


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        ([f"DELETE FROM {T} WHERE number = 1"], 1),
        ([f"DELETE FROM {T} WHERE number IN (7, 11)"], 7),
        ([f"DELETE FROM {T} WHERE number > 10"], 11),
        ([f"DELETE FROM {T}"], 1),
        (
            [
                f"UPDATE {T} SET {MOVED} WHERE number IN (5, 6)",
                f"UPDATE {T} SET number = number - 1000 WHERE number > 1000",
            ],
            5,
        ),
        ([f"UPDATE {T} SET number = number + 1000 WHERE number >= 3", f"UPDATE {T} SET number = number - 999 "
          "WHERE number > 1000"], 3),
        ([f"DELETE FROM {T} WHERE number > 8", "DELETE FROM providers_seal WHERE number = 3"], 9),
        ([f"DELETE FROM {T}", "DELETE FROM providers_seal"], 1),
        (["DELETE FROM providers_seal WHERE number = 3"], 9),
        (["DELETE FROM providers_seal WHERE number = 2"], 5),
        ([f"UPDATE {T} SET number = 0 WHERE number = 3"], 0),
        (["UPDATE providers_seal SET last = 3 WHERE number = 1"], 1),
        (["UPDATE providers_seal SET previous = '' WHERE number = 3"], 9),
        (["UPDATE providers_seal SET mac = hash WHERE number = 3"], 9),
    ],
    ids=["delete first", "delete two", "truncate", "delete all", "reorder", "shift", "truncate with seals",
         "truncate everything", "truncate seals", "delete a seal", "number below one", "shorten a seal",
         "unlink a seal", "forge a mac"],
)  # fmt: skip
def test_removed_moved_and_cut_off_rows_are_found(sealed, statements, first_bad):
    with attack(*statements):
        found = look()
        assert not found.ok
        assert found.first_bad == first_bad


def _copy(number: int, **changed: str) -> str:
    columns = [field.column for field in AIUsageLog._meta.concrete_fields]
    changed |= {"id": "'0123456789abcdef0123456789abcdef'", "number": str(number)}
    values = ", ".join(changed.get(name, name) for name in columns)
    return f"INSERT INTO {T} ({', '.join(columns)}) SELECT {values} FROM {T} WHERE number = 12"


@pytest.mark.parametrize("seal_first", [True, False])
@pytest.mark.parametrize("number", [13, 40, 0, -5])
def test_a_row_that_was_put_in_is_found_and_never_sealed(sealed, number, seal_first):
    with attack(_copy(number)):
        found = verify.verify(USAGE, seal_first=seal_first)
        assert not found.ok
        assert found.first_bad == (number if number != 40 else 13)
        assert Seal.objects.count() == 3


def test_a_row_that_was_edited_before_it_was_sealed_is_found(sealed):
    record(attempt(sealed), "")
    with attack(f"UPDATE {T} SET actual_cost_usd = 1 WHERE number = 13"):
        assert verify.verify(USAGE).first_bad == 13
    assert verify.verify(USAGE).rows == 13


def rewritten(key: bytes | None) -> None:
    """Row 6 is changed and every hash made anew by somebody who has the code, and perhaps the key."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {T} SET model = 'x' WHERE number = 6")
    old = list(Seal.objects.order_by("number"))
    last = old[0]
    for seal in old[1:]:
        found = verify.lines(USAGE, 1, seal.first - 1, seal.last)
        made = seals._made(USAGE, last, found, adopted=False)
        if key is None:
            made.key, made.mac = seal.key, seal.mac
        Seal.objects.filter(pk=seal.pk).delete()
        made.save()
        last = made


@pytest.mark.parametrize("key", [None, b"stolen"])
def test_a_chain_that_was_made_anew_is_found_with_or_without_the_key(sealed, key):
    with attack():
        triggers.lift(connection)
        rewritten(key)
        triggers.install(connection)
        found = look()
    assert not found.ok
    assert ("was changed" if key is None else "rewritten") in found.problem


def test_a_seal_of_an_unknown_key_counts_only_up_to_the_anchor(sealed, settings):
    settings.SECRET_KEY = "another-" + "y" * 50
    assert look().ok  # the file remembers them
    insert(row(sealed))
    seals.seal(USAGE)
    assert look().rows == 13
    anchor.forget()
    assert "SECRET_KEY" in look().problem
    settings.SECRET_KEY_FALLBACKS = ["tests-only-" + "x" * 50]
    assert look().ok


def test_a_seal_whose_key_is_gone_is_held_by_the_one_after_it(sealed, settings):
    settings.SECRET_KEY = "another-" + "y" * 50
    with attack(f"UPDATE {T} SET model = 'x' WHERE number = 6"):
        triggers.lift(connection)
        first, second = Seal.objects.exclude(number=3).order_by("number")
        made = seals._made(USAGE, first, verify.lines(USAGE, 1, 4, 8), adopted=False)
        made.key, made.mac = second.key, second.mac
        Seal.objects.filter(pk=second.pk).delete()
        made.save()
        triggers.install(connection)
        assert look().first_bad == 9


def test_after_a_cut_nothing_is_sealed_over_the_evidence(sealed):
    with attack(f"DELETE FROM {T} WHERE number > 8", "DELETE FROM providers_seal WHERE number = 3"):
        insert(*(row(sealed) for _ in range(9)))
        with pytest.raises(Broken, match="cut off"):
            seals.seal(USAGE)
        assert "cut off" in verify.verify(USAGE).problem
        assert json.loads((anchor.folder() / "usage.json").read_text())["last"] == 12


def test_without_its_anchor_a_chain_is_whole_but_says_so_once(sealed):
    anchor.forget()
    assert "anchor" in look().note
    assert look().note == ""


def test_a_damaged_anchor_is_a_problem_and_no_crash(sealed):
    (anchor.folder() / "usage.json").write_text("{")
    assert "damaged" in look().problem


def test_missing_triggers_are_a_problem_of_the_chain(sealed):
    triggers.lift(connection)
    assert "triggers" in look().problem
    triggers.install(connection)
    assert look().ok


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a way that only SQLite has")
def test_values_that_no_column_could_hold_are_found(sealed):
    for value in ("x'00ff'", "'chat' || char(0) || 'x'"):
        with attack(f"UPDATE {T} SET operation = {value} WHERE number = 7"):
            assert look().first_bad == 7


def test_looking_twice_or_sealing_again_changes_nothing(sealed):
    assert seals.seal(USAGE) == 0
    assert Seal.objects.count() == 3
    assert look().rows == look().rows == 12


def test_the_audit_log_is_a_chain_of_its_own(sealed):
    AuditEntry.objects.bulk_create(
        [AuditEntry(at="2026-01-01T00:00Z", surface="shell", action=f"a{i}") for i in range(5)]
    )
    assert verify.verify(AUDIT).rows == 6  # their user is the first
    with attack("UPDATE providers_auditentry SET before = '[]' WHERE number = 4"):
        assert verify.verify(AUDIT).first_bad == 4
        assert look().ok


def test_the_newest_layout_has_every_column():
    for chain in CHAINS.values():
        columns = {field.attname for field in chain.model._meta.concrete_fields}
        assert set(chain.layouts[chain.layout]) == columns


def test_a_name_of_a_key_is_not_the_key():
    ((name, key),) = signature.keys().items()
    assert name not in key.hex()


def test_what_somebody_looked_into_is_taken_over_and_the_rest_stays_named(sealed):
    triggers.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {T} WHERE number > 8")
        cursor.execute("DELETE FROM providers_seal WHERE number = 3")
        cursor.execute(f"UPDATE {T} SET model = 'x' WHERE number = 8")
    triggers.install(connection)
    verify.accept(USAGE)
    insert(row(sealed))
    assert verify.verify(USAGE).first_bad == 8


# The command


def test_the_command_proves_and_keeps_when_it_looked(sealed, capsys):
    with pytest.raises(CommandError):  # these rows came without counters
        call_command("verify_ledger")
    call_command("verify_ledger", chain="audit")
    said = capsys.readouterr().out
    assert "usage: 12 rows proven" in said
    assert "counter differs" in said
    assert ChainCheck.objects.get(chain="usage").ok


def test_the_command_names_the_first_bad_row_and_fails(sealed, capsys):
    with attack(f"UPDATE {T} SET actual_cost_usd = 0 WHERE number = 3"):
        with pytest.raises(CommandError):
            call_command("verify_ledger", chain="usage")
        assert "usage row 3 was changed" in capsys.readouterr().out
        assert ChainCheck.objects.get(chain="usage").first_bad == 3


def test_a_restored_database_is_accepted_with_a_reason_that_is_kept(sealed):
    triggers.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {T} WHERE number > 8")
        cursor.execute("DELETE FROM providers_seal WHERE number = 3")
    triggers.install(connection)
    assert "--accept" in verify.verify(USAGE).problem
    with pytest.raises(CommandError):  # these rows never had counters
        call_command("verify_ledger", chain="usage", accept="restored the backup of Monday")
    assert verify.verify(USAGE).ok
    assert AuditEntry.objects.get(action="chain.accept").reason == "restored the backup of Monday"
