"""Calls put together from pieces, whatever upstreams make of indexes and ids; arguments that can't be used."""

import pytest

from providers.conversation.calls import MOST_ARGUMENTS, MOST_CALLS, Assembly, ToolCall, ToolSpec
from providers.exceptions import InvalidInput, UpstreamBroken
from providers.types import Meter


def assembled(*pieces: tuple) -> list[tuple[str, str, str]]:
    assembly = Assembly()
    for piece in pieces:
        assembly.add(*piece)
    return [(call.id, call.name, call.arguments) for call in assembly.calls()]


def test_pieces_are_joined_by_their_index_even_when_they_are_mixed():
    pieces = [(0, "a", "one", ""), (1, "b", "two", '{"x"'), (0, "", "", "{}"), (1, "", "", ": 1}")]
    assert assembled(*pieces) == [("a", "one", "{}"), ("b", "two", '{"x": 1}')]


def test_calls_that_all_say_index_0_are_told_apart_by_id_and_name():
    assert assembled((0, "a", "one", "{}"), (0, "b", "two", "{}")) == [("a", "one", "{}"), ("b", "two", "{}")]


def test_a_name_that_is_repeated_with_each_piece_begins_no_new_call():
    assert assembled((0, "a", "one", "{"), (0, "a", "one", "}"), (0, "", "one", "")) == [("a", "one", "{}")]


def test_pieces_without_an_index_belong_to_the_last_call():
    pieces = [(None, "a", "one", ""), (None, "", "", "{}"), (None, "", "two", "{}")]
    found = assembled(*pieces)
    assert [(name, text) for _, name, text in found] == [("one", "{}"), ("two", "{}")] and found[1][0]


def test_a_call_without_a_name_is_none():
    assert assembled((0, "a", "", "{}")) == []


def test_what_is_written_before_the_name_is_handed_on_with_it():
    assembly = Assembly()
    assert assembly.add(0, "a", "", '{"x"') is None
    delta = assembly.add(0, "", "one", ": 1}")
    assert (delta.index, delta.id, delta.name, delta.arguments) == (0, "a", "one", '{"x": 1}')


def test_a_flood_of_calls_or_of_arguments_breaks_off():
    assembly = Assembly()
    for at in range(MOST_CALLS):
        assembly.add(at, f"id{at}", "tool", "{}")
    with pytest.raises(UpstreamBroken, match="at once"):
        assembly.add(MOST_CALLS, "more", "tool", "{}")
    with pytest.raises(UpstreamBroken, match="too long"):
        Assembly().add(0, "a", "tool", "x" * (MOST_ARGUMENTS + 1))


@pytest.mark.parametrize(
    ("text", "values", "error"),
    [
        ("", {}, ""),
        ("  ", {}, ""),
        ('{"a": 1}', {"a": 1}, ""),
        ('{"a": ', None, "not valid JSON"),
        ("[1]", None, "not a JSON object"),
        ('"{}"', None, "not a JSON object"),
        ('{"a": NaN}', None, "not valid JSON"),
        ("[" * 100_000, None, "not valid JSON"),
        ('{"a": "\\u0000"}', None, "NUL"),
        ('{"a": "\\ud800"}', None, "surrogate"),
    ],
)
def test_arguments_are_values_or_an_error(text, values, error):
    call = ToolCall("a", "tool", text)
    assert call.values == values and error in call.error and bool(call.error) == bool(error)


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, "none", "required", "any", "a.b", "naïve"])
def test_a_tool_has_a_name_that_every_provider_takes(name):
    with pytest.raises(InvalidInput, match="name"):
        ToolSpec(name)


def test_parameters_are_the_schema_of_an_object():
    with pytest.raises(InvalidInput, match="type object"):
        ToolSpec("tool", "", {"type": "string"})


def test_a_meter_of_a_prompt_without_tools_takes_no_call():
    meter = Meter()
    meter.call(0, id="a", name="tool", arguments="{}")
    assert meter.tool_calls == () and meter.written == ""
