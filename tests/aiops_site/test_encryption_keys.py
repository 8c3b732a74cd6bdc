"""Which keys encrypt, as the environment names them, and what a start says of those that don't work."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from aiops_site import checks, env
from aiops_site import settings as settings_module
from aiops_site.management.commands import up
from providers.configuration import configure
from providers.models import AIProviderSettings

MAIN, BACKUP, OLDER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def keys_of(monkeypatch, tmp_path) -> Any:
    """The keys that the settings make of an environment."""

    def read(**values: str) -> list[str]:
        monkeypatch.setattr(env, "_values", {"DATA_DIR": str(tmp_path), **values})
        return runpy.run_path(str(Path(settings_module.__file__)))["AI_ENCRYPTION_KEYS"]

    return read


def test_the_main_key_encrypts_where_it_is_set_else_the_backup_key_and_all_decrypt(keys_of, tmp_path):
    assert keys_of(BACKUP_ENCRYPTION_KEY=BACKUP) == [BACKUP]
    both = keys_of(AI_ENCRYPTION_KEY=f"{MAIN}, {OLDER}", BACKUP_ENCRYPTION_KEY=BACKUP)
    assert both == [MAIN, OLDER, BACKUP]
    (tmp_path / "key").write_text(f"{MAIN}\n")
    assert keys_of(AI_ENCRYPTION_KEY_FILE=str(tmp_path / "key")) == [MAIN]


@pytest.mark.django_db
def test_adding_a_main_key_later_loses_nothing(keys_of, settings):
    settings.AI_ENCRYPTION_KEYS = keys_of(BACKUP_ENCRYPTION_KEY=BACKUP)
    configure.save_provider(slug="openai", by="Mara", key="sk-before")
    settings.AI_ENCRYPTION_KEYS = keys_of(AI_ENCRYPTION_KEY=MAIN, BACKUP_ENCRYPTION_KEY=BACKUP)
    configure.save_provider(slug="grok", by="Mara", key="sk-after")
    row = AIProviderSettings.get_solo()
    assert (row.openai_api_key, row.grok_api_key) == ("sk-before", "sk-after")
    settings.AI_ENCRYPTION_KEYS = keys_of(AI_ENCRYPTION_KEY=MAIN)
    assert AIProviderSettings.get_solo().grok_api_key == "sk-after"


@pytest.mark.parametrize(
    "bad", ["too-short", "x" * 44, MAIN[:-2], f"{MAIN}{MAIN}"], ids=["short", "no-base64", "cut", "twice"]
)
def test_what_is_no_fernet_key_stops_the_start_with_the_command_that_makes_one(settings, bad):
    settings.AI_ENCRYPTION_KEYS = [MAIN, bad]
    (found,) = checks.secrets_are_usable(None)
    assert found.is_serious() and found.msg == "Encryption key 2 is not a Fernet key."
    assert "Fernet.generate_key()" in found.hint and bad not in found.msg + found.hint
    settings.AI_ENCRYPTION_KEYS = []
    (found,) = checks.secrets_are_usable(None)
    assert found.is_serious() and "Fernet.generate_key()" in found.hint


@pytest.mark.django_db
def test_a_secret_that_no_key_reads_is_named_by_the_start(settings, capsys):
    configure.save_provider(slug="openai", by="Mara", key="sk-canary-1")
    up.tell_of_lost_keys()
    assert capsys.readouterr().out == ""
    settings.AI_ENCRYPTION_KEYS = [MAIN]
    up.tell_of_lost_keys()
    told = capsys.readouterr().out
    assert "reads providers.AIProviderSettings 1: openai_api_key. Put the old key back" in told
