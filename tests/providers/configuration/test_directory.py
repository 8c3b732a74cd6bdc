"""Which providers can be called, with what, in which order."""

import pytest

from providers.configuration import configure
from providers.configuration.directory import Directory
from providers.exceptions import InvalidInput, NotConfigured

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment(settings):
    keys: dict[str, str] = {}
    settings.PROVIDER_ENV_KEY = lambda name, default="": keys.get(name, default)
    return keys


def key(slug: str, **rest: str) -> None:
    configure.save_provider(slug=slug, by="Mara", key="sk-saved", **rest)


def test_a_key_of_the_environment_counts_and_a_saved_one_wins(environment):
    environment["XAI_API_KEY"] = "sk-env"
    entry = Directory().entries["grok"]
    assert (entry.configured, entry.source, entry.env_name) == (True, "environment", "XAI_API_KEY")
    assert Directory().connection("grok").key == "sk-env"
    key("grok")
    assert Directory().connection("grok").key == "sk-saved"


def test_providers_of_the_environment_get_colours_that_no_saved_one_has(environment):
    key("openai")
    environment.update(GROK_API_KEY="sk-env", GROQ_API_KEY="sk-env")
    entries = Directory().entries
    assert [entries[slug].slot for slug in ("openai", "grok", "groq", "claude")] == [1, 2, 3, 0]


def test_a_local_model_is_configured_by_its_address_alone(upstream):
    assert not Directory().entries["local"].configured
    configure.save_provider(slug="local", by="Mara", base_url=upstream.openai_url)
    entry = Directory().entries["local"]
    assert (entry.configured, entry.source, entry.slot) == (True, "address", 1)
    assert Directory().connection("local").base_url == upstream.openai_url


def test_a_key_without_the_address_it_needs_is_not_enough():
    key("smsly")
    with pytest.raises(NotConfigured, match="SMSLY Cloud has no address"):
        Directory().connection("smsly")


def test_mock_is_never_used_silently(settings):
    with pytest.raises(NotConfigured, match="AI_ALLOW_MOCK=1"):
        Directory().connection("mock")
    settings.AI_ALLOW_MOCK = True
    assert Directory().connection("mock").provider == "mock"
    assert "mock" not in [e.row.slug for e in Directory().configured()]


def test_a_name_is_a_slug_and_all_the_rest_is_the_model():
    key("nvidia")
    seat = Directory().resolve("nvidia/nvidia/llama-3.1")
    assert (seat.provider, seat.model) == ("nvidia", "nvidia/llama-3.1")
    assert Directory().resolve("nvidia").model == Directory().entries["nvidia"].model


def test_an_unknown_name_is_the_callers_mistake():
    with pytest.raises(InvalidInput) as refused:
        Directory().resolve("gpt-4")
    assert (refused.value.param, refused.value.code) == ("model", "model_not_found")


def test_a_key_shows_in_no_repr(environment):
    key("openai")
    directory = Directory()
    assert "sk-saved" not in repr(directory.connection("openai")) + repr(directory.entries) + repr(directory.saved)


def test_cloudflare_needs_an_account_id_and_takes_it_from_the_environment_too(environment):
    key("cloudflare")
    with pytest.raises(NotConfigured, match="Cloudflare has no account id"):
        Directory().connection("cloudflare")
    environment["CLOUDFLARE_ACCOUNT_ID"] = "acc-env"
    assert Directory().connection("cloudflare").account_id == "acc-env"
    configure.save_settings(changes={"cloudflare_account_id": "acc-saved"}, by="Mara")
    assert Directory().connection("cloudflare").account_id == "acc-saved"


def test_jules_is_called_at_the_hosts_of_its_setting_and_sits_nowhere(environment, settings):
    settings.JULES_ALLOWED_HOSTS = ["jules.googleapis.com"]
    key("jules")
    assert Directory().connection("jules").allowed_hosts == ("jules.googleapis.com",)
    assert "jules" not in [seat.provider for seat in _seats()]
    with pytest.raises(InvalidInput, match="Jules is no chat model"):
        Directory().resolve("jules")


def _seats():
    try:
        return Directory().members()
    except NotConfigured:
        return []
