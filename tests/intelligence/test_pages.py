"""The pages of services and deployments, in their three clothes."""

import json

import pytest
from django.test import Client

from intelligence.fleet import deployments
from intelligence.logs import logbook, viewer
from intelligence.logs.secrets import redactor
from intelligence.models import Deployment, Service
from providers.runtime import loop

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
CANARY = "canary-9a8b7c6d5e4f"


@pytest.fixture
def browser(people):
    def as_user(name):
        client = Client()
        client.force_login(people[name])
        return client

    return as_user


@pytest.fixture
def failed(service, people):
    made = deployments.report(service, people["ivo"], "FAILED", log="one\n\x1b[31m<b>two</b>\x1b[0m\nthree\n")
    Deployment.objects.filter(pk=made.pk).update(reason="It broke.", failed_in="BUILDING")
    return made


def test_the_list_shows_failing_ones_first_in_all_clothes(browser, service, failed, people):
    Service.objects.create(name="a-quiet-one", owner=people["ivo"])
    page = browser("lee").get("/services/").content.decode()
    assert page.index("checkout-api") < page.index("a-quiet-one") and "Add service" not in page
    told = browser("ivo").get("/services/", headers=JSON).json()
    assert [row["name"] for row in told["services"]] == ["checkout-api", "a-quiet-one"]
    assert told["services"][0]["state"]["status"] == "FAILED" and told["tabs"][1]["count"] == 1
    part = browser("ivo").get("/services/?tab=failing", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "a-quiet-one" not in part
    assert "Services, 1 failing" in page


def test_an_empty_list_says_how_to_begin(browser):
    page = browser("ivo").get("/services/").content.decode()
    assert "No service yet." in page and "curl -H" in page


def test_a_service_is_added_changed_and_its_secrets_never_come_back(browser):
    ivo = browser("ivo")
    form = {"name": "shop", "repository_url": "https://git.example.org/shop.git", "forge_token": CANARY}
    made = ivo.post("/services/new/", {**form, "build_network": "true", "owner": ""})
    shop = Service.objects.get()
    assert (made.status_code, made["Location"]) == (303, f"/services/{shop.pk}/")
    assert shop.forge_token == CANARY and shop.build_network and not shop.deploy_needs_approval
    settings = f"/services/{shop.pk}/settings/"
    assert ivo.post(settings, {"name": "shop", "forge_token": "", "check_command": "pytest"}).status_code == 303
    shop.refresh_from_db()
    assert shop.forge_token == CANARY and not shop.build_network and shop.check_command == "pytest"
    for url in ("/services/", f"/services/{shop.pk}/", settings):
        for headers in ({}, JSON):
            assert CANARY not in ivo.get(url, headers=headers).content.decode()
    ivo.post(settings, {"name": "shop", "clear_forge_token": "1"})
    shop.refresh_from_db()
    assert shop.forge_token == ""


def test_a_field_that_cannot_be_used_is_named_and_the_rest_kept(browser):
    wrong = {
        "name": "shop",
        "repository_url": "file:///etc/passwd",
        "check_command": "make",
        "forge_token": CANARY,
    }
    answer = browser("ivo").post("/services/new/", wrong)
    page = answer.content.decode()
    assert answer.status_code == 400 and "begins with https://" in page and "make" in page and CANARY not in page
    assert not Service.objects.exists()


def test_a_deployment_page_shows_its_state_steps_cause_and_safe_log(browser, failed):
    page = browser("lee").get(f"/deployments/{failed.pk}/").content.decode()
    assert "It broke." in page and "in BUILDING" in page
    assert 'id="L2"' in page and '<span class="ansi-red">&lt;b&gt;two&lt;/b&gt;</span>' in page
    assert "Redeploy" not in page and "Cancel" not in page
    told = browser("lee").get(f"/deployments/{failed.pk}/", headers=JSON).json()
    assert [step["state"] for step in told["steps"]] == ["done", "stopped", "", ""]
    assert told["log"]["lines"] == 3 and told["open"] is False


def test_windows_search_and_download_of_a_long_log(browser, failed):
    lines = "".join(f"line {n}\n" for n in range(4, 30_001))
    logbook.append(failed.pk, lines, redactor())
    lee, url = browser("lee"), f"/deployments/{failed.pk}/"
    told = lee.get(f"{url}lines/?first=29900&count=250", headers=JSON).json()
    assert told["total"] == 30_000
    first, folded, last = told["parts"]
    assert [row["n"] for part in (first, last) for row in part["rows"]] == [29_900, 30_000]
    assert folded["similar"] == len(folded["rows"]) == 99 and not folded["open"]
    assert lee.get(f"{url}find/?q=LINE 29999", headers=JSON).json() == {
        "query": "LINE 29999",
        "lines": [29_999],
        "more": False,
    }
    assert lee.get(f"{url}find/?q=<b>two", headers=JSON).json()["lines"] == [2]
    assert lee.get(f"{url}find/?q=", headers=JSON).json()["lines"] == []
    assert lee.get(f"{url}find/?q=line", headers=JSON).json()["more"] is True
    page = lee.get(f"{url}?page=2").content.decode()
    assert 'id="L2001"' in page and 'id="L4000"' in page and 'id="L4001"' not in page
    assert page.count("log-line") == viewer.PAGE
    assert lee.get(url).content.decode().count("log-line") == viewer.FIRST_PAINT
    for bad in ("first=0", "first=x", "count=9999999"):
        assert lee.get(f"{url}lines/?{bad}").status_code == 400


def test_the_line_that_is_asked_for_comes_with_the_page_and_a_wrong_one_does_no_harm(browser, failed):
    logbook.append(failed.pk, "".join(f"line {n}\n" for n in range(4, 3_001)), redactor())
    lee, url = browser("lee"), f"/deployments/{failed.pk}/"
    for line in (1, 1_234, 3_000):
        page = lee.get(f"{url}?line={line}").content.decode()
        assert f'<div class="log-line here" id="L{line}">' in page and page.count("log-line") == viewer.FIRST_PAINT
    for wrong in ("0", "-1", "x", "\u00b2", "9" * 40, "99999"):
        page = lee.get(url, {"line": wrong}).content.decode()
        assert 'id="L3000"' in page and page.count("log-line") == viewer.FIRST_PAINT


def test_an_endless_line_is_cut_for_readers_and_whole_in_the_download(failed):
    logbook.append(failed.pk, "x" * 3_000_000 + " needle\nnext\n", redactor())
    failed.refresh_from_db()
    assert [len(text) for text in logbook.read(failed, 3, 3).text] == [5, logbook.LONGEST, 4]
    assert viewer.find(failed, "next")["lines"] == [5] and failed.log_bytes > 3_000_000
    html = viewer.parts(failed, 4, 1, {})[0]["rows"][0]["html"]
    assert len(html) < 5_000


@pytest.mark.django_db(transaction=True)
def test_a_log_is_downloaded_chunk_by_chunk(browser, failed):
    logbook.append(failed.pk, "x" * 99 + "\n" + "line\n" * 200_000, redactor())
    answer = browser("lee").get(f"/deployments/{failed.pk}/download/")

    async def pieces():
        return [piece async for piece in answer.streaming_content]

    got = loop.run(pieces(), 20)
    assert len(got) > 2 and b"".join(got) == b"".join(logbook.stream(failed))


def test_deploy_and_cancel_are_for_those_who_may(browser, service, people):
    Service.objects.update(deployer="local")
    service.refresh_from_db()
    url = f"/services/{service.pk}/deploy/"
    assert browser("lee").post(url).status_code == 403
    answer = browser("ivo").post(url)
    made = Deployment.objects.get()
    assert answer["Location"] == f"/deployments/{made.pk}/" and made.requested_by == people["ivo"]
    page = browser("ivo").get(answer["Location"]).content.decode()
    assert "No log yet, the deployment is queued." in page and "Cancel" in page
    assert browser("ana").post(f"/deployments/{made.pk}/cancel/").status_code == 403
    assert browser("ivo").post(f"/deployments/{made.pk}/cancel/").status_code == 303
    made.refresh_from_db()
    assert made.status == "CANCELLED"


def test_the_topic_changes_with_every_status_and_every_line(service):
    from intelligence.live import deployments_version

    seen = {deployments_version()}
    made = Deployment.objects.create(service=service)
    seen.add(deployments_version())
    logbook.append(made.pk, "x", redactor())
    seen.add(deployments_version())
    deployments.advance(made.pk, "RUNNING")
    seen.add(deployments_version())
    assert len(seen) == 4


def test_a_list_of_many_services_takes_few_queries(browser, people, django_assert_max_num_queries):
    for n in range(30):
        made = Service.objects.create(name=f"s{n}", owner=people["ivo"])
        Deployment.objects.create(service=made, status="RUNNING")
    ivo = browser("ivo")
    with django_assert_max_num_queries(12):
        assert len(json.loads(ivo.get("/services/", headers=JSON).content)["services"]) == 30
