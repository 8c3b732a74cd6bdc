"""What may be called, and what the one HTTP client does and refuses."""

import asyncio
import gzip
import socket
import ssl
import subprocess
import tracemalloc
from ipaddress import ip_address

import aiohttp
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.exceptions import InvalidInput, OutboundRefused, UpstreamBroken, UpstreamUnavailable
from providers.network import outbound, transport
from providers.network.addresses import is_public
from providers.network.outbound import Guard, Origin
from providers.types import ChatMessage, Connection, Meter, Prompt
from providers.wires import wire_for

PRIVATE = """127.0.0.1 localhost 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] [::127.0.0.1] [64:ff9b::7f00:1]
[2002:7f00:1::] 169.254.169.254 [fd00:ec2::254] [fe80::1] [fec0::1] 100.64.0.1 10.1.2.3 172.16.0.1
192.168.1.1 224.0.0.1 240.0.0.1 metadata.google.internal ollama db.local api.localhost LOCALHOST""".split()
ODD = [
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://user@api.openai.com/",
    "https://api.openai.com@evil.test/",
    "https://evil.test#@api.openai.com/",
    "https://evil.test\\@api.openai.com/",
    "https://api.openai.com%2eevil.test/",
    "https://api.openai.com./",
    "https://api.open\tai.com/",
    "https://api.openai.com/\n",
    " https://api.openai.com",
    "https://аpi.openai.com/",
    "https://api..openai.com/",
    "https://-api.openai.com/",
    "https://api.openai.com:0/",
    "https://api.openai.com:65536/",
    "https://api.openai.com:/",
    "https://[::1%25eth0]/",
    "https:///v1",
    "https:api.openai.com",
    "//api.openai.com",
    "file:///etc/passwd",
    "gopher://api.openai.com/",
    "unix:/tmp/s",
    "api.openai.com",
    "",
]


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_address_is_refused_with_the_line_that_opens_it(scheme, host):
    with pytest.raises(OutboundRefused, match="add this line to .env and restart: AI_PRIVATE_HOSTS=") as caught:
        Guard().check_url(f"{scheme}://{host}:11434/v1")
    line = caught.value.message.rpartition("AI_PRIVATE_HOSTS=")[2]
    assert Guard([line]).check_url(f"{scheme}://{host}:11434/v1").port == 11434


@pytest.mark.parametrize("url", ODD)
def test_what_two_parsers_could_read_differently_is_refused(url):
    with pytest.raises(OutboundRefused):
        Guard(["127.0.0.1"]).check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://API.OpenAI.com:8443/v1/?a=b",
        "https://8.8.8.8/",
        "https://[2606:4700::1]/",
    ],
)
def test_a_public_https_address_passes(url):
    assert Guard().check_url(url).scheme == "https"


def test_plain_http_is_refused_for_a_public_host_unless_it_is_listed():
    with pytest.raises(OutboundRefused, match="Use https for llm.example.com"):
        Guard().check_url("http://llm.example.com:8000/v1")
    assert Guard(["llm.example.com:8000"]).check_url("http://llm.example.com:8000/v1").port == 8000


def test_an_entry_opens_its_host_and_port_alone():
    rules = Guard(["localhost:11434", "[::1]:8080", "gpu-box"])
    rules.check_url("http://localhost:11434/v1")
    rules.check_url("http://[0:0::1]:8080/")
    rules.check_url("http://gpu-box:1234/")
    for url in ("http://localhost:6379/", "http://127.0.0.1:11434/", "https://localhost/", "http://[::1]:8081/"):
        with pytest.raises(OutboundRefused):
            rules.check_url(url)
    line = "AI_PRIVATE_HOSTS=localhost:11434,[::1]:8080,gpu-box,localhost:6379"
    assert rules.private_line("http://localhost:6379/") == line
    assert rules.private_line("http://localhost:11434/v1") == rules.private_line("https://api.x.ai/v1") == ""


@pytest.mark.parametrize("entry", ["http://localhost:11434", "localhost:11434/v1", "a b", "user@host"])
def test_an_entry_that_is_no_host_is_named(entry):
    with pytest.raises(InvalidInput, match="neither a host nor host:port"):
        Guard([entry])


def test_a_base_url_is_cleaned_for_saving_or_refused_at_its_field():
    assert Guard().clean_base_url(" https://api.example.com/v1/ ") == "https://api.example.com/v1"
    with pytest.raises(InvalidInput) as caught:
        Guard().clean_base_url("http://localhost:11434/v1", param="local_base_url")
    assert "AI_PRIVATE_HOSTS=localhost:11434" in caught.value.errors["local_base_url"][0]
    with pytest.raises(InvalidInput, match="question mark"):
        Guard().clean_base_url("https://api.example.com/v1?key=1")


PIECES = st.sampled_from(
    ["http", "https", "://", ":", "/", "//", "@", "#", "?", "\\", "%2e", ".", "[", "]", "::1", "evil.test"]
)
WORDS = st.sampled_from(
    ["api.openai.com", "127.0.0.1", "0x7f.1", "443", "22", "localhost", "\t", "xn--80ak6aa92e.com", "ａ"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(PIECES, WORDS), max_size=9).map("".join))
def test_whenever_a_url_passes_the_client_reads_the_same_host_in_it(url):
    try:
        origin = Guard().check_url("https://" + url)
    except OutboundRefused:
        return
    read = httpx2.URL("https://" + url)
    assert (read.raw_host.decode(), read.port or 443, read.userinfo) == (origin.host, origin.port, b"")


@pytest.fixture
async def closing():
    yield
    await outbound.aclose_all()


async def test_a_public_name_that_leads_to_a_private_address_is_refused_at_connect_time(
    upstream, closing, monkeypatch
):
    """DNS rebinding: the name looks harmless whenever its text is checked."""

    def lying(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", upstream.port))]

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    url = f"https://innocent.example.com:{upstream.port}/v1"
    with pytest.raises(
        OutboundRefused, match=f"innocent.example.com leads to a private address.*com:{upstream.port}"
    ):
        await outbound.upstream(url).send("GET", url)
    meter = Meter()
    wire = wire_for(Connection("openai", url, "sk-x", 5))
    with pytest.raises(OutboundRefused, match="Provider openai failed: innocent") as caught:
        await wire.achat(Prompt("m", (ChatMessage("user", "x"),), 5), meter)
    assert caught.value.provider == "openai" and not meter.sent and upstream.calls == []


async def test_what_the_resolver_lets_pass_is_refused_when_it_connects(upstream, closing, monkeypatch):
    monkeypatch.setattr(transport.GuardedResolver, "resolve", aiohttp.ThreadedResolver.resolve)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", upstream.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    url = f"https://innocent.example.com:{upstream.port}/v1"
    with pytest.raises(OutboundRefused, match="leads to a private address"):
        await outbound.upstream(url).send("GET", url)


async def test_one_private_address_among_public_ones_is_refused(closing, monkeypatch):
    mixed = [("8.8.8.8", 443), ("127.0.0.1", 443)]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in mixed]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(OutboundRefused):
        await outbound.upstream("https://mixed.example.com").send("GET", "https://mixed.example.com/")


async def test_an_international_name_reaches_the_connecting_step(closing, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    url = "https://xn--bcher-kva.example/v1"
    with pytest.raises(OutboundRefused, match="xn--bcher-kva.example leads to a private address"):
        await outbound.upstream(url).send("GET", url)


async def test_a_client_serves_its_own_origin_alone(upstream, closing):
    own = outbound.upstream(upstream.openai_url)
    with pytest.raises(OutboundRefused, match="alone"):
        await own.send("GET", f"http://127.0.0.1:{upstream.port + 1}/v1/models")


async def test_redirects_cookies_proxies_and_netrc_are_left_alone(upstream, closing, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password canary")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    upstream.script("redirect")
    own = outbound.upstream(upstream.openai_url)
    answers = []
    for _ in range(2):
        answer = await own.send("GET", f"{upstream.openai_url}/models", headers={"Authorization": "Bearer sk-1"})
        await answer.read()
        answer.close()
        answers.append(answer.status_code)
    assert answers == [302, 200] and len(upstream.calls) == 2
    assert "Cookie" not in upstream.calls[0].headers
    assert upstream.calls[0].headers["Accept-Encoding"] == "identity"


def test_a_public_address_behind_a_translator_of_addresses_is_public() -> None:
    """What a network without IPv4 calls: the last 32 bits are the address."""
    assert is_public(ip_address("64:ff9b::808:808")) and not is_public(ip_address("64:ff9b::a01:203"))


async def test_one_pool_per_upstream_and_none_after_closing(upstream, closing):
    first = outbound.upstream(upstream.openai_url)
    assert outbound.upstream(f"{upstream.anthropic_url}/other") is first
    await outbound.aclose_all()
    assert first.session.closed and outbound.upstream(upstream.openai_url) is not first


async def test_beyond_the_bound_the_longest_unused_upstream_is_closed(closing, monkeypatch):
    monkeypatch.setattr(outbound, "MAX_UPSTREAMS", 2)
    first, second = (outbound.upstream(f"https://h{n}.example.com") for n in (1, 2))
    assert outbound.upstream("https://h1.example.com") is first
    outbound.upstream("https://h3.example.com")
    for _ in range(20):
        await asyncio.sleep(0)
    assert second.session.closed and not first.session.closed


def make_certificate(cert, key):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split()
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]
    subprocess.run([*command, *names], check=True, capture_output=True)


async def test_a_self_signed_upstream_is_refused_unless_its_ca_is_named(closing, monkeypatch, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(cert, key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"data":[]}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    wire = wire_for(Connection("local", f"https://localhost:{port}", "", 5))
    outbound.configure([f"localhost:{port}"])
    with pytest.raises(UpstreamUnavailable, match="TLS certificate is not trusted"):
        await wire.list_models()
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    outbound.trusted.cache_clear()
    outbound.configure([f"localhost:{port}"])
    assert await wire.list_models() == []
    monkeypatch.undo()
    outbound.trusted.cache_clear()
    outbound.configure([])
    server.close()


async def test_an_encoding_that_was_not_asked_for_is_refused_and_a_broken_gzip_too():
    async def chunks():
        yield b"not gzip at all"

    for coding in ("br", "gzip"):
        with pytest.raises(UpstreamBroken):
            [one async for one in transport.bounded(chunks(), coding)]


def test_an_origin_prints_as_it_stands_in_the_setting():
    assert Origin("http", "::1", 80).netloc == "[::1]:80" and Origin("http", "a", 1).netloc == "a:1"


async def test_a_small_archive_of_much_is_never_whole_in_memory() -> None:
    packed = gzip.compress(b"x" * (64 << 20), compresslevel=1)

    async def bomb():
        yield packed

    tracemalloc.start()
    try:
        with pytest.raises(UpstreamBroken, match="larger than 8 MB"):
            _ = [one async for one in transport.bounded(bomb(), "gzip")]
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()
