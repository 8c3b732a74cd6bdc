"""Usage pages: the same figures in all clothes, everybody's rows only for those who may, clear errors."""

import html
import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from providers.format import exact_count, money
from tests.providers.usage.usage_kit import MARCH, insert, many, row

JSON = {"HTTP_ACCEPT": "application/json"}
PAGES = ["/usage/", "/usage/calls/", "/usage/caps/"]
TWINS = ["/api/v1/ai/usage/", "/api/v1/ai/usage/summary/", "/api/v1/ai/caps/"]


class Inline(HTMLParser):
    """Collects what the policy forbids in a page: style attributes, handlers, scripts without an address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        names = dict(attributes)
        bad = [name for name in names if name == "style" or name.startswith("on")]
        if bad or (tag == "script" and not names.get("src")) or tag == "style":
            self.found.append(f"<{tag} {names}>")


@pytest.fixture
def sign_in(people):
    def make(name: str) -> Client:
        client = Client()
        client.force_login(people[name])
        return client

    return make


@pytest.mark.parametrize("path", [*PAGES, *TWINS])
def test_nobody_who_is_not_signed_in_sees_figures(people, path: str) -> None:
    assert Client().get(path, **JSON).status_code == 401


@pytest.mark.parametrize("group", ["provider", "model", "user", "operation", "session"])
def test_the_json_twin_gives_the_numbers_of_the_page(sign_in, people, group: str) -> None:
    many(people, 150)
    client = sign_in("ana")
    twin = client.get(f"/api/v1/ai/usage/summary/?{MARCH}&group={group}").json()
    page = client.get(f"/usage/?{MARCH}&group={group}", **JSON).json()
    assert {name: page["totals"][name] for name in twin["totals"]} == twin["totals"]
    for name in ("days", "groups"):
        for shown, told in zip(page[name], twin[name], strict=True):
            assert {key: shown[key] for key in told} == told
    whole = html.unescape(client.get(f"/usage/?{MARCH}&group={group}&view=table").content.decode())
    assert f'value="{twin["totals"]["spend_usd"]}"' in whole
    for found in twin["groups"]:
        assert money(found["spend_usd"]) in whole
        assert exact_count(found["calls"]) in whole
    for day in twin["days"]:
        assert f'value="{day["spend_usd"]}"' in whole


def test_every_figure_leads_to_exactly_its_calls(sign_in, people) -> None:
    many(people, 150)
    client = sign_in("mara")
    for group in ("provider", "model", "user", "operation"):
        page = client.get(f"/usage/?{MARCH}&group={group}", **JSON).json()
        for found in page["groups"]:
            assert client.get(found["url"], **JSON).json()["total"] == found["calls"]
            assert client.get(found["failed_url"], **JSON).json()["total"] == found["failed"]
    for day in page["days"][:5]:
        assert client.get(day["url"], **JSON).json()["total"] == day["calls"]


def test_others_than_managers_and_admins_see_their_own_rows(sign_in, people) -> None:
    rows = many(people, 120)
    secret = next(r for r in rows if r.user_id == people["ana"].pk)
    for name in ("lee", "ivo"):
        client, own = sign_in(name), sum(r.user_id == people[name].pk for r in rows)
        assert client.get(f"/api/v1/ai/usage/summary/?{MARCH}").json()["totals"]["calls"] == own
        listed = client.get(f"/api/v1/ai/usage/?{MARCH}&page_size=500").json()
        assert listed["total"] == own
        assert {one["user"] for one in listed["rows"]} == {name}
        for path in (f"/usage/?{MARCH}&user=ana", f"/usage/calls/?{MARCH}&user=ana", f"/usage/calls/{secret.pk}/"):
            assert client.get(path, **JSON).status_code == 404
            assert client.get(path).status_code == 404
        assert client.get(f"/usage/calls/?{MARCH}&user=ana&export=csv").status_code == 404
        assert not re.search(r"\bana\b", client.get(f"/usage/?{MARCH}&group=user").content.decode())
    for name in ("mara", "ana"):
        assert re.search(r"\bana\b", sign_in(name).get(f"/usage/?{MARCH}&group=user").content.decode())
        assert sign_in(name).get(f"/usage/calls/{secret.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("range=forever", "range"),
        ("from=2024-03-20&to=2024-03-01", "from"),
        ("from=soon", "from"),
        ("group=planet", "group"),
        ("user=nobody", "user"),
        ("zone=Mars/Olympus", "zone"),
        ("zone=../etc/passwd", "zone"),
        ("zone=%00", "zone"),
        ("after=2", "after"),
        ("after=0~2024-03-01T00:00:00%2B00:00~00000000-0000-4000-8000-000000000000", "after"),
        ("after=5~2024-03-01~00000000-0000-4000-8000-000000000000", "after"),
        ("page=2", "page"),
        ("page_size=0", "page_size"),
        ("page_size=-1", "page_size"),
        ("page_size=%C2%B2", "page_size"),
        ("page_size=501", "page_size"),
        ("page_size=1000000000", "page_size"),
        ("page_size=ten", "page_size"),
        ("pages=2", "pages"),
    ],
)
def test_bad_questions_get_one_clear_400(sign_in, query: str, param: str) -> None:
    for path in ("/api/v1/ai/usage/", "/usage/calls/"):
        answer = sign_in("ana").get(f"{path}?{query}", **JSON)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["param"], error["type"]) == (param, "invalid_request_error")
        assert error["message"]


def test_a_bad_range_stands_beside_its_field_and_keeps_what_was_typed(sign_in) -> None:
    answer = sign_in("ana").get("/usage/?from=2024-03-20&to=2024-03-01&model=gpt")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert '<a href="#id_from">The range ends (2024-03-01) before it begins (2024-03-20).</a>' in page
    assert 'value="2024-03-20"' in page
    assert 'value="gpt"' in page
    assert '<details class="filter" open>' in page


def test_pages_have_no_style_attribute_no_inline_script_and_escape_what_models_are_called(sign_in, people) -> None:
    evil = '"><script>alert(1)</script><b style="x">'
    made = insert(
        row(people["ivo"], model=evil, operation=evil, session_id=evil, error_message=evil, success=False)
    )
    client = sign_in("mara")
    for path in (
        f"/usage/?{MARCH}&group=model",
        f"/usage/?{MARCH}&group=session&view=table",
        f"/usage/?{MARCH}&group=operation",
        f"/usage/calls/?{MARCH}",
        f"/usage/calls/{made[0].pk}/",
        "/usage/caps/",
        "/usage/caps/ivo/",
    ):
        answer = client.get(path)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert page.count("<h1") == 1
        assert "<script>alert" not in page
        inline = Inline()
        inline.feed(page)
        assert not inline.found, path


def test_an_htmx_request_gets_the_part_without_the_frame(sign_in) -> None:
    part = sign_in("mara").get(f"/usage/?{MARCH}", HTTP_HX_REQUEST="true").content.decode()
    assert '<div id="usage">' in part
    assert "<html" not in part


def test_an_empty_range_says_so_and_offers_the_usual_one(sign_in) -> None:
    page = sign_in("ana").get(f"/usage/?{MARCH}").content.decode()
    assert "No calls in this range." in page
    assert "Last 30 days" in page
    assert "nothing spent" in page


def test_a_single_users_chart_has_the_cap_as_a_line_and_nobody_elses(sign_in, people) -> None:
    insert(row(people["ivo"], usd="8.00"))
    line = "daily cap $10.00"
    assert line in sign_in("ivo").get(f"/usage/?{MARCH}").content.decode()
    assert line in sign_in("mara").get(f"/usage/?{MARCH}&user=ivo").content.decode()
    assert line not in sign_in("mara").get(f"/usage/?{MARCH}").content.decode()
    assert line not in sign_in("mara").get(f"/usage/?{MARCH}&user=ivo&provider=openai").content.decode()


def test_usage_is_relaxed_for_plotly_and_no_other_page_is(sign_in) -> None:
    client = sign_in("mara")
    assert "style-src-attr 'unsafe-inline'" in client.get("/usage/")["Content-Security-Policy"]
    for path in ("/usage/calls/", "/usage/caps/"):
        assert "unsafe-inline" not in client.get(path)["Content-Security-Policy"]
