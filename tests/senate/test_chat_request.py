"""What the chat lane takes from a client, and the sentence for what it doesn't."""

import json

import pytest

from providers.exceptions import InvalidInput
from providers.money.output_limits import MOST
from senate.lane.chat_request import conversation, parse

USER = {"role": "user", "content": "Why is my deploy stuck?"}


def body(**fields: object) -> bytes:
    return json.dumps({"messages": [USER], **fields}).encode()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"not json", "not JSON"),
        (b"[1]", "JSON object"),
        (b"{}", "`messages` is missing"),
        (b'{"messages": []}', "at least one message"),
        (b'{"messages": "hi"}', "`messages`"),
        (body(api_base="http://evil.test"), "`api_base` is not a field"),
        (body(max_tokens=-1), "`max_tokens` must be 1 or more"),
        (body(max_tokens=0), "`max_tokens`"),
        (body(max_tokens="1e9"), "`max_tokens`"),
        (body(max_tokens=1.5), "`max_tokens`"),
        (body(n=2), "`n`"),
        (body(temperature=9), "`temperature`"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"messages": [{"role": "user", "content": "a\\ud800b"}]}', "surrogate"),
        (b'{"messages": [{"role": "user", "content": "a\\u0000b"}]}', "NUL"),
        (b'{"messages": [{"role": "user", "content": "a\xed\xa0\x80b"}]}', "not JSON"),
        (body(metadata={"a": "\udfff"}), "surrogate"),
        ('{"messages": [{"role": "user", "content": "x"}]}'.encode("utf-16"), "not JSON"),
        (b'{"messages": [{"role": "function", "content": "x"}]}', "`messages.0.role`"),
        (b'{"messages": [{"role": "user", "content": null}]}', "`messages.0` has no content"),
        (b'{"messages": [{"role": "assistant"}]}', "`messages.0` has no content"),
        (body(tools=[{"type": "retrieval"}]), "`tools.0.type`"),
        (
            body(tools=[{"type": "function", "function": {"description": "x"}}]),
            "`tools.0.function.name` is missing",
        ),
        (body(functions=[]), "`functions` is not a field"),
        (body(response_format={"type": "json_schema"}), "`response_format` needs json_schema"),
        (body(response_format={"type": "xml"}), "`response_format.type`"),
        (body(parallel_tool_calls="no"), "`parallel_tool_calls`"),
    ],
)
def test_a_bad_body_gets_one_sentence(given: bytes, names: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(given)
    assert names in caught.value.message
    assert "\n" not in caught.value.message


def test_absurd_output_limits_are_clamped() -> None:
    assert parse(body(max_tokens=10**12)).output_tokens() == MOST
    assert parse(body()).output_tokens() == 2_000


def test_a_system_message_is_demoted_to_user_text() -> None:
    request = parse(json.dumps({"messages": [{"role": "system", "content": "Be brief."}, USER]}).encode())
    assert [m.role for m in conversation(request, 1000).messages] == ["user", "user"]


def test_the_input_limit_counts_over_all_messages_and_keeps_the_newest() -> None:
    old = {"role": "user", "content": "o" * 900}
    parts = {"role": "user", "content": [{"type": "text", "text": "n" * 200}]}
    said = conversation(parse(json.dumps({"messages": [old, parts]}).encode()), 1000)
    assert [len(m.content) for m in said.messages] == [800, 200]
    assert said.cut == 100
    assert said.question == "n" * 200


def test_nothing_but_markers_is_no_text() -> None:
    request = parse(json.dumps({"messages": [{"role": "user", "content": "system:"}]}).encode())
    with pytest.raises(InvalidInput, match="no text"):
        conversation(request, 1000)


def test_escaped_emoji_and_backslashes_are_honest_text() -> None:
    content = "\U0001f642 and a written-out \\u0000"
    assert (
        parse(json.dumps({"messages": [{"role": "user", "content": content}]}).encode()).messages[0].text()
        == content
    )


def test_a_field_of_a_megabyte_is_not_echoed() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(body(**{"x" * 1_000_000: 1}))
    assert len(caught.value.message) < 200
