"""Absurd figures from an upstream never lower spend and never break a page."""

import asyncio
import json
from decimal import Decimal

import pytest
from django.test import Client

from providers.models import AIUsageLog, CapDay
from providers.types import Usage
from tests.providers.ledger.ledger_kit import assert_reconciled, attempt, record

ROWS = [
    {"usage": Usage(-(10**9), -1), "usd": "-5"},
    {"usage": Usage(10**400, 10**30), "usd": "1e50"},
    {"usage": Usage("twelve", None), "usd": "NaN"},
    {"usage": Usage(float("nan"), float("inf")), "usd": "Infinity"},
    {"usage": Usage(10, 10, cached_input_tokens=10**30, reasoning_tokens=-3), "usd": "0"},
]
PAGES = [
    "/usage/",
    "/usage/?view=table&group=model",
    "/usage/?group=user",
    "/usage/calls/",
    "/usage/caps/",
    "/",
    "/providers/",
]


@pytest.fixture
def mara(everyone) -> Client:
    client = Client()
    client.force_login(everyone["mara"])
    return client


def text_of(response) -> str:
    async def whole() -> bytes:
        return b"".join([chunk async for chunk in response.streaming_content])

    return asyncio.run(whole()).decode()


def test_no_figure_of_an_upstream_lowers_spend_or_breaks_a_page(mara, everyone):
    ivo, before = everyone["ivo"].pk, (0, Decimal(0))
    for row in ROWS:
        record(attempt(ivo, estimated_cost_usd=Decimal("0.01"), **row), "")
        day = CapDay.objects.get(user_id=ivo)
        assert day.used_tokens >= before[0]
        assert day.used_usd >= before[1]
        before = (day.used_tokens, day.used_usd)
    assert_reconciled()
    for page in PAGES:
        assert mara.get(page).status_code == 200, page
    for row in AIUsageLog.objects.all():
        assert mara.get(f"/usage/calls/{row.pk}/").status_code == 200
    assert len(text_of(mara.get("/usage/calls/?export=csv")).splitlines()) == len(ROWS) + 1
    told = json.loads(mara.get("/api/v1/ai/usage/summary/").content)
    assert Decimal(told["totals"]["spend_usd"]) == before[1] > 0
