"""The Mock wire: labelled, free, and able to sit in every phase of a Senate."""

import json
import time

import pytest

from providers.exceptions import UpstreamRejected
from providers.types import ChatMessage, Connection, Meter, Prompt
from providers.wires import wire_for
from providers.wires.mock import MODELS

LABELS = ["A", "B", "C"]
VOTE = {
    "type": "object",
    "properties": {
        "proposal": {"type": "string", "enum": LABELS},
        "agree": {"type": "boolean"},
        "reason": {"type": "string", "maxLength": 200},
    },
}
BALLOT = {
    "type": "object",
    "properties": {
        "votes": {"type": "array", "items": {"$ref": "#/$defs/vote"}},
        "ranking": {"type": "array", "items": {"enum": LABELS}},
    },
    "$defs": {"vote": VOTE},
}
CHAIR = {
    "type": "object",
    "properties": {
        "resolution": {"type": "string"},
        "dissents": {
            "type": "array",
            "items": {"type": "object", "properties": {"member": {"enum": LABELS}, "answer": {"type": "string"}}},
        },
        "minutes": {"type": ["integer", "null"], "minimum": 5},
        "note": {"anyOf": [{"type": "null"}, {"const": "fixed"}]},
    },
}


async def ask(model="mock-engineer@0", on_text=None, **prompt):
    meter = Meter(on_text=on_text)
    question = (ChatMessage("user", "How do we stop retries from piling up?"),)
    prompt = {"max_output_tokens": 1000} | prompt
    return await wire_for(Connection("mock", "")).achat(Prompt(model, question, **prompt), meter), meter


@pytest.mark.parametrize("model", MODELS)
async def test_every_answer_is_labelled_and_about_the_question(model):
    reply, meter = await ask(model)
    assert reply.content.startswith("Test answer (Mock): ") and "retr" in reply.content
    assert reply.model == model and reply.usage.cost_usd == 0 and meter.usage == reply.usage
    assert reply.usage.input_tokens == 8 and reply.usage.output_tokens == len(reply.content.split())


async def test_the_personas_say_different_things():
    answers = {(await ask(model))[0].content for model in MODELS[1:]}
    assert len(answers) == len(MODELS) - 1


async def test_a_stream_comes_word_by_word_with_the_pause_that_the_model_names():
    pieces, begun = [], time.monotonic()
    reply, _ = await ask("mock-brief@2", on_text=pieces.append)
    assert "".join(pieces) == reply.content and len(pieces) == reply.usage.output_tokens > 20
    assert time.monotonic() - begun >= 0.002 * len(pieces)


@pytest.mark.parametrize("model", [f"{name}@0" for name in MODELS])
async def test_a_ballot_holds_every_label_once_with_a_labelled_reason(model):
    ballot = json.loads((await ask(model, json_schema=BALLOT))[0].content)
    assert sorted(vote["proposal"] for vote in ballot["votes"]) == sorted(ballot["ranking"]) == LABELS
    assert all(vote["reason"].startswith("Test answer (Mock): ") for vote in ballot["votes"])


async def test_the_sceptic_dissents_and_the_optimist_agrees():
    async def agreed(model):
        return [vote["agree"] for vote in json.loads((await ask(model, json_schema=BALLOT))[0].content)["votes"]]

    assert not any(await agreed("mock-sceptic@0")) and all(await agreed("mock-optimist@0"))


async def test_the_chair_answers_every_dissent():
    said = json.loads((await ask(json_schema=CHAIR))[0].content)
    assert said["resolution"].startswith("Test answer (Mock): ")
    assert sorted(one["member"] for one in said["dissents"]) == LABELS
    assert said["minutes"] == 5 and said["note"] == "fixed"


async def chaired(closing):
    text = f"--- begin question 1f ---\nShall we roll out?\n--- end question 1f ---\n\nredis\n\n{closing}"
    prompt = Prompt("mock@0", (ChatMessage("user", text),), 1000, json_schema=CHAIR)
    return json.loads((await wire_for(Connection("mock", "")).achat(prompt, Meter())).content)


async def test_the_chair_answers_only_the_dissents_that_are_listed():
    said = await chaired("Dissent to answer: the author of proposal B, the author of proposal C.")
    assert [one["member"] for one in said["dissents"]] == ["B", "C"]
    assert (await chaired("There is no dissent to answer."))["dissents"] == []


async def test_the_question_decides_the_topic_not_the_texts_beside_it():
    assert "the rollout" in (await chaired("There is no dissent to answer."))["resolution"]


async def test_asked_for_a_review_it_reviews():
    reply, _ = await ask(system="You review a colleague's answer to a question.")
    assert "**Missing:**" in reply.content and "act on it" in reply.content


async def test_an_answer_at_its_limit_says_length():
    reply, _ = await ask(max_output_tokens=6)
    assert reply.finish_reason == "length" and len(reply.content.split()) == 6


async def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(UpstreamRejected, match="no model gpt-4.*mock-sceptic"):
        await ask("gpt-4")


async def test_the_personas_are_its_models():
    assert [one.id for one in await wire_for(Connection("mock", "")).list_models()] == list(MODELS)
