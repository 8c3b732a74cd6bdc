"""`/metrics`: who may read it, and that its figures are the ledger's."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from providers import metrics
from providers.access.identity import make_token
from providers.models import ProviderBreaker
from providers.types import Usage
from providers.usage.rollup import roller
from tests.providers.ledger.ledger_kit import attempt, record, reserve


def scrape(client: Client, **headers: str) -> dict[tuple, float]:
    """(name, labels ...) -> value"""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def admin(everyone) -> Client:
    client = Client()
    client.force_login(everyone["mara"])
    return client


def test_it_is_for_admins_and_the_token_alone(everyone, settings):
    settings.METRICS_TOKEN = "scrape-me-please"
    client = Client()
    assert client.get("/metrics").status_code == 401
    for name in ("ivo", "ana", "lee"):
        _, secret = make_token(everyone[name], "t")
        assert client.get("/metrics", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
        inside = Client()
        inside.force_login(everyone[name])
        assert inside.get("/metrics").status_code == 401
    for wrong in ("Bearer scrape-me", "Bearer", "Bearer \u00fc", "Basic c2NyYXBlOm1l"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    _, secret = make_token(everyone["mara"], "t")
    for good in (secret, "scrape-me-please"):
        assert client.get("/metrics", headers={"Authorization": f"Bearer {good}"}).status_code == 200
    settings.METRICS_TOKEN = ""
    refused = client.get("/metrics", headers={"Authorization": "Bearer "})
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")
    assert refused["WWW-Authenticate"] == "Bearer"


def test_calls_tokens_cost_and_times_are_those_of_the_ledger(admin, everyone):
    ivo = everyone["ivo"].pk
    record(attempt(ivo, 40, 10, "0.05", processing_time_ms=1000), reserve(ivo))
    roller.roll()
    record(attempt(everyone["lee"].pk, usage=Usage(100, 20, cached_input_tokens=60)), "")
    record(attempt(ivo, 0, 0, "0", success=False, error_code="upstream_timeout", processing_time_ms=90_000), "")
    found = scrape(admin)
    here = ("gpt-4o-mini", "{}", "openai")
    calls = {one: found["aiops_calls_total", "gpt-4o-mini", one, "openai"] for one in ("ok", "failed", "limited")}
    assert calls == {"ok": 2, "failed": 1, "limited": 0}
    assert found["aiops_tokens_total", here[0], "openai", "input"] == 140
    assert found["aiops_tokens_total", here[0], "openai", "output"] == 30
    assert found["aiops_tokens_total", here[0], "openai", "cached_input"] == 60
    assert found["aiops_cost_usd_total", here[0], "openai"] == pytest.approx(0.10)
    buckets = {key[1]: value for key, value in found.items() if key[0] == "aiops_upstream_seconds_bucket"}
    assert buckets["+Inf"] == 3
    assert [value for _, value in sorted((float(le), value) for le, value in buckets.items())] == sorted(
        buckets.values()
    )
    assert found["aiops_upstream_seconds_sum", "openai"] == pytest.approx(91)
    assert found["aiops_upstream_seconds_count", "openai"] == 3
    assert found["aiops_ledger_rows",] == 3


def test_reservations_breakers_budgets_queues_and_sockets_are_there(admin, everyone, settings, tmp_path):
    settings.QUEUE_DIR, settings.REDIS_URL = tmp_path, ""
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages" / "1_x.work.msg").write_text("{}")
    reserve(everyone["ivo"].pk, 100, "0.25")
    now = datetime.now(UTC)
    ProviderBreaker.objects.create(provider="openai", model="m", failures=9, opened_at=now, reason="fault")
    ProviderBreaker.objects.create(
        provider="groq", model="m", failures=9, opened_at=now - timedelta(days=2), reason="fault"
    )
    found = scrape(admin)
    assert (found["aiops_reservations_open",], found["aiops_reserved_usd",]) == (1, 0.25)
    assert (found["aiops_budget_used_usd", "day"], found["aiops_budget_limit_usd", "month"]) == (0.25, 500)
    assert found["aiops_breaker_state", "m", "openai"] == 2
    assert found["aiops_breaker_state", "m", "groq"] == 1
    assert (found["aiops_queue_depth", "work"], found["aiops_queue_depth", "deliberations"]) == (1, 0)
    assert found["aiops_open_sockets",] == 0
    assert found["aiops_sessions", "queued"] == 0


def test_what_is_rarely_called_is_summed_as_other(admin, everyone, monkeypatch):
    monkeypatch.setattr(metrics, "MOST_MODELS", 2)
    for model, calls in (("a", 3), ("b", 2), ("c", 1), ("d", 1)):
        for _ in range(calls):
            record(attempt(everyone["ivo"].pk, model=model, usd="0.01"), "")
    found = scrape(admin)
    ok = {key[1]: value for key, value in found.items() if key[0] == "aiops_calls_total" and key[2] == "ok"}
    assert ok == {"a": 3, "b": 2, "other": 2}
    spent = sum(Decimal(str(value)) for key, value in found.items() if key[0] == "aiops_cost_usd_total")
    assert spent == Decimal("0.07")


def test_no_label_names_a_person_or_a_session(admin, everyone):
    record(attempt(everyone["ivo"].pk, session_id="s-secret"), "")
    page = admin.get("/metrics").content.decode()
    assert "ivo" not in page
    assert "s-secret" not in page
