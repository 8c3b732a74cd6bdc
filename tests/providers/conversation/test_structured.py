"""`response_model=`: the schema that is asked for, what comes back validated, one repair, paid and counted."""

import asyncio
import json
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from providers.conversation import structured
from providers.exceptions import InvalidInput, UpstreamRejected
from providers.models import AIUsageLog
from providers.service import AIService
from providers.types import ChatMessage, Prompt
from tests.fakes import modes
from tests.fakes.dialect import loose_objects
from tests.providers.gateway.test_gateway import MODEL, assert_nothing_is_held

ASK = [{"role": "user", "content": "Classify this text: the disk is full."}]


class Kind(StrEnum):
    DISK = "disk"
    NETWORK = "network"


class Detail(BaseModel):
    note: str = "none"
    parts: list["Detail"] = []


class Classification(BaseModel):
    category: Kind
    confidence: Annotated[float, Field(ge=0, le=1, description="How sure")]
    detail: Detail | None = None


class Loose(BaseModel):
    counts: dict[str, int]


GOOD = {"category": "disk", "confidence": 0.5, "detail": None}


@pytest.fixture
def says(monkeypatch):
    """Sets what the fake upstream writes, call after call."""

    def script(*texts: str) -> None:
        left = list(texts)
        monkeypatch.setattr(modes, "written", lambda *_: left.pop(0))

    return script


def asked(everyone, model: Any = Classification, **how: Any):
    return AIService(user=everyone["ivo"]).chat(
        ASK, provider="openai", model=MODEL, operation="classify", response_model=model, **how
    )


def test_the_schema_is_one_that_strict_modes_take() -> None:
    made = structured.strict_schema(Classification.model_json_schema())
    assert not loose_objects(made)
    assert made["properties"]["confidence"]["description"] == "How sure (minimum: 0, maximum: 1)"
    text = json.dumps(made)
    assert "default" not in text and '"minimum":' not in text and made["required"] == list(made["properties"])
    assert made["$defs"]["Detail"]["properties"]["parts"]["items"] == {"$ref": "#/$defs/Detail"}


@pytest.mark.parametrize(
    "field", [dict[str, int], Any, tuple[int, str]], ids=["any keys", "any type", "positions"]
)
def test_what_has_no_strict_form_is_told_in_words(field) -> None:
    from pydantic import create_model

    odd = create_model("Odd", field=(field, ...))
    prompt, reason = structured.fitted(Prompt("m", (ChatMessage("user", "x"),), 9), odd)
    assert prompt.schema_in_words and "The model Odd has" in reason


def test_an_answer_comes_back_as_the_object(openai, everyone) -> None:
    response = asked(everyone)
    form = openai.calls[0].body["response_format"]["json_schema"]
    assert isinstance(response.parsed, Classification) and response.validation_errors == []
    assert response.parsed.category is Kind(json.loads(response.content)["category"])
    assert form["name"] == "Classification" and form["strict"] is True
    assert response.metadata["structured"] == "schema" and "repaired" not in response.metadata
    assert AIUsageLog.objects.count() == 1


def test_a_wrong_answer_is_repaired_once_and_both_calls_are_counted(openai, everyone, says) -> None:
    says(json.dumps(GOOD | {"confidence": 7}), json.dumps(GOOD))
    response = asked(everyone)
    rows = list(AIUsageLog.objects.order_by("created_at"))
    assert response.parsed == Classification(**GOOD) and response.validation_errors == []
    assert len(rows) == 2 and rows[1].metadata["repair"] is True
    assert response.input_tokens == sum(row.input_tokens for row in rows)
    assert response.output_tokens == sum(row.output_tokens for row in rows)
    assert response.cost_usd == sum(row.actual_cost_usd for row in rows)
    assert response.metadata["repaired"] is True and response.metadata["attempts"] == 2
    assert response.metadata["repair_errors"] == ["confidence: Input should be less than or equal to 1"]
    assert (response.metadata["first_log_id"], response.log_id) == tuple(str(row.id) for row in rows)
    told = openai.calls[1].body["messages"]
    assert told[-2]["role"] == "assistant" and "confidence: Input should be" in told[-1]["content"]
    assert_nothing_is_held(everyone["ivo"])


def test_there_is_never_a_second_repair(openai, everyone, says) -> None:
    says("no JSON", "{}")
    response = asked(everyone)
    assert response.parsed is None and len(openai.calls) == 2
    assert response.validation_errors == ["category: Field required", "confidence: Field required"]
    assert response.metadata["repaired"] is False


def test_an_answer_that_was_cut_is_not_asked_again(openai, everyone) -> None:
    response = asked(everyone, max_tokens=1)
    assert response.parsed is None and "max_tokens" in response.validation_errors[0] and len(openai.calls) == 1


def test_a_repair_that_fails_leaves_the_first_answer_and_says_why(openai, everyone, says) -> None:
    says("no JSON")
    openai.script("ok", "400")
    response = asked(everyone)
    assert response.content == "no JSON" and response.validation_errors
    assert "told to fail" in response.metadata["repair_error"]
    assert AIUsageLog.objects.count() == 2


def test_a_code_fence_round_the_json_does_no_harm(openai, everyone, says) -> None:
    says(f"```json\n{json.dumps(GOOD)}\n```")
    assert asked(everyone).parsed == Classification(**GOOD)


def test_a_provider_that_refuses_the_schema_is_asked_in_words_and_it_shows(openai, everyone) -> None:
    openai.script("400")
    response = asked(everyone)
    first, second = openai.calls
    assert response.parsed is not None and response.metadata["structured"] == "words"
    assert "refused the JSON schema" in response.metadata["structured_reason"]
    assert "response_format" in first.body and "response_format" not in second.body
    assert '"confidence"' in second.body["messages"][0]["content"]


def test_a_request_that_is_refused_in_words_too_is_an_error(openai, everyone) -> None:
    openai.script("400", "400")
    with pytest.raises(UpstreamRejected):
        asked(everyone)


def test_a_model_without_a_strict_form_is_asked_for_in_words(openai, everyone, says) -> None:
    says('{"counts": {"a": 1}}')
    response = asked(everyone, Loose)
    assert response.parsed.counts == {"a": 1} and "any keys" in response.metadata["structured_reason"]


def test_what_is_no_model_is_refused_before_anything_is_asked(openai, everyone) -> None:
    with pytest.raises(InvalidInput, match="Pydantic"):
        asked(everyone, dict)
    assert openai.calls == []


def test_a_stream_ends_in_the_object_and_shows_the_first_answer_only(openai, everyone, says) -> None:
    says("no JSON", json.dumps(GOOD))

    async def read():
        stream = AIService(user=everyone["ivo"]).astream(
            ASK, provider="openai", model=MODEL, response_model=Classification
        )
        return "".join([piece async for piece in stream]), stream.response

    text, response = asyncio.run(read())
    assert text == "no JSON" and response.parsed == Classification(**GOOD)


def test_both_calls_share_one_time(openai, everyone, says) -> None:
    says("no JSON", json.dumps(GOOD))
    openai.script("ok", "hang")
    response = asked(everyone, timeout_s=0.8)
    assert response.validation_errors and "within" in response.metadata["repair_error"]


def test_deep_nesting_is_an_error_of_validation() -> None:
    parsed, errors = structured.read(Detail, '{"parts": [' * 5_000)
    assert parsed is None and errors


def test_only_so_many_errors_are_told() -> None:
    from pydantic import create_model

    wide = create_model("Wide", **{f"f{at}": (int, ...) for at in range(30)})
    _, errors = structured.read(wide, "{}")
    assert len(errors) == structured.MOST_ERRORS + 1 and errors[-1] == "And 10 more."
