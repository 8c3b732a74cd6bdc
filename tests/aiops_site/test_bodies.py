"""Bodies that nobody should send: every surface answers with one sentence in its own shape, never with a 500."""

from decimal import Decimal

import pytest

from aiops_site.web.renderers import JsonRenderer

POSTS = [
    "/api/v1/senate/sessions/",
    "/senate/",
    "/senate/quote/",
    "/api/v1/ai/providers/update/",
    "/providers/",
    "/providers/senate/",
    "/providers/test/",
    "/account/",
    "/usage/caps/ivo/",
]
ODD = {
    "deep": (b"[" * 100_000, "not JSON"),
    "long number": (b'{"a": ' + b"9" * 5_001 + b"}", "not JSON"),
    "NaN": (b'{"a": NaN}', "not JSON"),
    "Latin-1": (b'{"a": "\xff"}', "not JSON"),
    "UTF-16": ("{}".encode("utf-16"), "not JSON"),
    "null": (b"null", "must be a JSON object"),
    "list": (b"[]", "must be a JSON object"),
    "text": (b'"x"', "must be a JSON object"),
    "half a pair": (b'{"question": "\\ud800", "name": "\\ud800"}', "surrogate"),
}


@pytest.fixture
def mara(client, people, settings):
    settings.AI_CHAT_RATE = "100000/min"
    client.force_login(people["mara"])
    return client


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_an_odd_body_gets_one_sentence(mara, path, odd, accept) -> None:
    body, words = ODD[odd]
    answer = mara.post(path, body, content_type="application/json", headers={"Accept": accept})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert answer["Content-Type"].startswith("application/json" if path.startswith("/api/") else accept)


@pytest.mark.parametrize("path", ["/api/v1/senate/sessions/", "/senate/"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_of_three_megabytes_is_too_big(mara, path, kind) -> None:
    body = b'{"question": "' if "json" in kind else b"question="
    answer = mara.post(path, body + b"x" * 3_000_000, content_type=kind)
    assert answer.status_code == 413
    assert "over 2 MB" in answer.content.decode()


def test_a_thousand_fields_are_too_many(mara) -> None:
    answer = mara.post("/api/v1/senate/sessions/", {f"f{n}": "x" for n in range(1_000)})
    assert answer.status_code == 400
    assert "too many fields" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/docs/", "/senate/", "/api/v1/ai/models", "/providers/"])
def test_options_are_refused_like_any_method_that_is_not_there(mara, path) -> None:
    assert mara.options(path).status_code == 405


def test_a_form_without_its_token_is_told_what_to_do(people) -> None:
    from django.test import Client

    foreign = Client(enforce_csrf_checks=True)
    foreign.force_login(people["mara"])
    for path in ("/api/v1/senate/sessions/", "/account/", "/logout/"):
        answer = foreign.post(path, {"question": "x"})
        assert answer.status_code == 403
        assert "came from another site" in answer.content.decode()


def test_a_name_with_nul_is_nobody(mara) -> None:
    assert mara.get("/usage/caps/a%00b/").status_code == 404


def test_a_wrong_item_of_a_list_gets_a_plain_sentence(mara) -> None:
    body = {"question": "Why?", "members": [1, {}, ["x"]]}
    answer = mara.post("/api/v1/senate/sessions/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "members[1]: Not a valid string."


def test_an_act_that_is_no_text_is_refused(mara) -> None:
    answer = mara.post(
        "/providers/", {"do": []}, content_type="application/json", headers={"Accept": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "do"


def test_money_leaves_as_exact_text() -> None:
    assert JsonRenderer().render({"a": Decimal("0.100000000001"), "b": Decimal("1E-12")}) == (
        b'{"a":"0.100000000001","b":"0.000000000001"}'
    )
