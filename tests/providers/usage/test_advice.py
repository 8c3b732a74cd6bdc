"""Advice and the matrix: every figure is one of the ledger's, and nobody is told of rows that are not theirs."""

from decimal import Decimal

import pytest
from django.test import Client

from providers.usage import advice as advisers
from providers.usage.advice import advice
from providers.usage.matrix import MODELS, matrix
from providers.usage.rollup.roller import roll
from tests.providers.usage.usage_kit import MARCH, insert, many, question, row

JSON = {"HTTP_ACCEPT": "application/json"}


def of_kind(people: dict, kind: str, who: str = "ana", **given: str) -> list[dict]:
    return [one for one in advice(people[who], question(**given))["findings"] if one["kind"] == kind]


def calls_of(people: dict, model: str, usd: str, count: int, failed: int = 0, **given: object) -> None:
    rows = [row(people["ivo"], model=model, usd=usd, prompt_hash="", **given) for _ in range(count - failed)]
    insert(*rows, *[row(people["ivo"], model=model, usd=usd, success=False, **given) for _ in range(failed)])


@pytest.mark.parametrize("rolled", [False, True])
def test_a_cheaper_model_with_the_same_success_is_named_with_what_it_saves(people, rolled: bool) -> None:
    calls_of(people, "dear", "0.10", 40, failed=1)
    calls_of(people, "cheap", "0.02", 40, failed=1)
    if rolled:
        roll()
    [found] = of_kind(people, "cheaper_model")
    assert found["title"] == "chat on dear could go to cheap (OpenAI)"
    assert Decimal(found["saves_usd"]) == 40 * (Decimal("0.10") - Decimal("0.02"))
    assert found["filters"] == {"operation": "chat", "provider": "openai", "model": "dear"}
    assert {"label": "Calls now", "value": "40"} in found["figures"]


@pytest.mark.parametrize(
    "given",
    [{"failed": 3}, {"count": 29}, {"usd": "0.0999"}, {"operation": "senate.propose"}],
    ids=["fails more often", "too few calls", "saves too little", "another operation"],
)
def test_a_model_that_proves_nothing_is_not_named(people, given: dict) -> None:
    calls_of(people, "dear", "0.10", 40, failed=1)
    calls_of(people, "cheap", **{"usd": "0.02", "count": 40, **given})
    assert not of_kind(people, "cheaper_model")


def test_members_of_a_deliberation_are_not_compared(people) -> None:
    calls_of(people, "dear", "0.10", 40, operation="senate.propose")
    calls_of(people, "cheap", "0.02", 40, operation="senate.propose")
    assert not of_kind(people, "cheaper_model")


def test_a_dear_fallback_is_named_with_what_it_cost_more(people) -> None:
    calls_of(people, "usual", "0.01", 50)
    calls_of(people, "spare", "0.05", 10, used_fallback=True, provider="claude")
    [found] = of_kind(people, "dear_fallback")
    assert Decimal(found["saves_usd"]) == 10 * Decimal("0.04")
    assert found["filters"]["status"] == "fallback"
    assert not of_kind(people, "dear_fallback", status="ok", provider="openai")


@pytest.mark.parametrize("rolled", [False, True])
def test_prompts_that_were_sent_again_are_counted_exactly(people, rolled: bool) -> None:
    same = {"prompt_hash": "ab" * 32, "input_tokens": 900, "cached_input_tokens": 100}
    insert(*[row(people["ivo"], usd="0.02", **same) for _ in range(4)])
    insert(
        row(people["ivo"], usd="0.02", **same, success=False), row(people["ivo"], usd="5", prompt_hash="cd" * 32)
    )
    if rolled:
        roll()
    [found] = of_kind(people, "asked_again")
    assert found["saves_usd"] == "0.06"
    shown = {one["label"]: one["value"] for one in found["figures"]}
    assert (shown["Asked again"], shown["Input tokens not from a cache"]) == ("3", "2,400")


def test_advice_is_given_on_ones_own_rows_only(people) -> None:
    calls_of(people, "dear", "0.10", 40)
    calls_of(people, "cheap", "0.02", 40)
    assert of_kind(people, "cheaper_model", who="ivo")
    assert advice(people["lee"], question())["findings"] == []


def test_a_higher_floor_adds_its_advisers(people) -> None:
    from senate.reading.influence import idle_votes

    assert idle_votes in advisers._ADVISERS


def test_the_matrix_adds_up_and_leads_to_its_calls(people) -> None:
    rows = many(people, 300)
    client = Client()
    client.force_login(people["mara"])
    data = client.get(f"/api/v1/ai/usage/matrix/?{MARCH}").json()
    assert len(data["models"]) == MODELS + 1
    assert data["total"]["calls"] == 300
    for line in data["rows"]:
        assert sum(Decimal(cell["spend_usd"]) for cell in line["cells"]) == Decimal(line["spend_usd"])
        mine = [r for r in rows if r.user_id == people[line["key"]].pk]
        assert line["calls"] == len(mine)
        model = data["models"][0]["filters"]["model"]
        assert line["cells"][0]["calls"] == sum(r.model == model for r in mine)
    for n, total in enumerate(data["totals"]):
        assert total["calls"] == sum(line["cells"][n]["calls"] for line in data["rows"])
    page = client.get(f"/usage/?{MARCH}&view=matrix", **JSON).json()
    cell = next(cell for line in page["matrix"]["rows"] for cell in line["cells"] if cell["url"] and cell["calls"])
    assert client.get(cell["url"], **JSON).json()["total"] == cell["calls"]


def test_the_matrix_of_a_viewer_has_one_row(people) -> None:
    many(people, 100)
    assert [line["key"] for line in matrix(people["lee"], question())["rows"]] == ["lee"]


@pytest.mark.parametrize("view", ["details", "matrix", "advice", "table"])
def test_every_view_is_a_page_with_the_same_totals(people, view: str) -> None:
    evil = '"><script>alert(1)</script>'
    many(people, 60)
    calls_of(people, evil, "0.10", 40)
    calls_of(people, "cheap", "0.02", 40)
    client = Client()
    client.force_login(people["ana"])
    answer = client.get(f"/usage/?{MARCH}&view={view}&group=model")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<script>alert" not in page and "style=" not in page
    assert page.count("<h1") == 1
    assert 'aria-current="true"' in page
    assert client.get(f"/usage/?{MARCH}&view=moon", **JSON).json()["error"]["param"] == "view"
