"""The overview: first steps that tick themselves, and the cap that is nearer to its end."""

import re
from decimal import Decimal

import pytest

from aiops_site.overview import needs
from intelligence.models import Deployment, Service
from providers.models import AIProviderSettings, CapDay, UserAICap
from senate.models import SenateSession


@pytest.fixture
def overview(client, people):
    def look(name: str = "mara") -> dict:
        client.force_login(people[name])
        return client.get("/", headers={"Accept": "application/json"}).json()

    return look


def done(data: dict) -> list[bool]:
    return [step["done"] for step in data["checklist"]]


def test_the_first_steps_tick_themselves_and_go(overview, people) -> None:
    assert done(overview()) == [False, False, False]
    row = AIProviderSettings.get_solo()
    row.openai_api_key = "sk-canary-0123456789abcdef"
    row.save()
    assert done(overview()) == [True, False, False]
    UserAICap.objects.create(user=people["ivo"])
    assert done(overview()) == [True, True, False]
    SenateSession.objects.create(owner=people["mara"], question="Why?")
    assert overview()["checklist"] == []


def test_an_empty_overview_says_what_to_do_next_once_in_ink(client, people) -> None:
    client.force_login(people["mara"])
    page = client.get("/", headers={"Accept": "text/html"}).content.decode()
    assert re.findall(r'button-primary" href="([^"]+)"', page) == ["/providers/"]
    for sentence, step in (
        ("Nothing is running.", "Ask a question"),
        ("No provider has a key.", "Add key"),
        ("No service yet.", "Add service"),
        ("No fix yet.", "Choose services"),
    ):
        assert re.search(rf'<p>{re.escape(sentence)}</p><a class="button" href="[^"]+">{step}</a>', page), sentence


def test_the_next_step_is_the_first_that_is_open_and_may_be_done(overview, people) -> None:
    marked = lambda name: [step["title"] for step in overview(name)["checklist"] if step.get("next")]  # noqa: E731
    assert marked("mara") == ["Save a key"]
    assert marked("ivo") == ["Look at caps"], "an engineer saves no keys"


@pytest.mark.parametrize(
    ("state", "title", "action"),
    [("Key refused", "OpenRouter refuses its key", "Replace key"), ("Failed", "OpenRouter fails", "See provider")],
)
def test_a_provider_in_trouble_is_told_in_a_sentence_with_what_cures_it(state, title, action) -> None:
    (told,) = needs.keys(
        [{"name": "OpenRouter", "slug": "openrouter", "state": state, "trouble": True, "sentence": "It said so."}]
    )
    assert (told["title"], told["action"]) == (title, action)


def test_who_may_not_ask_gets_no_steps(overview) -> None:
    assert overview("lee")["checklist"] == []


@pytest.mark.parametrize(
    ("tokens", "usd", "percent", "nearer"),
    [(50_000, "1", 50.0, "100,000 tokens"), (1_000, "9.60", 96.0, "cap")],
)
def test_spend_is_of_the_nearer_cap(overview, people, today, tokens, usd, percent, nearer) -> None:
    CapDay.objects.create(user=people["mara"], day=today, used_tokens=tokens, used_usd=Decimal(usd))
    spend = overview()["spend"]
    assert (round(spend["share_percent"], 6), spend["nearer"]) == (percent, nearer)
    assert bool([need for need in overview()["needs_you"] if "cap" in need["title"]]) == (percent > 95)


@pytest.fixture
def today():
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def test_a_private_session_of_somebody_else_is_not_running_here(overview, people) -> None:
    SenateSession.objects.create(owner=people["ivo"], question="Mine", visibility="private", state="running")
    SenateSession.objects.create(owner=people["ivo"], question="Ours", visibility="team", state="running")
    assert [row["question"] for row in overview()["running"]] == ["Ours"]


def test_more_than_fits_is_counted_whole(overview, client, people) -> None:
    for n in range(25):
        service = Service.objects.create(name=f"api-{n}", owner=people["ivo"])
        Deployment.objects.create(service=service, status="FAILED", branch="main")
    data = overview()
    assert (data["services"]["broken"], len(data["services"]["failing"])) == (25, 7)
    assert len(data["needs_you"]) + data["needs_more"] == 25
    page = client.get("/", headers={"Accept": "text/html"}).content.decode()
    assert '<strong class="bad">25</strong> failing' in page and "and 18 more" in page
