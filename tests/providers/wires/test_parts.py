"""The parts that wires share: event reader, usage, error texts, retry hints, registry."""

from dataclasses import replace
from decimal import Decimal

import aiohttp
import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers import catalog
from providers import exceptions as errors
from providers.catalog import CATALOG, EXTRA
from providers.types import Connection, Usage
from providers.wires import faults, wire_for
from providers.wires.sse import MAX_EVENT_BYTES, EventReader
from providers.wires.usage import anthropic_usage, gemini_usage, ollama_usage, openai_usage

STREAM = (
    '\ufeff: hello\r\nevent: one\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    "data:no space\n\n\n: only a comment\n\nid: 7\nretry: 3\ndata: ü\r\rdata: [DONE]"
).encode()
EVENTS = [("one", '{"a":\n1}'), ("", "no space"), ("", "ü"), ("", "[DONE]")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
@example([STREAM.rindex(b"data:")])
def test_events_are_the_same_wherever_the_stream_is_cut_into_chunks(cuts):
    reader, edges = EventReader(), [0, *sorted(cuts), len(STREAM)]
    found = [
        event for start, end in zip(edges, edges[1:], strict=False) for event in reader.feed(STREAM[start:end])
    ]
    assert [*found, *reader.end()] == EVENTS


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_endless_line_or_event_is_refused(chunk):
    reader = EventReader()
    with pytest.raises(errors.UpstreamBroken, match="too l"):
        for _ in range(MAX_EVENT_BYTES // 500):
            list(reader.feed(chunk))


OPENAI = {
    "prompt_tokens": 100,
    "completion_tokens": 40,
    "total_tokens": 140,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 10},
}


def test_openai_counts_cached_and_reasoning_tokens_inside():
    assert openai_usage(OPENAI, "openai") == Usage(100, 40, 30, 0, 10)


def test_xai_counts_reasoning_beside_and_states_its_cost():
    report = OPENAI | {"total_tokens": 150, "cost_in_usd_ticks": 123_456_789}
    assert openai_usage(report, "grok") == Usage(100, 50, 30, 0, 10, Decimal("0.0123456789"))
    assert openai_usage(OPENAI, "grok").output_tokens == 40  # its total says that they are inside


def test_openrouter_states_its_cost_and_others_can_not():
    report = OPENAI | {"cost": Decimal("0.00123")}
    assert openai_usage(report, "openrouter").cost_usd == Decimal("0.00123")
    assert openai_usage(report, "local").cost_usd is None
    assert openai_usage(OPENAI | {"cost": Decimal("-1")}, "openrouter").cost_usd is None
    assert openai_usage(OPENAI | {"cost": Decimal("Infinity")}, "openrouter").cost_usd is None


def test_deepseek_names_its_cache_otherwise():
    report = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}
    assert openai_usage(report, "deepseek").cached_input_tokens == 4


@pytest.mark.parametrize("bad", [-1, 10**15, "12", None, True, 1.5, [], {}])
def test_a_count_that_can_not_be_right_makes_the_report_missing(bad):
    assert openai_usage(OPENAI | {"prompt_tokens": bad}, "openai") is None
    assert openai_usage(OPENAI | {"completion_tokens": bad}, "openai") is None
    assert anthropic_usage({"input_tokens": 5, "output_tokens": bad}) is None


@pytest.mark.parametrize("bad", [-1, 10**15, "12", None, 101])
def test_a_detail_that_can_not_be_right_is_dropped_alone(bad):
    assert (
        openai_usage(OPENAI | {"prompt_tokens_details": {"cached_tokens": bad}}, "openai").cached_input_tokens == 0
    )


def test_a_report_of_nothing_at_all_is_missing():
    assert openai_usage({"prompt_tokens": 0, "completion_tokens": 0}, "openai") is None


def test_mistral_has_two_names_for_its_cache():
    report = {"prompt_tokens": 9, "completion_tokens": 1}
    assert openai_usage(report | {"num_cached_tokens": 4}, "mistral").cached_input_tokens == 4
    report |= {"prompt_tokens_details": {"cached_tokens": 3}}
    assert openai_usage(report, "mistral").cached_input_tokens == 3


GEMINI = {"promptTokenCount": 100, "candidatesTokenCount": 40, "totalTokenCount": 160}


def test_gemini_counts_thoughts_and_tool_results_beside():
    report = GEMINI | {"thoughtsTokenCount": 15, "toolUsePromptTokenCount": 5, "cachedContentTokenCount": 30}
    assert gemini_usage(report) == Usage(105, 55, 30, 0, 15)
    assert gemini_usage({"promptTokenCount": 7}) == Usage(7, 0)  # what is zero is left out
    assert gemini_usage({}) is None and gemini_usage(None) is None


@pytest.mark.parametrize("bad", [-1, 10**15, "12", None, True, 1.5, [], {}])
def test_a_count_of_the_other_wires_that_can_not_be_right_makes_the_report_missing(bad):
    for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"):
        assert gemini_usage(GEMINI | {name: bad}) is None
    assert ollama_usage({"prompt_eval_count": bad, "eval_count": 3}) is None
    assert ollama_usage({"prompt_eval_count": 3, "eval_count": bad}) is None


def test_ollama_counts_in_its_last_line():
    assert ollama_usage({"prompt_eval_count": 12, "eval_count": 3, "done": True}) == Usage(12, 3)


def test_anthropic_counts_its_cache_beside_the_input():
    first = anthropic_usage(
        {"input_tokens": 10, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 5, "output_tokens": 1}
    )
    assert first == Usage(35, 1, 20, 5)
    # The end of a stream is cumulative: it replaces, it doesn't add.
    assert anthropic_usage({"output_tokens": 77}, first) == Usage(35, 77, 20, 5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "No such model"}}', "No such model"),
        ('{"code": "x", "error": "Incorrect key"}', "Incorrect key"),
        ('{"message": "Unauthorized", "request_id": "1"}', "Unauthorized"),
        ('{"detail": "Not allowed"}', "Not allowed"),
        ('{"detail": [{"loc": ["body"], "msg": "field required", "type": "x"}]}', "field required"),
        ('{"success": false, "errors": [{"code": 7, "message": "No route"}]}', "No route"),
        ('{"status": 403, "title": "Forbidden"}', "Forbidden"),
        ("upstream connect error", "upstream connect error"),
        ("<html><body>502</body></html>", ""),
        ("", ""),
        ("[" * 5000, "[" * 299 + "…"),
        ('{"error": null}', ""),
        ('{"error": {"message": "a\\u0000b\\nc\\u001b[31m"}}', "a b c [31m"),
        ('{"error": "' + "é" * 400 + '"}', "é" * 299 + "…"),
    ],
)
def test_the_words_of_an_error_are_found_in_any_shape(body, words):
    assert faults.upstream_words(body) == words


KEY = 'sk-a"b+c/=é-0123456789'


@pytest.mark.parametrize(
    "shown",
    [
        KEY,
        KEY[3:14],
        "sk-a%22b%2Bc%2F%3D%C3%A9-0123456789",
        'sk-a\\"b+c/=\\u00e9-0123456789',
        "c2stYSJiK2MvPcOpLTAxMjM0",
    ],
)
def test_a_key_is_masked_in_any_spelling_and_in_part(shown):
    masked = faults.mask_key(f"Bad key {shown}!", KEY)
    assert masked.startswith("Bad key ••••••••") and masked.endswith("!") and shown[:9] not in masked


def test_a_short_key_is_masked_and_other_words_stay():
    assert faults.mask_key("key abc is wrong", "abc") == "key •••••••• is wrong"
    assert faults.mask_key("nothing here", "") == "nothing here"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "1e9"}, 600),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90),
    ],
)
def test_the_wait_that_an_upstream_asks_for_is_read_and_clamped(headers, seconds):
    assert faults.retry_after_seconds(headers, now=10.0) == seconds


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable"),
    [
        (400, '{"code": "x", "error": "Incorrect API key provided: xa***"}', errors.KeyRefused, False),
        (400, '{"error": {"message": "bad schema"}}', errors.UpstreamRejected, False),
        (402, '{"error": "Insufficient Balance"}', errors.CreditExhausted, False),
        (408, "", errors.UpstreamTimeout, True),
        (409, "", errors.UpstreamUnavailable, True),
        (429, '{"error": {"message": "slow down"}}', errors.UpstreamRateLimited, True),
        (
            429,
            '{"error": {"message": "no money", "code": "insufficient_quota"}}',
            errors.CreditExhausted,
            False,
        ),
        (
            400,
            '{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}',
            errors.KeyRefused,
            False,
        ),
        (400, '{"errors": [{"code": 6003, "error_chain": [{"code": 6111}]}]}', errors.KeyRefused, False),
        (429, '{"errors": [{"code": 3036, "message": "daily"}]}', errors.CreditExhausted, False),
        (429, '{"errors": [{"code": 3040, "message": "full"}]}', errors.UpstreamRateLimited, True),
        (498, "", errors.UpstreamUnavailable, True),
        (599, "", errors.UpstreamUnavailable, True),
    ],
)
def test_a_status_becomes_its_error(status, body, kind, retryable):
    fault = faults.status_fault("grok", "sk-1234567890", status, {}, body, now=0)
    assert type(fault) is kind and fault.retryable is retryable and fault.upstream_status == status
    assert fault.message.startswith(f"Provider grok failed: {status} ")


@pytest.mark.parametrize(
    ("delay", "seconds"), [("13s", 13), ("0.5s", 0.5), ("86400s", 600), ("-3s", None), ("soon", None)]
)
def test_the_wait_that_google_asks_for_stands_in_the_body(delay, seconds):
    body = f'{{"error": {{"details": [{{"@type": "x/google.rpc.RetryInfo", "retryDelay": "{delay}"}}]}}}}'
    assert faults.status_fault("gemini", "", 429, {}, body, now=0).retry_after == seconds
    if seconds:
        assert faults.status_fault("gemini", "", 429, {"retry-after": "2"}, body, now=0).retry_after == 2


def test_an_upstream_that_forbids_a_retry_is_obeyed():
    assert not faults.status_fault("openai", "", 500, {"x-should-retry": "false"}, "", now=0).retryable


@pytest.mark.parametrize(
    ("cause", "kind", "sent"),
    [
        (aiohttp.ConnectionTimeoutError("slow"), errors.UpstreamTimeout, False),
        (aiohttp.SocketTimeoutError("slow"), errors.UpstreamTimeout, True),
        (aiohttp.ServerDisconnectedError(), errors.UpstreamUnavailable, True),
        (aiohttp.ClientOSError(104, "reset"), errors.UpstreamUnavailable, True),
        (aiohttp.ClientPayloadError("cut"), errors.UpstreamBroken, True),
        (errors.OutboundRefused("a private address."), errors.OutboundRefused, False),
        (errors.UpstreamBroken("too large."), errors.UpstreamBroken, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_lies_under_a_misnamed_error_decides(cause, kind, sent):
    named = httpx2.ConnectTimeout("that is what the client calls all of them")
    named.__cause__ = cause
    fault, was_sent = faults.connection_fault("openai", named)
    assert type(fault) is kind and was_sent is sent and fault.provider == "openai"
    assert fault.message.startswith("Provider openai failed: ")


@pytest.mark.parametrize("row", [pytest.param(row, id=row.slug) for row in (*CATALOG, *EXTRA)])
def test_every_row_has_its_wire(row):
    connection = Connection(row.slug, row.base_url or "https://api.example.com/v1", "sk-1")
    assert row.available and wire_for(connection).connection is connection


def test_a_row_that_is_not_available_yet_says_so(monkeypatch):
    monkeypatch.setitem(catalog._BY_SLUG, "gemini", replace(catalog.provider("gemini"), available=False))
    with pytest.raises(errors.NotConfigured, match=r"not available yet\.$"):
        wire_for(Connection("gemini", "https://api.example.com", "sk-1"))
