"""The search behind `/`: what a reader may open, and nothing else."""

import pytest

from intelligence.models import Service
from senate.models import SenateSession


@pytest.fixture
def found(client, people):
    def look(name: str, words: str) -> dict[str, list[str]]:
        client.force_login(people[name])
        groups = client.get("/search/", {"q": words}, headers={"Accept": "application/json"}).json()["groups"]
        return {group["label"]: [hit["title"] for hit in group["hits"]] for group in groups}

    return look


def test_words_lead_to_services_sessions_and_pages(found, people) -> None:
    Service.objects.create(owner=people["ivo"], name="checkout-api")
    SenateSession.objects.create(owner=people["ivo"], question="Why is checkout slow?")
    assert found("lee", "checkout") == {"Services": ["checkout-api"], "Sessions": ["Why is checkout slow?"]}
    assert found("mara", "audit") == {"Pages": ["Audit log"]}
    assert found("lee", "audit") == {}
    assert found("mara", "  ") == {}


def test_a_private_session_is_found_by_its_owner_alone(found, people) -> None:
    SenateSession.objects.create(owner=people["ivo"], question="Mine alone", visibility="private")
    assert found("ivo", "alone") == {"Sessions": ["Mine alone"]}
    assert found("mara", "alone") == {}


def test_odd_words_are_only_words(client, people) -> None:
    client.force_login(people["mara"])
    for words in ("%", "'; --", "<script>", "\x00", "x" * 5_000):
        page = client.get("/search/", {"q": words})
        assert page.status_code == 200 and "<script>" not in page.content.decode()
