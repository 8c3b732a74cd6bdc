"""mara, the first admin of a running site, over plain HTTP: she sets up what nobody has, and has a token."""

import re

import httpx

from tests.aiops_site.running import Site, until

PASSWORD = "correct horse battery"


def url(site: Site, path: str = "/") -> str:
    return f"http://127.0.0.1:{site.port}{path}"


def mara(site: Site) -> httpx.Client:
    """A client of the API in her name; she sets the site up, or signs in where that is done."""
    page = {"Accept": "text/html"}
    with httpx.Client(base_url=url(site), headers=page, follow_redirects=True, timeout=30) as browser:
        first = browser.get("/")
        fields = {"username": "mara", "password": PASSWORD, "csrfmiddlewaretoken": csrf(first)}
        if first.url.path == "/setup/":
            line = until(lambda: site.said("First visit"), "the code in the terminal")[-1]
            fields["code"] = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", line).group()
        entered = browser.post(str(first.url), data=fields)
        assert entered.url.path == "/", entered.text
        account = browser.get("/account/")
        made = browser.post("/account/", data={"name": "flow", "csrfmiddlewaretoken": csrf(account)})
        secret = re.search(r"aiops_[A-Za-z0-9_-]{43}", made.text).group()
    return httpx.Client(base_url=url(site), headers={"Authorization": f"Bearer {secret}"}, timeout=30)


def csrf(page: httpx.Response) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text).group(1)


def told(answer: httpx.Response) -> dict:
    """The JSON of a good answer."""
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return answer.json()
