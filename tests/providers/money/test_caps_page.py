"""Caps: who has used how much today, who may change it, and what can be typed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from providers.models import AIServiceConfig, CapDay, SiteDay, UserAICap
from providers.runtime import watching
from providers.views.caps_page import sentence, shares, tone

JSON = {"HTTP_ACCEPT": "application/json"}
API = "/api/v1/ai/caps/"
CHANGE = {"daily_cost_cap_usd": "15.00", "daily_token_cap": "200000", "reason": "release day"}


@pytest.fixture
def sign_in(people):
    def make(name: str) -> Client:
        client = Client()
        client.force_login(people[name])
        return client

    return make


def used(user, usd: str, reserved: str = "0", tokens: int = 1000) -> None:
    CapDay.objects.create(
        user=user,
        day=datetime.now(UTC).date(),
        used_usd=Decimal(usd),
        reserved_usd=Decimal(reserved),
        used_tokens=tokens,
    )


def test_everyone_without_a_row_has_the_default(sign_in, people) -> None:
    data = sign_in("ana").get(API).json()
    assert [one["username"] for one in data["caps"]] == ["ana", "ivo", "lee", "mara"]
    assert {(one["daily_cost_cap_usd"], one["daily_token_cap"]) for one in data["caps"]} == {("10.00", 100_000)}
    page = sign_in("ana").get("/usage/caps/").content.decode()
    assert "has the default: $10.00 and 100,000 tokens a UTC day." in page


def test_the_fullest_cap_comes_first_and_the_page_says_the_same_as_the_api(sign_in, people) -> None:
    used(people["ivo"], "10.00")
    used(people["lee"], "8.31", "0.15")
    used(people["mara"], "0", tokens=99_000)
    client = sign_in("mara")
    twin, page = client.get(API).json()["caps"], client.get("/usage/caps/", **JSON).json()["caps"]
    assert [one["username"] for one in twin] == ["ivo", "mara", "lee", "ana"]
    assert [{name: one[name] for name in twin[0]} for one in page] == [
        {**one, "resets_in_s": shown["resets_in_s"]} for one, shown in zip(twin, page, strict=True)
    ]
    assert (twin[2]["used_usd"], twin[2]["reserved_usd"], twin[2]["left_usd"]) == ("8.31", "0.15", "1.54")
    text = client.get("/usage/caps/").content.decode()
    assert "Stopped, resets in" in text
    assert "83 %, $0.15 reserved" in text


def test_others_see_their_own_cap_and_no_form(sign_in, people) -> None:
    for name in ("lee", "ivo"):
        client = sign_in(name)
        assert [one["username"] for one in client.get(API).json()["caps"]] == [name]
        page = client.get("/usage/caps/").content.decode()
        assert "Change" not in page
        assert "mara" not in page
        assert client.get("/usage/caps/ana/").status_code == 404
        own = client.get(f"/usage/caps/{name}/")
        assert own.status_code == 200
        assert '<form method="post" action="/usage/caps' not in own.content.decode()
        assert client.post("/usage/caps/ana/", CHANGE).status_code == 403
        assert client.patch(f"{API}{name}/", CHANGE, "application/json").status_code == 403
    assert not UserAICap.objects.exists()


@pytest.mark.parametrize("name", ["mara", "ana"])
def test_a_change_holds_at_once_and_leads_back(sign_in, people, name: str) -> None:
    client = sign_in(name)
    answer = client.post("/usage/caps/ivo/", CHANGE)
    assert (answer.status_code, answer["Location"]) == (303, "/usage/caps/")
    cap = UserAICap.objects.get(user=people["ivo"])
    assert (cap.daily_cost_cap_usd, cap.daily_token_cap) == (Decimal("15.00"), 200_000)
    assert "ivo has $15.00 and 200,000 tokens a day" in client.get("/usage/caps/").content.decode()


def test_the_api_changes_one_cap_and_leaves_the_other(sign_in, people) -> None:
    body = {"daily_token_cap": 5, "reason": "quiet week"}
    answer = sign_in("ana").patch(f"{API}ivo/", body, "application/json")
    assert answer.status_code == 200
    assert (answer.json()["daily_token_cap"], answer.json()["daily_cost_cap_usd"]) == (5, "10.00")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"daily_cost_cap_usd": "-1"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "a lot"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "NaN"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "1e9"}, "daily_cost_cap_usd"),
        ({"daily_token_cap": "1.5"}, "daily_token_cap"),
        ({"daily_token_cap": "-5"}, "daily_token_cap"),
        ({"daily_token_cap": "9" * 30}, "daily_token_cap"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_what_cannot_be_a_cap_is_said_beside_its_field_and_changes_nothing(
    sign_in, people, change: dict, field: str
) -> None:
    client = sign_in("mara")
    answer = client.post("/usage/caps/ivo/", CHANGE | change)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'href="#id_{field}"' in page
    assert f'id="id_{field}-note"' in page
    kept = {name: typed for name, typed in CHANGE.items() if name not in change}
    assert all(f'value="{typed}"' in page for typed in kept.values()), "what else was typed stands there still"
    error = client.patch(f"{API}ivo/", CHANGE | change, "application/json").json()["error"]
    assert error["param"] == field
    assert not UserAICap.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [({"reason": "why", "user": 1}, 400), ([], 400), ({}, 400), ("text", 400), ({"reason": "nothing else"}, 400)],
)
def test_bodies_that_make_no_sense_are_refused(sign_in, people, body: object, status: int) -> None:
    answer = sign_in("mara").patch(f"{API}ivo/", body, "application/json")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not UserAICap.objects.exists()


def test_nobody_of_that_name_is_404(sign_in, people) -> None:
    assert sign_in("mara").patch(f"{API}nobody/", CHANGE, "application/json").status_code == 404
    assert sign_in("mara").get("/usage/caps/nobody/").status_code == 404


def test_a_cap_below_what_is_used_says_that_calls_stop(sign_in, people) -> None:
    used(people["ivo"], "8.31")
    client = sign_in("ana")
    assert "Already used $8.31 today" in client.get("/usage/caps/ivo/").content.decode()
    client.post("/usage/caps/ivo/", CHANGE | {"daily_cost_cap_usd": "5"})
    page = client.get("/usage/caps/").content.decode()
    assert "Already used $8.31 and 1,000 tokens today, so calls stop until 00:00 UTC." in page


@pytest.mark.parametrize(
    ("percent", "expected"),
    [("0", ""), ("79.99", ""), ("80", "warn"), ("94.9", "warn"), ("95", "bad"), ("300", "bad")],
)
def test_tones_follow_the_thresholds(percent: str, expected: str) -> None:
    assert tone(Decimal(percent)) == expected


def test_a_cap_of_zero_is_full() -> None:
    one = {
        "used_usd": "0.00",
        "reserved_usd": "0.00",
        "daily_cost_cap_usd": "0.00",
        "used_tokens": 0,
        "daily_token_cap": 0,
        "resets_in_s": 3600,
    }
    assert shares(one) == (100, 100)
    assert sentence(one, *shares(one)) == "Stopped, resets in 1 h 0 m"


def test_a_raise_for_tonight_says_its_end_and_what_comes_after(sign_in, people) -> None:
    client = sign_in("mara")
    client.post("/usage/caps/ivo/", CHANGE | {"until": "tonight"})
    page = client.get("/usage/caps/").content.decode()
    assert "ivo has $15.00 and 200,000 tokens a day from the next call on, until " in page
    assert "then $10.00 and 100,000 tokens" in page
    assert "<q>release day</q>" in page
    (one,) = [cap for cap in client.get(API).json()["caps"] if cap["username"] == "ivo"]
    assert (one["daily_cost_cap_usd"], one["usual_cost_cap_usd"]) == ("15.00", "10.00")
    assert one["temporary_until"].endswith("T00:00:00+00:00")


def test_the_budgets_of_the_site_are_for_who_sees_everyone(sign_in, people) -> None:
    SiteDay.objects.create(day=datetime.now(UTC).date(), used_usd=Decimal(90), reserved_usd=Decimal(2))
    day, month = sign_in("ana").get(API).json()["budgets"]
    assert (day["used_usd"], day["reserved_usd"], day["limit_usd"], day["left_usd"]) == (
        "90.00",
        "2.00",
        "100.00",
        "8.00",
    )
    assert (day["tone"], day["sentence"], month["limit_usd"]) == ("warn", "90 %, $2.00 reserved", "500.00")
    assert sign_in("lee").get(API).json()["budgets"] == []
    assert "Edit the site's budget" not in sign_in("ana").get("/usage/caps/").content.decode()
    assert "Edit the site's budget" in sign_in("mara").get("/usage/caps/").content.decode()


BUDGET = {"daily_cost_limit_usd": "$1,040.50", "monthly_cost_limit_usd": "9000", "reason": "new team"}


def test_an_admin_changes_the_sites_budgets_with_a_reason_that_stands_in_the_history(sign_in, people) -> None:
    client = sign_in("mara")
    form = client.get("/usage/budgets/").content.decode()
    assert 'name="daily_cost_limit_usd"' in form and 'value="100.00"' in form
    assert 'name="daily_cost_limit_usd"' not in sign_in("ana").get("/usage/budgets/").content.decode()
    answer = client.post("/usage/budgets/", BUDGET | {"pause_on_budget_exceeded": "false"})
    assert (answer.status_code, answer["Location"]) == (303, "/usage/caps/")
    config = AIServiceConfig.get_instance()
    assert (config.daily_cost_limit_usd, config.monthly_cost_limit_usd) == (Decimal("1040.50"), 9000)
    assert config.pause_on_budget_exceeded is False
    page = client.get("/usage/caps/").content.decode()
    assert "to $1,040.50 a day and $9,000.00 a month, which only warns: <q>new team</q>" in page
    [told] = client.get(API).json()["history"]
    assert (told["by"], told["about"], told["reason"]) == ("mara", "the site's budget", "new team")
    changed = client.patch(API, {"daily_cost_limit_usd": "50", "reason": "calm"}, "application/json").json()
    assert changed["budgets"][0]["limit_usd"] == "50.00" and changed["history"][0]["reason"] == "calm"
    for name in ("ana", "ivo", "lee"):
        assert sign_in(name).post("/usage/budgets/", BUDGET).status_code == 403
        assert sign_in(name).patch(API, BUDGET, "application/json").status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"daily_cost_limit_usd": "-1"}, "daily_cost_limit_usd"),
        ({"monthly_cost_limit_usd": "lots"}, "monthly_cost_limit_usd"),
        ({"pause_on_budget_exceeded": "perhaps"}, "pause_on_budget_exceeded"),
        ({"max_retries": "1"}, "max_retries"),
    ],
)
def test_what_cannot_be_a_budget_is_said_beside_its_field_and_changes_nothing(
    sign_in, people, change: dict, field: str
) -> None:
    client = sign_in("mara")
    answer = client.post("/usage/budgets/", BUDGET | change)
    page = answer.content.decode()
    assert answer.status_code == 400 and 'value="9000"' in page or "monthly" in field
    assert f'href="#id_{field}"' in page or field == "max_retries"
    refused = client.patch(API, BUDGET | change, "application/json").json()["error"]
    assert refused["param"] == field
    assert AIServiceConfig.get_instance().daily_cost_limit_usd == 100


def test_others_read_the_history_of_their_own_cap_alone(sign_in, people) -> None:
    client = sign_in("mara")
    for name in ("ivo", "lee"):
        client.post(f"/usage/caps/{name}/", CHANGE | {"reason": f"for {name}"})
    told = sign_in("lee").get(API).json()["history"]
    assert [one["reason"] for one in told] == ["for lee"]


def test_an_account_that_cannot_sign_in_is_there_once_it_spends(sign_in, people) -> None:
    people["lee"].is_active = False
    people["lee"].save()
    client = sign_in("ana")
    assert "lee" not in [one["username"] for one in client.get(API).json()["caps"]]
    used(people["lee"], "1.00")
    assert client.get(API).json()["caps"][0]["username"] == "lee"


def test_a_token_cap_that_is_used_up_is_said_in_red(sign_in, people) -> None:
    used(people["ivo"], "1.00", tokens=100_000)
    page = sign_in("mara").get("/usage/caps/").content.decode()
    assert '<span class="meta bad">Stopped at the token cap, resets in' in page
    assert "nothing left" in page


def test_the_page_is_told_when_a_bar_changes(sign_in, people) -> None:
    before = watching.version("caps")
    assert f'data-version="{before}"' in sign_in("lee").get("/usage/caps/").content.decode()
    used(people["ivo"], "1.00")
    assert watching.version("caps") != before
