"""Every page of the policy table on a real site with sample data: it opens, is light, and asks nobody else."""

import shutil

import pytest

from tests.flow.looking import faults_of
from tests.flow.sampled import assets_of, pages, sampled_site, walk
from tests.flow.test_first_light import PAGES

MOST_BYTES, MOST_REQUESTS = 150_000, 15


@pytest.fixture(scope="module")
def sampled(prepared, tmp_path_factory):
    site, client = sampled_site(shutil.copytree(prepared, tmp_path_factory.mktemp("sampled") / "data"))
    try:
        yield site, client, walk(client)
    finally:
        client.close()
        site.stop()


def test_links_lead_to_every_page_and_each_opens(sampled) -> None:
    _, _, found = sampled
    assert pages() - set(found) == set()
    assert {path: answer.status_code for path, answer in found.values() if answer.status_code != 200} == {}


def test_no_page_is_heavy_or_loads_from_elsewhere(sampled) -> None:
    _, client, found = sampled
    sizes: dict[str, int] = {}

    def size(address: str) -> int:
        if address not in sizes:
            answer = client.get(address, headers={"Accept-Encoding": "br, gzip"})
            assert answer.status_code == 200, address
            sizes[address] = answer.num_bytes_downloaded
        return sizes[address]

    wrong = []
    for path, answer in found.values():
        assets = assets_of(answer.text)
        wrong += [(path, one) for one in assets if not one.startswith("/")]
        weight = answer.num_bytes_downloaded + sum(size(one) for one in assets if one.startswith("/"))
        if weight > MOST_BYTES or len(assets) + 1 > MOST_REQUESTS:
            wrong.append((path, weight, len(assets) + 1))
    assert wrong == []


@pytest.mark.browser
def test_pages_with_data_fit_read_and_stay_silent(sampled, browser) -> None:
    """Those that the first five minutes don't reach; no word on the console, no request to another host."""
    site, client, found = sampled
    context = browser.new_context(reduced_motion="reduce")
    own = f"http://127.0.0.1:{site.port}"
    context.add_cookies([{"name": name, "value": value, "url": own} for name, value in client.cookies.items()])
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url} {message.text}"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    new = [path for path, _ in found.values() if path not in PAGES or path == "/"]
    faults = [fault for path in new for fault in faults_of(page, site, path)]
    assert not faults, "\n".join(map(str, faults))
    assert said == []
    assert [url for url in asked if not url.startswith((own, own.replace("http", "ws"), "data:", "blob:"))] == []
