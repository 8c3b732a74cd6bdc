"""Single calls: pages in order, one call with all that is known of it, and the export."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.test import AsyncClient, Client

from providers.usage import calls
from providers.usage.export import HEAD, cell
from providers.usage.rollup.roller import roll
from tests.providers.usage.usage_kit import MARCH, NOW, insert, many, row

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def ana(people) -> Client:
    client = Client()
    client.force_login(people["ana"])
    return client


@pytest.mark.parametrize("rolled", [False, True])
def test_pages_give_every_row_once_newest_first(ana: Client, people, rolled: bool) -> None:
    same_moment = [row(people["ivo"], at=NOW) for _ in range(30)]
    rows = insert(*same_moment, *[row(people["lee"], at=NOW - timedelta(minutes=n)) for n in range(45)])
    url, seen = f"/api/v1/ai/usage/?{MARCH}&page_size=20", []
    if rolled:
        roll()
        rows += insert(row(people["ivo"], at=NOW))
    while url:
        page = ana.get(url).json()
        assert page["total"] == len(rows)
        assert (page["first"], page["last"]) == (len(seen) + 1, len(seen) + len(page["rows"]))
        seen += page["rows"]
        url = page["next_url"]
    assert sorted(one["id"] for one in seen) == sorted(str(one.pk) for one in rows)
    moments = [one["created_at"] for one in seen]
    assert moments == sorted(moments, reverse=True)


def test_a_page_links_to_its_neighbours_with_the_same_filters(ana: Client, people) -> None:
    insert(*[row(people["ivo"], provider="groq") for _ in range(120)])
    first = ana.get(f"/usage/calls/?{MARCH}&provider=groq", **JSON).json()
    assert first["newest_url"] == ""
    page = ana.get(first["next_url"], **JSON).json()
    assert page["newest_url"] == f"/usage/calls/?{MARCH}&provider=groq"
    assert page["filters"] == {"provider": "groq"}
    assert "51 to 100 of 120" in ana.get(first["next_url"]).content.decode()
    last = ana.get(page["next_url"], **JSON).json()
    assert (last["first"], last["last"], last["next_url"]) == (101, 120, "")


def test_a_row_has_exact_money_and_says_how_its_usage_is_known(ana: Client, people) -> None:
    made = insert(
        row(people["ivo"], usd="0.000000000001", usage_source="estimated", estimated_cost_usd=Decimal("1"))
    )
    listed = ana.get(f"/api/v1/ai/usage/?{MARCH}").json()["rows"][0]
    assert listed["actual_cost_usd"] == "0.000000000001"
    assert (listed["estimated_cost_usd"], listed["usage_source"], listed["user"]) == ("1.00", "estimated", "ivo")
    assert listed["created_at"] == "2024-03-20T15:30:00+00:00"
    assert "≈" in ana.get(f"/usage/calls/{made[0].pk}/").content.decode()


def test_a_call_shows_classes_rates_source_error_and_hash(ana: Client, people) -> None:
    made = insert(
        row(
            people["ivo"],
            success=False,
            error_code="upstream_timeout",
            error_message="No answer within 180 s. <b>",
            input_tokens=5000,
            cached_input_tokens=4321,
            reasoning_tokens=17,
            rates={"input": "3.00", "cached_input": "0.30"},
            prompt_hash="ab" * 32,
            operation="senate.propose",
            session_id="77",
            retry_count=2,
        )
    )
    page = ana.get(f"/usage/calls/{made[0].pk}/").content.decode()
    for text in ("upstream_timeout", "No answer within 180 s. &lt;b&gt;", "4,321", "17", "cached input", "0.30"):
        assert text in page
    for text in ("genai-prices", "ab" * 32, "/usage/calls/?session=77", "/senate/77/", "retried 2", "$0.01"):
        assert text in page


def test_a_call_shows_all_attempts_at_its_question(ana: Client, people) -> None:
    same = {"prompt_hash": "ab" * 32, "operation": "chat", "session_id": "s"}

    def tried(second: int, **given: object) -> object:
        return row(people["ivo"], at=NOW + timedelta(seconds=second), **{**same, **given})

    rows = insert(
        tried(0),
        tried(10, success=False, error_code="upstream_timeout"),
        tried(11, success=False, retry_count=1),
        tried(12, used_fallback=True, provider="claude"),
        tried(20),
        tried(13, prompt_hash="cd" * 32),
        row(people["lee"], at=NOW + timedelta(seconds=11), **same),
    )
    for chosen in rows[1:4]:
        call = ana.get(f"/usage/calls/{chosen.pk}/", **JSON).json()
        assert [one["id"] for one in call["attempts"]] == [str(r.pk) for r in rows[1:4]]
    page = ana.get(f"/usage/calls/{rows[2].pk}/").content.decode()
    assert all(f"/usage/calls/{r.pk}/" in page for r in (rows[1], rows[3]))
    assert len(ana.get(f"/usage/calls/{rows[4].pk}/", **JSON).json()["attempts"]) == 1


def test_rare_calls_are_found_without_looking_through_the_others(ana: Client, people) -> None:
    """The quarters that hold them are known; every other row of the range stays unread."""
    insert(*[row(people["ivo"], at=NOW - timedelta(minutes=n)) for n in range(300)])
    rare = [NOW - timedelta(minutes=3), NOW - timedelta(hours=4), NOW - timedelta(days=9)]
    insert(*[row(people["lee"], at=at, model="rare") for at in rare])
    roll()
    spans = []
    real = calls.windows

    def seen(*given: object):
        for window in real(*given):
            spans.append(window)
            yield window

    calls.windows = seen
    try:
        page = ana.get(f"/api/v1/ai/usage/?{MARCH}&model=rare").json()
    finally:
        calls.windows = real
    assert [row["model"] for row in page["rows"]] == ["rare"] * 3
    assert sum(end - first for first, end in spans) == 3


@pytest.mark.parametrize("pk", ["00000000-0000-4000-8000-000000000000", "no-uuid"])
def test_an_unknown_call_is_404(ana: Client, pk: str) -> None:
    assert ana.get(f"/usage/calls/{pk}/").status_code == 404


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0", "\uff1d1", "\u00a0=1"],
)
def test_a_cell_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["gpt-6-luna", "0.000098", "", "a=b", 17, -3, True, None])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert cell(value) == value


@pytest.mark.django_db(transaction=True)
async def test_the_export_streams_exactly_the_filtered_rows(people, monkeypatch) -> None:
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(calls, "CHUNK", 7)
    rows = await sync_to_async(many)(people, 60)
    evil = '=HYPERLINK("http://x","y")'
    await sync_to_async(insert)(row(people["ivo"], model=evil, provider="claude", at=NOW))
    client = AsyncClient()
    await client.aforce_login(people["ana"])
    answer = await client.get(f"/usage/calls/?{MARCH}&provider=claude&export=csv")
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="usage-2024-03-01-2024-03-20.csv"'
    text = b"".join([part async for part in answer.streaming_content]).decode()
    await sync_to_async(connections.close_all)()  # that of the thread which read the rows
    head, *lines = csv.reader(io.StringIO(text, newline=""))
    assert tuple(head) == HEAD
    kept = [r for r in rows if r.provider == "claude"]
    assert len(lines) == len(kept) + 1
    assert {line[0] for line in lines} >= {str(r.pk) for r in kept}
    cost = head.index("actual_cost_usd")
    assert sum(Decimal(line[cost]) for line in lines) == sum(r.actual_cost_usd for r in kept) + Decimal("0.01")
    assert [line[1] for line in lines] == sorted((line[1] for line in lines), reverse=True)
    assert [line[head.index("model")] for line in lines if "HYPER" in line[head.index("model")]] == [f"'{evil}"]


@pytest.mark.django_db(transaction=True)
async def test_the_json_export_is_one_array_of_the_rows_that_the_api_gives(people, monkeypatch) -> None:
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(calls, "CHUNK", 5)
    await sync_to_async(many)(people, 40)
    await sync_to_async(insert)(row(people["ivo"], model='"</script>\u2028=1+1', at=NOW, provider="claude"))
    client = AsyncClient()
    await client.aforce_login(people["ana"])
    told = (await client.get(f"/api/v1/ai/usage/?{MARCH}&page_size=500")).json()["rows"]
    for query, wanted in (("", told), ("&provider=nobody", [])):
        answer = await client.get(f"/usage/calls/?{MARCH}{query}&export=json")
        assert answer.streaming and answer["Content-Type"] == "application/json"
        assert answer["Content-Disposition"] == 'attachment; filename="usage-2024-03-01-2024-03-20.json"'
        parts = [part async for part in answer.streaming_content]
        assert json.loads(b"".join(parts)) == wanted
        assert len(parts) > 8 or not wanted  # piece by piece, not one text of everything
    await sync_to_async(connections.close_all)()
    assert len(told) == 41 and b"".join(parts) == b"[]\n"


def test_only_csv_and_json_can_be_exported(ana: Client) -> None:
    answer = ana.get(f"/usage/calls/?{MARCH}&export=xlsx", **JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "export"
