"""What the tests of the Keys page share: its addresses, a key to look for, calls in the ledger."""

import json
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from providers.configuration import configure
from providers.models import AIProviderSettings, AIUsageLog
from providers.models.forever import AppendOnly

CANARY = "sk-canary-5f0c7d2e91b34a68"
PAGE, TEST = "/providers/", "/providers/test/"
LIST, UPDATE, API_TEST = "/api/v1/ai/providers/", "/api/v1/ai/providers/update/", "/api/v1/ai/test/"
HTMX = {"HTTP_HX_REQUEST": "true"}


def post_json(client: Client, url: str, body: object):
    return client.post(url, json.dumps(body), content_type="application/json")


def key(slug: str, **rest: str) -> None:
    configure.save_provider(slug=slug, by="Mara", key=CANARY, **rest)


def a_call(slug: str, *, minutes_ago: int, ok: bool = True, code: str = "", message: str = "") -> None:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    row = AIUsageLog(provider=slug, model="m", operation="chat", success=ok, created_at=at, cap_day=at.date())
    row.processing_time_ms, row.actual_cost_usd = 1600, "0.25"
    row.error_code, row.error_message = code, message
    AppendOnly(AIUsageLog).bulk_create([row])


def states(client: Client) -> dict[str, str]:
    return {row["slug"]: row["state"] for row in client.get(LIST).json()["providers"]}


def saved_long_ago() -> None:
    row = AIProviderSettings.get_solo()
    row.key_history = {slug: {"by": "Mara", "at": "2026-01-01T00:00:00+00:00"} for slug in row.key_history}
    row.save()
