"""Changing the master key while the site runs: nothing is lost or fails; who needs the old key is named."""

import json
import subprocess
import sys
import threading
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from providers.configuration import configure, rotation
from providers.configuration.directory import Directory
from providers.fields import SecretField, Unreadable
from providers.models import AIProviderSettings
from tests.providers.configuration.rotation_kit import CREATE, raw, vault

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-7be1c9402d5a"
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def old(settings) -> str:
    settings.AI_ENCRYPTION_KEYS = [OLD]
    return OLD


@pytest.fixture
def secrets(old: str) -> Any:
    """Thirty rows under the old key, in a table that the rotation was never told of."""
    with connection.cursor() as cursor:
        cursor.execute(CREATE)
    vault().objects.bulk_create([vault()(name=f"n{n:02}", token=f"{CANARY}-{n}") for n in range(30)])
    yield vault()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE rotation_vault")


def done(report: rotation.Report) -> bool:
    return not report.old and not report.unreadable


def plain(key: str, secret: str) -> str:
    return Fernet(key).decrypt(secret.encode()).decode()


def said(*arguments: str) -> str:
    """What the command prints, or the sentence that it fails with."""
    out = StringIO()
    try:
        call_command("rotate_encryption_key", *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return f"{out.getvalue()}FAILED {error}"
    return out.getvalue()


def test_every_model_with_an_encrypted_column_is_found_by_its_kind():
    found = dict.fromkeys(rotation.models_with_secrets())
    assert AIProviderSettings in found
    names = {one.attname for one in AIProviderSettings._meta.get_fields() if isinstance(one, SecretField)}
    assert set(rotation.columns_of(AIProviderSettings)) == names and "openai_api_key" in names


def test_the_command_puts_every_key_under_the_first_one_and_keeps_what_it_says(old, settings):
    for slug in ("openai", "grok", "claude"):
        configure.save_provider(slug=slug, by="Mara", key=f"{CANARY}-{slug}")
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    told = said()
    assert "providers.AIProviderSettings: 1 rows, 3 under key 1, 3 re-encrypted now." in told
    assert "Every secret is under key 1." in told and "No secret needs key 2 any more." in told
    settings.AI_ENCRYPTION_KEYS = [NEW]
    assert AIProviderSettings.get_solo().grok_api_key == f"{CANARY}-grok"
    assert CANARY not in told


def test_a_second_run_writes_nothing(secrets, settings):
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    (first,) = rotation.rotate([secrets])
    before = raw()
    (second,) = rotation.rotate([secrets])
    assert (first.rotated, second.rotated, raw()) == (30, 0, before)


def test_check_changes_nothing_and_fails_while_a_secret_needs_the_old_key(old, settings):
    configure.save_provider(slug="openai", by="Mara", key=CANARY)
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    told = said("--check")
    assert "FAILED Key 2 is still needed" in told and "AIProviderSettings 1: openai_api_key" in told
    settings.AI_ENCRYPTION_KEYS = [OLD]
    assert AIProviderSettings.get_solo().openai_api_key == CANARY
    assert "Every secret is under key 1." in said("--check")


def test_a_key_in_use_is_not_retired_and_the_rows_that_need_it_are_named(old, settings):
    configure.save_provider(slug="openai", by="Mara", key=CANARY)
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    assert "AIProviderSettings 1: openai_api_key" in said("--retire", "2").partition("FAILED")[2]
    said()
    assert "Nothing needs key 2. Take it out" in said("--retire", "2")
    assert "FAILED Key 1 encrypts." in said("--retire", "1")
    assert "FAILED There is no key 3: 2 are set." in said("--retire", "3")


def test_what_no_key_reads_is_named_and_left_untouched(secrets, settings):
    settings.AI_ENCRYPTION_KEYS = [LOST]
    secrets.objects.filter(name="n07").update(token="elsewhere")
    secrets.objects.filter(name="n08").update(other="elsewhere")
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    before = raw()["n07"], raw("other")["n08"]
    (report,) = rotation.rotate([secrets])
    assert [str(place) for place in report.unreadable] == [
        "providers.Vault n07: token",
        "providers.Vault n08: other",
    ]
    assert (raw()["n07"], raw("other")["n08"]) == before and report.rotated == 29
    assert plain(NEW, raw()["n08"]) == f"{CANARY}-8"  # its neighbour in the same row went


def test_a_lost_key_makes_the_command_fail_with_the_row(old, settings):
    configure.save_provider(slug="openai", by="Mara", key=CANARY)
    settings.AI_ENCRYPTION_KEYS = [NEW]
    told = said()
    assert "FAILED No key that is set reads these" in told and "AIProviderSettings 1: openai_api_key" in told
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    assert "1 re-encrypted now" in said()


def test_what_somebody_saves_in_between_wins(secrets, settings):
    """The rotation has read a row, then a process saves it: the new value stays."""
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    model, saved = secrets, {}
    moved = rotation.Ring.moved

    def meddling(ring: rotation.Ring, secret: str) -> str:
        if not saved:
            saved["n00"] = Fernet(OLD).encrypt(b"sk-newer").decode()
            with connection.cursor() as cursor:
                cursor.execute("UPDATE rotation_vault SET token = %s WHERE name = 'n00'", [saved["n00"]])
        return moved(ring, secret)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotation.Ring, "moved", meddling)
        (report,) = rotation.rotate([model])
    assert plain(NEW, raw()["n00"]) == "sk-newer" and done(report) and report.by_key[1] == 30


def test_a_row_that_goes_away_in_between_is_no_fault(secrets, settings):
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]

    def remove(model: Any, pk: Any) -> None:
        model.objects.filter(name="n29").delete()

    (report,) = rotation.rotate([secrets], on_row=remove)
    assert done(report) and len(raw()) == 29


def test_batches_reach_every_row(secrets, settings, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 7)
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    (report,) = rotation.rotate([secrets])
    assert report.rows == report.rotated == 30
    assert {plain(NEW, secret) for secret in raw().values()} == {f"{CANARY}-{n}" for n in range(30)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the forks share a file")
def test_killed_at_every_row_no_secret_is_lost_and_the_next_run_goes_on(secrets):
    """B9, F19: kill -9 after the first row, after the second, ...: what was done stays, nothing is lost."""
    database = str(connection.settings_dict["NAME"])
    connection.close()
    command = [sys.executable, "-m", "tests.providers.configuration.rotation_child", database, f"{NEW},{OLD}", "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [1, 3, 6, 10, 15, 21, 28, 30]
    assert {plain(NEW, secret) for secret in raw().values()} == {f"{CANARY}-{n}" for n in range(30)}


@pytest.mark.django_db(transaction=True)
def test_calls_go_on_and_saves_stay_during_a_rotation(old, settings):
    """Readers find their key at every moment, and a key that is saved meanwhile is never overwritten."""
    for slug in ("openai", "grok", "claude", "mistral"):
        configure.save_provider(slug=slug, by="Mara", key=f"{CANARY}-{slug}")
    settings.AI_ENCRYPTION_KEYS = [NEW, OLD]
    found: list[str] = []
    rounds, over = 25, threading.Event()

    def read() -> None:
        while not over.is_set():
            found.append(Directory().connection("grok").key)
        connection.close()

    def save() -> None:
        for number in range(rounds):
            configure.save_provider(slug="openai", by="Ivo", key=f"sk-round-{number}")
        connection.close()

    reader, writer = threading.Thread(target=read), threading.Thread(target=save)
    reader.start(), writer.start()
    while writer.is_alive():
        # Back under the old key again and again, so that there is always something to do.
        AIProviderSettings.objects.filter(pk=1).update(
            claude_api_key=Unreadable(Fernet(OLD).encrypt(f"{CANARY}-claude".encode()).decode())
        )
        list(rotation.rotate())
    over.set()
    reader.join(10), writer.join(10)
    assert len(found) > rounds and set(found) == {f"{CANARY}-grok"}
    assert all(done(report) for report in rotation.rotate())
    settings.AI_ENCRYPTION_KEYS = [NEW]
    row = AIProviderSettings.get_solo()
    assert (row.openai_api_key, row.claude_api_key) == (f"sk-round-{rounds - 1}", f"{CANARY}-claude")
