"""The audit page and its JSON twins: filters, pages, export, how the chain stands."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test import Client

from providers.ledger import seals, triggers, verify
from providers.ledger.chains import AUDIT
from providers.models import AuditEntry
from providers.trail import audit
from tests.providers.usage.usage_kit import insert, row

API = "/api/v1/audit/"


@pytest.fixture
def acts(db, people) -> None:
    for number in range(7):
        audit.record("cap.raise", audit.user(people["ivo"]), after={"n": number}, by=people["ana"], reason="=1+1")
    audit.record("key.save", audit.Thing("provider", "openai", "OpenAI"), after={"openai_api_key": "x"})


def entries(client: Client, query: str = "") -> list[dict]:
    return client.get(API + query).json()["entries"]


def test_filters_keep_exactly_their_entries(mara, acts, people):
    assert len(entries(mara, "?actor=ana")) == 7
    assert len(entries(mara, f"?actor=%23{people['ana'].pk}&action=cap.raise")) == 7
    assert {e["action"] for e in entries(mara, "?object=provider:openai")} == {"key.save"}
    assert {e["surface"] for e in entries(mara, "?actor=shell")} == {"shell"}
    assert entries(mara, "?from=2001-01-01&to=2001-01-02") == []
    assert len(entries(mara, "?action=cap.raise&actor=mara")) == 0


def test_pages_follow_one_another_without_gap_or_repeat(mara, acts):
    seen, query = [], "?page_size=3"
    while True:
        page = mara.get(API + query).json()
        seen += [entry["number"] for entry in page["entries"]]
        if page["next_before"] is None:
            break
        query = f"?page_size=3&before={page['next_before']}"
    assert seen == list(range(AuditEntry.objects.count(), 0, -1))


@pytest.mark.parametrize(
    ("query", "param"),
    [("?from=yesterday", "from"), ("?from=2026-02-02&to=2026-02-01", "from"), ("?actor=nobody-here", "actor"),
     ("?before=0", "before"), ("?before=99999999999999999999", "before"), ("?page_size=x", "page_size"),
     ("?colour=red", "colour"), ("?export=pdf", "export"), ("?object=" + "x" * 300, "object"),
     ("?from=0001-01-01", "from")],
)  # fmt: skip
def test_what_can_not_be_used_is_one_sentence(mara, query, param):
    response = mara.get(API + query)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert mara.get("/audit/" + query).status_code == 400


def test_a_page_size_is_capped(mara, acts):
    assert mara.get(API + "?page_size=1000000").status_code == 200


def test_the_page_shows_what_changed_and_one_entry_all_of_it(mara, acts):
    page = mara.get("/audit/?action=cap.raise").content.decode()
    assert "No entry matches" not in page
    assert "n 6" in page
    assert "Chain not checked yet" in page
    number = AuditEntry.objects.filter(action="key.save").get().number
    entry = mara.get(f"/audit/{number}/").content.decode()
    assert "openai_api_key" in entry
    assert "Not sealed yet" in entry
    assert mara.get("/audit/999999/").status_code == 404
    assert mara.get("/audit/99999999999999999999/").status_code == 404


def test_nothing_matches_in_words(mara, acts):
    assert "No entry matches." in mara.get("/audit/?from=2001-01-01&to=2001-01-02").content.decode()


def test_names_are_those_of_today_and_hostile_text_is_escaped(mara, people):
    people["ivo"].username = "<script>alert(1)</script>"
    people["ivo"].save()
    audit.record("x<b>", audit.user(people["ivo"]), after={"<i>": "<img src=x>"}, reason="<u>")
    page = mara.get("/audit/").content.decode()
    for hostile in ("<script>alert", "<b>", "<i>", "<img", "<u>"):
        assert hostile not in page


def text_of(response) -> str:
    return b"".join(response.streaming_content).decode() if not response.is_async else _drained(response)


def _drained(response) -> str:
    import asyncio

    async def all_of_it() -> bytes:
        return b"".join([chunk async for chunk in response.streaming_content])

    return asyncio.run(all_of_it()).decode()


@pytest.fixture
def committed(everyone) -> Client:
    client = Client()
    client.force_login(everyone["mara"])
    for number in range(5):
        audit.record("cap.raise", audit.user(everyone["ivo"]), after={"n": number}, reason="=1+1")
    return client


def test_exports_hold_every_matching_entry_and_no_formula(committed, monkeypatch):
    monkeypatch.setattr("providers.trail.audit_log.EXPORT_AT_ONCE", 2)
    rows = list(csv.DictReader(io.StringIO(text_of(committed.get("/audit/?export=csv&action=cap.raise")))))
    assert [json.loads(one["after"])["n"] for one in rows] == [4, 3, 2, 1, 0]
    assert {one["reason"] for one in rows} == {"'=1+1"}
    told = json.loads(text_of(committed.get(f"{API}?export=json&action=cap.raise")))
    assert [entry["after"]["n"] for entry in told] == [4, 3, 2, 1, 0]
    assert AuditEntry.objects.filter(action="audit.export").count() == 2


def test_an_empty_export_is_valid(committed):
    query = "from=2001-01-01&to=2001-01-02"
    assert json.loads(text_of(committed.get(f"/audit/?export=json&{query}"))) == []
    assert len(text_of(committed.get(f"/audit/?export=csv&{query}")).splitlines()) == 1


def test_check_now_says_that_the_chain_is_whole(committed):
    assert committed.post("/audit/check/").status_code == 303
    page = committed.get("/audit/").content.decode()
    assert "Chain whole" in page
    assert "a second" in page
    chains = {chain["chain"]: chain for chain in committed.post(f"{API}chains/").json()["chains"]}
    assert chains["audit"]["ok"] is True
    assert chains["audit"]["proven"] == AuditEntry.objects.count()


def test_a_broken_chain_is_red_on_every_page_and_names_the_entry(committed):
    seals.seal(AUDIT)
    triggers.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE providers_auditentry SET reason = 'x' WHERE number = 3")
    triggers.install(connection)
    verify.verify(AUDIT)
    page = committed.get("/audit/").content.decode()
    assert "Audit entry 3 was changed" in page
    assert "/audit/3/" in page
    assert "chain broken" in committed.get("/providers/").content.decode()
    assert committed.get(API).json()["chains"][1]["first_bad"] == 3


def test_the_usage_page_says_when_its_rows_were_verified(committed, everyone):
    insert(row(everyone["ivo"]))
    committed.post("/audit/check/")
    assert "Chain whole" in committed.get("/usage/").content.decode()
    lee = Client()
    lee.force_login(everyone["lee"])
    assert lee.get(f"{API}chains/").json()["chains"][0]["ok"] is True
    assert lee.post(f"{API}chains/").status_code == 403


def test_engineers_and_viewers_do_not_read_it(people):
    for name in ("ivo", "lee"):
        client = Client()
        client.force_login(people[name])
        assert client.get(API).status_code == 403
        assert 'href="/audit/"' not in client.get("/menu/").content.decode()
