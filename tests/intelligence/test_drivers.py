"""Every driver that asks a model, against the fakes: true HTTP of its own protocol, its own key, its refusal."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from intelligence.models import IntelligenceProvider
from intelligence.providers import PROVIDER_CLASSES, get_provider, saved_providers
from providers import catalog
from providers.models import AIServiceConfig, AIUsageLog
from tests.fakes import modes
from tests.intelligence.test_analyze_api import KEY, LOG, ask, said

PATHS = {
    "openai": "/v1/chat/completions",
    "claude": "/v1/messages",
    "gemini": "/gemini/v1/models/m-1:generateContent",
    "copilot": "/v1/chat/completions",
    "grok": "/xai/v1/chat/completions",
    "ollama": "/ollama/api/chat",
    "mistral": "/mistral/v1/chat/completions",
}
KEY_HEADERS = {"gemini": "x-goog-api-key", "ollama": None}


def test_the_table_of_this_file_has_every_driver():
    assert set(PATHS) | {"local"} == set(PROVIDER_CLASSES)


@pytest.fixture
def fakes(upstream, everyone, monkeypatch):
    """Every vendor's own address is the fake upstream's; what is asked has a price."""
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"model_pricing": {"*": {"input": 1, "output": 2}}})
    for slug in PATHS:
        url = upstream.openai_url if slug == "copilot" else upstream.url(slug)
        monkeypatch.setitem(catalog._BY_SLUG, slug, replace(catalog.provider(slug), base_url=url))
    return upstream


@pytest.mark.parametrize("slug", PATHS)
def test_a_driver_speaks_its_protocol_with_its_own_key_and_falls_back_where_that_is_refused(
    as_user, fakes, monkeypatch, slug
):
    monkeypatch.setattr(modes, "written", lambda *_: said())
    config = {"model": "m-1", "max_tokens": 777} | ({} if slug == "ollama" else {"api_key": KEY})
    row = IntelligenceProvider.objects.create(name=f"Our {slug}", provider=slug, config=config, is_active=True)
    found = ask(as_user, log=LOG, mode="hybrid").json()
    assert (found["source"], found["provider"], found["fallback"]) == ("ai", f"Our {slug}", "")
    assert found["evidence"][0]["lines"] == [5, 5] and found["hypotheses"] == ["Memory ran out."]
    call = fakes.calls[-1]
    body, headers = json.dumps(call.body), {name.lower(): value for name, value in call.headers.items()}
    assert call.path == PATHS[slug] and "777" in body and "requests_oauthlib" in body and KEY not in call.path
    header = KEY_HEADERS.get(slug, "authorization")
    assert header is None or headers[header].endswith(KEY)
    usage = AIUsageLog.objects.get()
    assert (usage.provider, usage.model, usage.success) == (slug, "m-1", True)
    if slug == "ollama":
        fakes.script(*["404"] * 4)
    else:
        IntelligenceProvider.objects.filter(pk=row.pk).update(config={**config, "api_key": "wrong-key-123456789"})
    found = ask(as_user, log=LOG, mode="hybrid").json()
    assert (found["source"], found["provider"], found["primary"]) == ("local", "local", "MISSING_MODULE")
    assert found["fallback"].startswith(f"Our {slug} did not answer: ") and "wrong-key" not in json.dumps(found)


def test_without_a_row_the_environment_names_openai_and_a_row_ends_that(as_user, fakes, monkeypatch, settings):
    monkeypatch.setattr(modes, "written", lambda *_: said())
    given = {"OPENAI_API_KEY": KEY, "OPENAI_MODEL": "m-env"}
    settings.PROVIDER_ENV_KEY = lambda name, default="": given.get(name, default)
    found = ask(as_user, log=LOG, mode="hybrid").json()
    assert (found["source"], found["provider"]) == ("ai", "OpenAI") and fakes.calls[-1].body["model"] == "m-env"
    page = as_user("mara").get("/providers/analysis/", HTTP_ACCEPT="application/json").json()
    assert page["answers"] == "OpenAI" and page["from_env"] is True
    IntelligenceProvider.objects.create(name="Spare", provider="grok", config={"api_key": KEY})
    found = ask(as_user, log=LOG, mode="hybrid").json()
    assert (found["source"], found["provider"], found["fallback"]) == ("local", "local", "")
    assert len(fakes.calls) == 1


def test_with_nothing_at_all_the_local_rules_answer(as_user, fakes, settings):
    settings.PROVIDER_ENV_KEY = lambda name, default="": default
    assert get_provider().provider == "local"
    for mode in ("rules", "hybrid", "ai"):
        found = ask(as_user, log=LOG, mode=mode).json()
        assert (found["source"], found["primary"]) == ("local", "MISSING_MODULE")
        assert found["fallback"].startswith("No model is chosen") is (mode == "ai"), mode
    assert fakes.calls == [] and not AIUsageLog.objects.exists()


@pytest.mark.parametrize("end", ["deleted", "replaced"])
def test_l2_a_provider_that_goes_while_it_is_asked_still_gives_its_answer_under_its_name(
    as_user, fakes, monkeypatch, settings, end
):
    settings.PROVIDER_ENV_KEY = lambda name, default="": default
    monkeypatch.setattr(modes, "written", lambda *_: said())
    config = {"model": "m-1", "api_key": KEY}
    row = IntelligenceProvider.objects.create(name="Ours", provider="openai", config=config, is_active=True)
    fakes.set_mode("hold")

    def asked():
        try:
            return ask(as_user, log=LOG, mode="hybrid").json()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asked)
        fakes.wait_for(bool)
        if end == "deleted":
            row.delete()
        else:
            saved_providers.activate(IntelligenceProvider.objects.create(name="Next", provider="local"))
        fakes.release()
        found = running.result(60)
    assert (found["source"], found["provider"], found["fallback"]) == ("ai", "Ours", "")
    assert AIUsageLog.objects.get().success
    assert ask(as_user, log=LOG, mode="hybrid").json()["source"] == "local" and len(fakes.calls) == 1


def test_fifty_activations_at_once_leave_exactly_one_active(everyone):
    rows = [IntelligenceProvider.objects.create(name=f"p{n}", provider="local") for n in range(5)]
    seen = []

    def activate(n):
        try:
            saved_providers.activate(rows[n % 5])
            seen.append(IntelligenceProvider.objects.filter(is_active=True).count())
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(activate, range(50)))
    assert seen == [1] * 50 and IntelligenceProvider.objects.filter(is_active=True).count() == 1
