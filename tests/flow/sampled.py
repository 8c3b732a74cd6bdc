"""A real site that was filled with sample data on its first visit, and a walk over its pages as an admin."""

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
from django.urls import Resolver404, resolve

from aiops_site.policy import ROUTES
from tests.aiops_site.running import Site, until

PASSWORD = "correct horse battery"
# Not pages of their own: parts that HTMX asks for, downloads, and what is asked for by a form.
PARTS = {
    "providers:balance",
    "intelligence:deployment-lines",
    "intelligence:deployment-find",
    "intelligence:deployment-download",
    "intelligence:agent-sdk",
    "senate:quote",
    "api-schema",
}
STARTS = ("/", "/usage/calls/", "/senate/?tab=team", "/search/?q=checkout", "/menu/", "/components/", "/api/docs/")


def pages() -> set[str]:
    """Routes of the policy table that are pages."""
    found = {name for name, methods in ROUTES.items() if "GET" in methods and ":api-" not in name}
    return found - PARTS


def sampled_site(data: Path) -> tuple[Site, httpx.Client]:
    """Set up by the first visit's form, with its box for sample data ticked."""
    site = Site(data, AI_ALLOW_MOCK="1")
    try:
        return site, set_up(site.until_ready())
    except BaseException:
        site.stop()
        raise


def set_up(site: Site) -> httpx.Client:
    """Signed in as the first administrator."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{site.port}", timeout=60)
    page = client.get("/setup/").text
    line = until(lambda: site.said("First visit"), "the code in the terminal")[-1]
    form = {
        "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1),
        "code": re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", line).group(),
        "username": "mara",
        "password": PASSWORD,
        "samples": "1",
    }
    answer = client.post("/setup/", data=form)
    assert answer.status_code == 303, answer.text[:2000]
    return client


def route_of(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def walk(client: httpx.Client) -> dict[str, tuple[str, httpx.Response]]:
    """Route -> (path, answer): one page of each route that links lead to, from the overview on."""
    found: dict[str, tuple[str, httpx.Response]] = {}
    todo = list(STARTS)
    while todo:
        path = todo.pop(0)
        route = route_of(path)
        if not route or route in found or route not in pages():
            continue
        answer = client.get(path, headers={"Accept": "text/html"})
        found[route] = (path, answer)
        links = re.findall(r'<a [^>]*href="([^"#]+)', answer.text)
        todo += [urljoin(path, link.replace("&amp;", "&")) for link in links if not link.startswith("http")]
    return found


def assets_of(html: str) -> list[str]:
    """Addresses that a browser loads with the page."""
    named = re.findall(r'<(?:script|img)\b[^>]*\ssrc="([^"]+)"|<link\b[^>]*\shref="([^"]+)"', html)
    return sorted({script or link for script, link in named})
