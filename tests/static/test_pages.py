"""The pages of the frame as they leave the site: whole, for their reader, without a style or script inside."""

import re
from unittest.mock import Mock

import pytest
from django.template.loader import get_template
from django.test import Client

from providers.exceptions import AIDisabled, NotConfigured, RateLimited

PAGES = {"/account/": "Account", "/menu/": "Menu", "/components/": "Components", "/nowhere/": "Nothing here"}


@pytest.fixture
def mara(client: Client, people: dict) -> Client:
    client.force_login(people["mara"])
    return client


@pytest.mark.parametrize("path", PAGES)
def test_pages_stand_in_the_frame(mara: Client, path: str) -> None:
    html = mara.get(path).content.decode()
    assert f'<h1 tabindex="-1">{PAGES[path]}</h1>' in html
    assert html.count("<h1") == 1
    assert 'href="#content"' in html
    assert html.count('role="status"') == 1
    assert not re.search(r"\sstyle=|<script(?![^>]*\ssrc=)", html)


def test_an_error_page_names_one_way_on(client: Client, people: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    def way_on(name: str, path: str, status: int) -> str:
        client.force_login(people[name])
        answer = client.get(path)
        assert answer.status_code == status, path
        ways = re.findall(r'class="button button-primary" href="([^"]*)"', answer.content.decode())
        assert len(ways) == 1, path
        return ways[0]

    client.raise_request_exception = False
    assert way_on("lee", "/audit/", 403) == "/account/"
    assert way_on("lee", "/nowhere/", 404).endswith("/search/")
    assert way_on("lee", "/incidents/?state=lost", 400) == "/incidents/"
    for status, error in (
        (500, RuntimeError()),
        (429, RateLimited("Wait.", retry_after=9)),
        (503, AIDisabled()),
    ):
        monkeypatch.setattr("intelligence.views.incidents.page", Mock(side_effect=error))
        assert way_on("lee", "/incidents/?state=open", status) == "/incidents/?state=open"
    monkeypatch.setattr("intelligence.views.incidents.page", Mock(side_effect=NotConfigured("No key.")))
    assert way_on("lee", "/incidents/", 503) == "/providers/"


@pytest.mark.parametrize(
    ("name", "path", "sentence"),
    [
        ("lee", "/components/", "Only an admin may do this; your role is viewer. Ask an admin."),
        ("lee", "/audit/", "Only an admin or a manager may do this; your role is viewer. Ask one of them"),
        ("ana", "/agents/runs/", "Only an admin or an engineer may do this; your role is manager."),
    ],
)
def test_a_refusal_names_the_roles_that_may(
    client: Client, people: dict, name: str, path: str, sentence: str
) -> None:
    client.force_login(people[name])
    answer = client.get(path)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()


def test_a_page_that_has_to_wait_says_how_long(client: Client, people: dict, monkeypatch) -> None:
    client.force_login(people["lee"])
    refused = Mock(side_effect=RateLimited("Too many requests.", retry_after=42.4))
    monkeypatch.setattr("intelligence.views.incidents.page", refused)
    for headers in ({}, {"HTTP_HX_REQUEST": "true"}):
        answer = client.get("/incidents/", **headers)
        assert (answer.status_code, answer["Retry-After"]) == (429, "42")
        assert "You can try again in 42 s." in answer.content.decode()


def test_the_sign_in_page_says_what_is_wrong_and_keeps_the_name(client: Client, people: dict) -> None:
    html = client.post("/login/", {"username": "mara", "password": "wrong"}).content.decode()
    assert "That name and password don't fit together." in html
    assert 'value="mara"' in html
    assert "wrong" not in html
    assert 'name="password"' in "".join(re.findall(r"<input[^>]*autofocus[^>]*>", html))
    back = client.get("/login/?next=/usage/").content.decode()
    assert "After it you are back where you were." in back
    assert 'name="username"' in "".join(re.findall(r"<input[^>]*autofocus[^>]*>", back))


@pytest.mark.django_db
def test_the_first_visit_gives_the_name_back_and_no_secret(client: Client) -> None:
    given = {"code": "AAAA-AAAA", "username": "mara", "password": "a long secret sentence"}
    answer = client.post("/setup/", given)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert '<a href="#id_code">That code is not the one in the terminal.' in html
    assert 'value="mara"' in html
    assert given["password"] not in html
    assert given["code"] not in html


def test_a_new_token_is_shown_once(mara: Client) -> None:
    html = mara.post("/account/", {"name": "ci-runner"}).content.decode()
    secret = re.search(r'data-copies="([^"]+)"', html)
    assert secret
    later = mara.get("/account/").content.decode()
    assert "ci-runner" in later
    assert secret[1] not in later


def test_the_theme_is_kept_without_a_script_and_makes_no_token(mara: Client) -> None:
    answer = mara.post("/account/", {"theme": "dark"})
    assert answer.status_code == 303
    html = mara.get("/account/").content.decode()
    assert '<html lang="en" data-theme="dark"' in html
    assert "No token yet." in html
    mara.post("/account/", {"theme": "system"})
    assert "data-theme=" not in mara.get("/menu/").content.decode().split(">", 2)[1]


def test_a_workbench_page_narrows_the_menu_unless_the_reader_keeps_it_wide(rf, mara: Client) -> None:
    assert '<body class="frame rail">' in rendered(rf.get("/"), rail=True)
    assert '<body class="frame">' in rendered(rf.get("/", HTTP_COOKIE="rail=off"), rail=True)
    assert '<body class="frame rail">' in rendered(rf.get("/", HTTP_COOKIE="rail=on"))


def test_the_overview_counts_what_needs_somebody(rf, mara: Client) -> None:
    need = {"tone": "bad", "title": "OpenRouter refuses its key", "text": "", "url": "/", "action": "Replace key"}
    html = rendered(rf.get("/"), needs_you=[need] * 7, needs_more=4)
    assert html.count("Replace key") == 7
    assert "and 4 more" in html
    assert '<span class="meta">11</span>' in html
    assert "Nothing needs you." in rendered(rf.get("/"))


def rendered(request, **context: object) -> str:
    request.user, request.resolver_match = None, None
    return get_template("overview.html").render(context, request)
