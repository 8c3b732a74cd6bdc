"""What a call knows of the saved settings: never older than the call, and made again only where a row changed."""

import threading

import pytest
from django.db import connection

from providers.configuration import configure, current
from providers.ledger.database import Database
from providers.models import AIProviderSettings, AIServiceConfig
from providers.resilience import breaker
from providers.runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(current, "_known", None)


@pytest.fixture
def openai():
    configure.save_provider(slug="openai", by="Mara", key="sk-first-key")


def key_of_openai() -> str:
    return current.read().directory.connection("openai").key


def test_nothing_is_decrypted_or_made_twice_while_no_row_changes(openai, django_assert_num_queries) -> None:
    first = current.read()
    with django_assert_num_queries(3):
        again = current.read()
    assert again.directory is first.directory
    assert again.config is first.config


def test_a_key_saved_by_anyone_in_any_way_holds_from_the_next_read_on(openai) -> None:
    assert key_of_openai() == "sk-first-key"
    configure.save_provider(slug="openai", by="Mara", key="sk-second-key")
    assert key_of_openai() == "sk-second-key"
    AIProviderSettings.objects.update(openai_api_key="sk-third-key")  # touches no timestamp
    assert key_of_openai() == "sk-third-key"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE providers_aiprovidersettings SET openai_model = 'by-hand'")
    assert current.read().directory.entries["openai"].model == "by-hand"


def test_policy_and_environment_are_seen_the_same_way(openai, settings) -> None:
    assert current.read().config.is_enabled
    AIServiceConfig.objects.create(is_enabled=False)
    assert not current.read().config.is_enabled
    settings.PROVIDER_ENV_KEY = lambda name, default="": "sk-env" if name == "GROK_API_KEY" else default
    assert current.read().directory.connection("grok").key == "sk-env"


def test_every_key_is_known_to_the_redaction_in_each_spelling(openai) -> None:
    assert "sk-first-key" in current.read().spelled
    configure.save_provider(slug="openai", by="Mara", key="sk-with/slash")
    assert {"sk-with/slash", "sk-with%2Fslash"} <= set(current.read().spelled)
    assert "sk-first-key" not in current.read().spelled


def test_a_row_that_is_written_while_it_is_read_is_read_again(openai, monkeypatch) -> None:
    make, late = current._make, iter(["sk-in-between"])

    def written_meanwhile(seen):
        made = make(seen)
        if key := next(late, None):
            AIProviderSettings.objects.update(openai_api_key=key)
        return made

    monkeypatch.setattr(current, "_make", written_meanwhile)
    assert key_of_openai() == "sk-in-between"
    assert key_of_openai() == "sk-in-between"


@pytest.mark.django_db(transaction=True)
def test_a_breaker_that_opens_in_another_thread_rests_at_once(everyone) -> None:
    assert not current.read().rests("openai", "m")

    def fail() -> None:
        database = Database()
        database.begin()
        breaker.feed(database, breaker.Verdict("openai", "m", "key", clock.now(), threshold=1), clock.now())
        database.commit()
        database.close()

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert current.read().rests("openai", "m")
    assert not current.read().rests("openai", "other")
