"""The door for changes: what is kept, what is cleared, and what is said about it."""

import os
from dataclasses import replace

import pytest

from providers.catalog import CATALOG
from providers.configuration import configure, keytest
from providers.configuration.configure import Saved
from providers.configuration.directory import Directory
from providers.exceptions import InvalidInput, NotConfigured
from providers.models import AIProviderSettings, ProviderCheck

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-5f0c7d2e91"


def change(**fields) -> Saved:
    return configure.save_settings(changes=fields, by="Mara")


def said(saved: Saved) -> str:
    return " ".join(note.text for note in saved.notes)


@pytest.fixture
def environment(settings):
    """The provider keys of the environment, as a dict to fill."""
    keys: dict[str, str] = {}
    settings.PROVIDER_ENV_KEY = lambda name, default="": keys.get(name, default)
    return keys


def test_a_saved_key_is_used_by_the_next_call_and_never_in_the_process_environment():
    change(openai_api_key=CANARY)
    assert Directory().connection("openai").key == CANARY
    assert CANARY not in str(os.environ)


def test_who_saved_a_key_and_when_is_kept_and_goes_with_the_key():
    change(openai_api_key=CANARY)
    assert AIProviderSettings.get_solo().key_history["openai"]["by"] == "Mara"
    configure.clear_key(slug="openai", by="Mara")
    assert "openai" not in AIProviderSettings.get_solo().key_history


def test_an_empty_key_keeps_the_saved_one():
    change(openai_api_key=CANARY)
    change(openai_api_key="", openai_model="gpt-x")
    entry = Directory().entries["openai"]
    assert (entry.source, entry.model) == ("saved", "gpt-x")


def test_an_empty_model_goes_back_to_the_default():
    change(openai_model="gpt-x")
    change(openai_model="")
    assert AIProviderSettings.get_solo().openai_model == ""


def test_a_changed_address_clears_the_key_and_says_so():
    change(openai_api_key=CANARY)
    saved = change(openai_base_url="https://proxy.example.com/v1")
    assert AIProviderSettings.get_solo().openai_api_key == ""
    assert "its key was cleared" in said(saved)
    assert saved.notes[-1].tone == "warn"
    with pytest.raises(NotConfigured):
        Directory().connection("openai")


def test_a_changed_address_with_the_key_entered_again_keeps_it():
    change(openai_api_key=CANARY)
    change(openai_api_key=CANARY, openai_base_url="https://proxy.example.com/v1")
    connection = Directory().connection("openai")
    assert (connection.base_url, connection.key) == ("https://proxy.example.com/v1", CANARY)


def test_going_back_to_the_own_address_clears_the_key_too():
    change(openai_api_key=CANARY, openai_base_url="https://proxy.example.com/v1")
    change(openai_base_url="")
    assert AIProviderSettings.get_solo().openai_api_key == ""


@pytest.mark.parametrize("same", ["https://api.openai.com/v1", "https://api.openai.com/v1/"])
def test_the_same_address_keeps_the_key(same):
    change(openai_api_key=CANARY)
    change(openai_base_url=same)
    assert Directory().connection("openai").key == CANARY


def test_an_address_that_goes_nowhere_public_is_refused_with_the_line_to_add():
    with pytest.raises(InvalidInput, match="AI_PRIVATE_HOSTS=localhost:11434") as refused:
        change(local_base_url="http://localhost:11434/v1")
    assert refused.value.param == "local_base_url"
    assert AIProviderSettings.get_solo().local_base_url == ""


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "https://2130706433/v1",
        "https://127.1/v1",
        "https://169.254.169.254/latest",
        "https://metadata.google.internal/",
        "http://api.openai.com/v1",
        "https://api.openai.com@evil.test/v1",
        "file:///etc/passwd",
        "gopher://x",
        "https://exa mple.com",
    ],
)
def test_a_bad_address_is_refused_at_save(address):
    with pytest.raises(InvalidInput):
        change(openai_base_url=address)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/v1alpha",
        "https://jules.googleapis.com.evil.test/",
        "https://evil.test/#@jules.googleapis.com",
        "https://jules.googleapis.com@evil.test/",
        "https://jules.googleapis.com:22/",
        "https://sub.jules.googleapis.com/",
    ],
)
def test_jules_takes_its_allowed_hosts_alone(address):
    with pytest.raises(InvalidInput) as refused:
        change(jules_base_url=address)
    assert refused.value.param == "jules_base_url"


def test_a_foreign_host_of_jules_gets_the_documented_message():
    with pytest.raises(InvalidInput, match="Provider 'jules' not in JULES_ALLOWED_HOSTS"):
        change(jules_base_url="https://evil.test/v1alpha")


def test_jules_takes_the_other_allowed_host():
    change(jules_base_url="https://API.Jules.google.com:443/v1")
    assert Directory().entries["jules"].base_url.lower().startswith("https://api.jules.google.com")


def test_saving_the_model_itself_checks_the_address_of_jules():
    from django.core.exceptions import ValidationError

    row = AIProviderSettings.get_solo()
    row.jules_base_url = "https://evil.test/"
    with pytest.raises(ValidationError, match="JULES_ALLOWED_HOSTS"):
        row.save()


def test_clearing_falls_back_to_the_environment_and_says_so(environment):
    environment["OPENAI_API_KEY"] = "sk-env"
    change(openai_api_key=CANARY)
    saved = configure.clear_key(slug="openai", by="Mara")
    assert "Calls now use OPENAI_API_KEY from the environment." in said(saved)
    assert Directory().connection("openai").key == "sk-env"


def test_a_key_of_the_environment_is_not_sent_to_an_address_typed_on_the_site(environment):
    environment["OPENAI_API_KEY"] = "sk-env"
    saved = change(openai_base_url="https://proxy.example.com/v1")
    assert "OPENAI_API_KEY is not sent to https://proxy.example.com/v1" in said(saved)
    with pytest.raises(NotConfigured, match="OPENAI_API_KEY is not sent"):
        Directory().connection("openai")


def test_a_key_of_the_environment_may_go_where_the_operator_opened(environment, upstream):
    environment["OPENAI_API_KEY"] = "sk-env"
    change(openai_base_url=upstream.openai_url)
    assert Directory().connection("openai").key == "sk-env"


def test_an_unreadable_key_survives_other_changes_but_not_a_new_address(settings):
    from cryptography.fernet import Fernet

    change(openai_api_key=CANARY)
    old = settings.AI_ENCRYPTION_KEYS
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    change(openai_model="gpt-x", grok_api_key="sk-other")
    settings.AI_ENCRYPTION_KEYS = [*settings.AI_ENCRYPTION_KEYS, *old]
    assert AIProviderSettings.get_solo().openai_api_key == CANARY
    settings.AI_ENCRYPTION_KEYS = settings.AI_ENCRYPTION_KEYS[:1]
    change(openai_base_url="https://proxy.example.com/v1")
    settings.AI_ENCRYPTION_KEYS = [*settings.AI_ENCRYPTION_KEYS, *old]
    assert AIProviderSettings.get_solo().openai_api_key == ""


def test_colour_slots_are_given_in_order_and_kept():
    for slug in ["grok", "openai"]:
        configure.save_provider(slug=slug, by="Mara", key=CANARY)
    configure.clear_key(slug="grok", by="Mara")
    change(claude_api_key=CANARY)
    change(grok_api_key=CANARY)
    slots = {slug: Directory().entries[slug].slot for slug in ["grok", "openai", "claude"]}
    assert slots == {"grok": 1, "openai": 2, "claude": 3}


def test_the_eighth_provider_has_no_colour_of_its_own():
    from providers.catalog import CATALOG

    for row in CATALOG[:8]:
        change(**{f"{row.slug}_api_key": CANARY})
    assert Directory().entries[CATALOG[7].slug].slot == 0


def test_moving_changes_the_order_among_those_with_a_key():
    for slug in ["openai", "grok", "claude"]:
        configure.save_provider(slug=slug, by="Mara", key=CANARY)
    saved = configure.move(slug="claude", step=-1)
    assert [e.row.slug for e in Directory().configured()] == ["openai", "claude", "grok"]
    assert said(saved) == "Claude, now 2 of 3"
    configure.move(slug="openai", step=-1)
    assert [e.row.slug for e in Directory().configured()][0] == "openai"


def test_a_provider_without_a_key_has_no_place_to_move():
    with pytest.raises(InvalidInput, match="no place in the order"):
        configure.move(slug="groq", step=1)


def test_a_working_key_is_tested_for_free_and_its_models_are_kept(upstream):
    configure.save_provider(slug="openai", by="Mara", key=CANARY, base_url=upstream.openai_url)
    result = keytest.test_key(slug="openai")
    assert (result.ok, result.error) == (True, None)
    assert [call.path for call in upstream.calls] == ["/v1/models"]
    assert "fake-sceptic" in [m["id"] for m in ProviderCheck.objects.get(slug="openai").listed]


def test_a_refused_key_gives_the_documented_message(upstream):
    configure.save_provider(slug="openai", by="Mara", key="bad-key-canary", base_url=upstream.openai_url)
    result = keytest.test_key(slug="openai")
    assert result.error.startswith("Provider openai failed: 401 Unauthorized")
    assert result.error.endswith(
        "Incorrect API key provided: ••••••••."
    )  # the upstream echoes its first and last letters


@pytest.mark.parametrize("mode", ["500", "429", "html", "empty"])
def test_an_upstream_that_answers_badly_is_one_clear_failure(upstream, mode):
    configure.save_provider(slug="openai", by="Mara", key=CANARY, base_url=upstream.openai_url)
    upstream.script(mode)
    result = keytest.test_key(slug="openai")
    assert not result.ok
    assert result.error.startswith("Provider openai failed") and CANARY not in result.error


def test_a_provider_that_is_not_available_yet_refuses_the_test(monkeypatch):
    rows = tuple(replace(row, available=row.slug != "gemini") for row in CATALOG)
    monkeypatch.setattr("providers.configuration.directory.CATALOG", rows)
    change(gemini_api_key=CANARY)
    assert keytest.test_key(slug="gemini").error == "Gemini is not available yet."


def test_a_new_key_forgets_the_last_test(upstream):
    configure.save_provider(slug="openai", by="Mara", key="bad", base_url=upstream.openai_url)
    keytest.test_key(slug="openai")
    change(openai_api_key=CANARY)
    assert not ProviderCheck.objects.filter(slug="openai").exists()
