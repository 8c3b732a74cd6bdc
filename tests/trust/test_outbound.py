"""Trust, section A: nobody makes the site call where it should not, and no key goes along.

A5 (a changed DNS answer), A10 (proxies, .netrc) and A11's live part: tests/providers/network/test_outbound.py.
A6 to A8: test_allowed_hosts.py.
"""

import json
import re
import socket
import threading
from pathlib import Path

import pytest

from providers.configuration import configure, keytest
from providers.exceptions import InvalidInput, OutboundRefused, UpstreamError
from providers.models import AIProviderSettings
from providers.network import outbound
from providers.types import ChatMessage, Connection, Meter, Prompt
from providers.wires import wire_for

ROOT = Path(__file__).resolve().parents[2]
CANARY = "sk-canary-0f9e8d7c6b5a49382716a5b4c3d2e1f0"
JULES = ("api.jules.google.com", "jules.googleapis.com")
PRIVATE = """http://127.0.0.1 http://localhost http://0.0.0.0 http://[::1] http://[::ffff:127.0.0.1] http://2130706433
https://0x7f.1 https://0177.0.0.1 https://127.1 http://169.254.169.254 https://[fd00:ec2::254] https://100.64.0.1
https://10.0.0.1 https://172.16.0.1 https://192.168.1.1 https://metadata.google.internal file:///etc/passwd
gopher://127.0.0.1 unix:/var/run/docker.sock""".split()


def point_openai_at(address: str, how: str = "update") -> None:
    """Writes the address past every check that a form or the API makes."""
    row = AIProviderSettings.get_solo()
    row.openai_api_key = CANARY
    row.save()
    if how == "update":
        AIProviderSettings.objects.filter(pk=1).update(openai_base_url=address)
        return
    row.openai_base_url = address
    AIProviderSettings.objects.bulk_update([row], ["openai_base_url"])


SMUGGLED = [
    {"api_base": "URL"},
    {"base_url": "URL"},
    {"api_key": "sk-mine", "base_url": "URL"},
    {"headers": {"Host": "evil.test"}, "extra_headers": {"X": "y"}},
    {"extra_body": {"base_url": "URL", "api_base": "URL"}},
    {"metadata": {"api_base": "URL", "base_url": "URL", "api_key": "sk-mine"}},
    {"provider": {"base_url": "URL"}},
    {"model": "openai/URL"},
    {"model": "openai@URL"},
]


def test_a1_no_field_of_a_chat_leads_the_call_elsewhere(site, everyone, upstream, hostile) -> None:
    """A1: ignored or refused; the hostile upstream's log stays empty, and the other sees the saved key alone."""
    import httpx

    from providers.access.identity import make_token

    row = AIProviderSettings.get_solo()
    row.openai_api_key, row.openai_base_url = CANARY, upstream.openai_url
    row.save()
    headers = {"Authorization": f"Token {make_token(everyone['ivo'], 'tests')[1]}"}
    question = {"model": "openai", "messages": [{"role": "user", "content": "Why?"}]}
    with httpx.Client(base_url=site.url, headers=headers, timeout=20) as http:
        for extra in SMUGGLED:
            body = question | json.loads(json.dumps(extra).replace("URL", hostile.openai_url))
            answer = http.post("/api/v1/ai/chat/completions", json=body)
            assert answer.status_code in {200, 400, 404}, (extra, answer.text)
    assert hostile.calls == []
    assert {call.headers["Authorization"] for call in upstream.calls} <= {f"Bearer {CANARY}"}
    assert {call.headers["Host"] for call in upstream.calls} <= {upstream.netloc}


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["page", "api", "door"])
def test_a2_another_address_never_draws_the_saved_key(mara, upstream, hostile, way) -> None:
    configure.save_provider(slug="openai", by="Mara", key=CANARY, base_url=upstream.openai_url)
    change = {"openai_base_url": hostile.openai_url}
    if way == "page":
        mara.post("/providers/?edit=openai", change)
    elif way == "api":
        mara.post("/api/v1/ai/providers/update/", json.dumps(change), content_type="application/json")
    else:
        configure.save_provider(slug="openai", by="Mara", base_url=hostile.openai_url)
    assert AIProviderSettings.get_solo().openai_api_key == ""
    for path, body in [
        ("/api/v1/ai/test/", {"provider": "openai"}),
        ("/providers/models/", {"provider": "openai"}),
    ]:
        mara.post(path, json.dumps(body), content_type="application/json")
    assert hostile.calls == []


@pytest.mark.django_db
@pytest.mark.parametrize("extra", ["base_url", "openai_base_url", "api_base", "api_key"])
def test_a2_a_test_takes_no_address_of_its_own(mara, upstream, hostile, extra) -> None:
    configure.save_provider(slug="openai", by="Mara", key=CANARY, base_url=upstream.openai_url)
    body = json.dumps({"provider": "openai", extra: hostile.openai_url})
    answer = mara.post("/api/v1/ai/test/", body, content_type="application/json")
    assert answer.status_code == 400 and hostile.calls == upstream.calls == []


@pytest.mark.django_db
def test_a3_a_private_address_is_refused_at_save_and_at_call(mara) -> None:
    """A3, and A8 for every provider: an address that came past the checks is refused by the call itself."""
    for number, url in enumerate(PRIVATE):
        with pytest.raises(InvalidInput):
            configure.save_provider(slug="openai", by="Mara", key=CANARY, base_url=f"{url}/v1")
        point_openai_at(url, how=("update", "bulk")[number % 2])
        result = keytest.test_key(slug="openai")
        assert not result.ok and result.code == "outbound_refused", (url, result)
        answer = mara.post("/api/v1/ai/test/", json.dumps({"provider": "openai"}), content_type="application/json")
        assert answer.status_code == 200 and answer.json()["ok"] is False and CANARY not in answer.content.decode()


class Redirecting:
    """Answers every request with one status and one Location; `heard` is what it and its target were sent."""

    def __init__(self, status: int) -> None:
        self.heard: list[bytes] = []
        self.target = socket.create_server(("127.0.0.1", 0))
        self.own = socket.create_server(("127.0.0.1", 0))
        self.status = status
        self.url = f"http://127.0.0.1:{self.own.getsockname()[1]}"
        threading.Thread(target=self._serve, args=(self.own, True), daemon=True).start()
        threading.Thread(target=self._serve, args=(self.target, False), daemon=True).start()

    def _serve(self, listening: socket.socket, redirects: bool) -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                self.heard.append(line.recv(65536))
                place = f"http://127.0.0.1:{self.target.getsockname()[1]}/v1/models"
                head = (
                    f"HTTP/1.1 {self.status} Moved\r\nLocation: {place}\r\n"
                    if redirects
                    else "HTTP/1.1 200 OK\r\n"
                )
                line.sendall(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def close(self) -> None:
        for one in (self.own, self.target):
            one.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("slug", ["openai", "claude", "gemini", "mistral", "cloudflare", "ollama"])
async def test_a4_a_redirect_is_not_followed_and_the_key_not_sent_on(slug, status) -> None:
    server = Redirecting(status)
    # Both are open, so that only the refusal to follow keeps the key at home.
    outbound.configure(["127.0.0.1"])
    wire = wire_for(Connection(slug, server.url, CANARY, 5, account_id="acc"))
    try:
        for exchange in (wire.list_models(), wire.achat(Prompt("m", (ChatMessage("user", "x"),), 5), Meter())):
            with pytest.raises(UpstreamError, match=f"Provider {slug} failed: "):
                await exchange
    finally:
        await outbound.aclose_all()
        outbound.configure([])
        server.close()
    assert len(server.heard) == 2  # one request each, and none at the target


@pytest.mark.parametrize("port", [6379, 5432, 22, 3306, 11211])
def test_a9_a_private_host_that_is_open_leads_to_no_database_or_shell_unless_its_port_is_named(port) -> None:
    rules_ = outbound.Guard(["127.0.0.1"])
    rules_.check_url("http://127.0.0.1:11434/v1")
    with pytest.raises(OutboundRefused):
        rules_.check_url(f"http://127.0.0.1:{port}/v1")
    assert outbound.Guard([f"127.0.0.1:{port}"]).check_url(f"http://127.0.0.1:{port}/v1").port == port


def test_a9_an_entry_with_a_port_opens_no_other(upstream) -> None:
    for port in (6379, 5432, upstream.port + 1):
        with pytest.raises(OutboundRefused):
            outbound.guard().check_url(f"http://127.0.0.1:{port}/")


def test_a11_nowhere_is_tls_left_unverified() -> None:
    """The live part, a self-signed upstream that is refused, is in tests/providers/network/test_outbound.py."""
    loose = re.compile(
        r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|ssl\s*=\s*False|_create_unverified"
    )
    apps = ("providers", "senate", "intelligence", "jules", "aiops_site")
    names_it = ROOT / "jules/patch/cheat_patterns.py"  # what a patch must not bring
    every = [path for app in apps for path in (ROOT / app).rglob("*.py") if path != names_it]
    found = [path for path in every if loose.search(path.read_text())]
    assert found == []


def test_clients_are_made_in_one_place_alone() -> None:
    """A rule that one call goes round is none: only providers/network/transport.py opens connections."""
    makes = re.compile(
        r"\b(?:requests\.(?:get|post|Session)|urlopen\(|httpx2?\.(?:Async)?Client\(|aiohttp\.ClientSession\()"
    )
    apps = ("providers", "senate", "intelligence", "jules", "aiops_site")
    found = {
        path.relative_to(ROOT).as_posix()
        for app in apps
        for path in (ROOT / app).rglob("*.py")
        if makes.search(path.read_text())
    }
    assert found == {"providers/network/transport.py"}
