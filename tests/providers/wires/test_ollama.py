"""What sets Ollama's own wire apart; the modes are in test_dialects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import exceptions as errors
from providers.network import outbound
from providers.wires.ndjson import MAX_LINE_BYTES, LineReader
from tests.providers.wires.wire_kit import SCHEMA, ask


@pytest.fixture(autouse=True)
async def closed(upstream_server):
    yield
    await outbound.aclose_all()


async def test_sampling_goes_under_options_and_a_schema_is_the_format(upstream):
    await ask(upstream, "ollama", temperature=0.2, json_schema=SCHEMA, stream=False)
    body = upstream.calls[0].body
    assert body["options"] == {"num_predict": 500, "temperature": 0.2} and body["format"] == SCHEMA
    assert body["stream"] is False and body["messages"][0] == {"role": "system", "content": "You are terse."}


async def test_without_a_key_no_authorization_is_sent(upstream):
    await ask(upstream, "ollama", options={"key": ""})
    await ask(upstream, "ollama")
    assert "Authorization" not in upstream.calls[0].headers
    assert upstream.calls[1].headers["Authorization"].startswith("Bearer sk-")


LINES = '{"a": 1}\r\n\n {"b": "ü"}\n{"c": 3}'.encode()


@given(st.lists(st.integers(0, len(LINES)), max_size=8))
def test_lines_are_the_same_wherever_the_stream_is_cut_into_chunks(cuts):
    reader, edges = LineReader(), [0, *sorted(cuts), len(LINES)]
    found = [line for a, b in zip(edges, edges[1:], strict=False) for line in reader.feed(LINES[a:b])]
    assert [*found, *reader.end()] == ['{"a": 1}', '{"b": "ü"}', '{"c": 3}']


def test_an_endless_line_is_refused():
    reader = LineReader()
    with pytest.raises(errors.UpstreamBroken, match="too long"):
        for _ in range(MAX_LINE_BYTES // 500):
            list(reader.feed(b"x" * 1000))
