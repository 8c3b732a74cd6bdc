"""The account page's list of browsers, and the zone that times are shown in."""

import pytest
from django.conf import settings
from django.test import Client

from aiops_site.sign_in import signed_in

RIGHT = {"username": "mara", "password": "correct horse battery"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"


def come_in(agent: str) -> Client:
    client = Client(headers={"User-Agent": agent})
    assert client.post("/login/", RIGHT, headers={"User-Agent": agent}).status_code == 302
    return client


def listed(client: Client) -> list[dict]:
    return client.get("/account/", headers={"Accept": "application/json"}).json()["sessions"]


def test_a_lost_phone_is_signed_out_from_here(people) -> None:
    here, phone = come_in(FIREFOX), come_in(PHONE)
    rows = listed(here)
    assert [(row["agent"], row["here"]) for row in rows] == [
        ("Firefox on Linux", True),
        ("Chrome on Android", False),
    ]
    key = phone.cookies[settings.SESSION_COOKIE_NAME].value
    assert key not in here.get("/account/").content.decode()
    assert here.post(f"/account/sessions/{rows[1]['id']}/end/").status_code == 303
    assert phone.get("/account/").status_code == 302
    assert [row["agent"] for row in listed(here)] == ["Firefox on Linux"]


def test_nobody_ends_the_sessions_of_others(people) -> None:
    mara, ivo = come_in(FIREFOX), Client()
    ivo.post("/login/", {**RIGHT, "username": "ivo"})
    assert ivo.post(f"/account/sessions/{listed(mara)[0]['id']}/end/").status_code == 404
    assert mara.get("/account/").status_code == 200


def test_signing_out_takes_the_row_with_it(people) -> None:
    client = come_in(FIREFOX)
    client.post("/logout/")
    assert not signed_in.SignedIn.objects.exists()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Chrome on Android"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_has_a_short_name(agent, words) -> None:
    assert signed_in.browser(agent) == words


def test_times_are_shown_in_the_zone_that_was_chosen(people) -> None:
    client = come_in(FIREFOX)
    assert client.post("/account/", {"zone": "Mars/Olympus"}).status_code == 400
    assert client.post("/account/", {"zone": "Asia/Tokyo"}).status_code == 303
    page = client.get("/account/").content.decode()
    assert '<option value="Asia/Tokyo" selected>' in page and "UTC+9" in page
