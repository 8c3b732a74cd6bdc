"""Secrets at rest, and exact money. The raw column is read with SQL: no path of the ORM may fool the test."""

from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from providers.fields import Unreadable, from_pico, to_pico
from providers.models import AIProviderSettings

CANARY = "sk-canary-5f0c7d2e91"
pytestmark = pytest.mark.django_db


def raw(column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM providers_aiprovidersettings WHERE id = 1")
        return cursor.fetchone()[0]


def saved(**values) -> AIProviderSettings:
    row = AIProviderSettings.get_solo()
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    return row


def test_the_column_holds_no_key_and_equal_keys_differ():
    saved(openai_api_key=CANARY, grok_api_key=CANARY)
    assert CANARY not in raw("openai_api_key") + raw("grok_api_key")
    assert raw("openai_api_key") != raw("grok_api_key")
    assert AIProviderSettings.get_solo().openai_api_key == CANARY


def test_bulk_update_keeps_a_key_whole():
    row = saved(openai_api_key=CANARY)
    row.openai_api_key = CANARY + "-2"
    AIProviderSettings.objects.bulk_update([row], ["openai_api_key"])
    assert AIProviderSettings.get_solo().openai_api_key == CANARY + "-2"
    assert CANARY not in raw("openai_api_key")


def test_update_by_a_queryset_encrypts_too():
    saved()
    AIProviderSettings.objects.filter(pk=1).update(openai_api_key=CANARY)
    assert CANARY not in raw("openai_api_key")
    assert AIProviderSettings.get_solo().openai_api_key == CANARY


def test_an_empty_key_stays_empty():
    saved(openai_api_key="")
    assert raw("openai_api_key") == ""


def test_another_master_key_reads_as_nothing_and_overwrites_nothing(settings):
    saved(openai_api_key=CANARY)
    old, before = settings.AI_ENCRYPTION_KEYS, raw("openai_api_key")
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    row = AIProviderSettings.get_solo()
    assert isinstance(row.openai_api_key, Unreadable) and row.openai_api_key == ""
    row.mode = "solo"
    row.save()
    assert raw("openai_api_key") == before
    settings.AI_ENCRYPTION_KEYS = old
    assert AIProviderSettings.get_solo().openai_api_key == CANARY


def test_a_second_master_key_still_reads_what_the_first_wrote(settings):
    saved(openai_api_key=CANARY)
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.AI_ENCRYPTION_KEYS]
    assert AIProviderSettings.get_solo().openai_api_key == CANARY


def test_the_first_master_key_is_the_one_that_encrypts(settings):
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.AI_ENCRYPTION_KEYS]
    saved(openai_api_key=CANARY)
    settings.AI_ENCRYPTION_KEYS = settings.AI_ENCRYPTION_KEYS[:1]
    assert AIProviderSettings.get_solo().openai_api_key == CANARY


def test_a_filter_by_a_key_finds_nothing():
    saved(openai_api_key=CANARY)
    assert not AIProviderSettings.objects.filter(openai_api_key=CANARY).exists()


@pytest.mark.parametrize(
    ("dollars", "pico"), [("0.0000000000001", 1), ("1.0000000000001", 10**12 + 1), ("1", 10**12)]
)
def test_less_than_a_pico_dollar_counts_as_a_whole_one(dollars, pico):
    """No rounding ever hides spend."""
    assert to_pico(Decimal(dollars)) == pico
    assert from_pico(pico) >= Decimal(dollars)
