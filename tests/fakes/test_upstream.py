"""The fake upstream against the official SDKs' own calls, so that it can't be kinder than the world."""

import json
from urllib.request import Request, urlopen

import anthropic
import openai
import pytest
from pydantic import BaseModel

QUESTION = [{"role": "user", "content": "Is the queue safe?"}]


@pytest.fixture
def gpt(upstream):
    with openai.OpenAI(api_key="sk-1", base_url=upstream.openai_url, max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def claude(upstream):
    made = anthropic.Anthropic(api_key="sk-1", base_url=upstream.anthropic_url, max_retries=0, timeout=30)
    with made as client:
        yield client


def test_openai_reads_a_whole_answer(gpt):
    done = gpt.chat.completions.create(model="fake-sceptic", messages=QUESTION)
    assert done.choices[0].message.content.startswith("I would not do this yet")
    assert done.choices[0].finish_reason == "stop"
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 50


def test_openai_reads_a_stream_with_its_usage_chunk(gpt):
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(gpt.chat.completions.create(model="fake-sceptic", messages=QUESTION, **asked))
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text.startswith("I would not do this yet")
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == len(text.split(" "))
    assert all(one.usage is None for one in chunks[:-1])
    assert [one.choices[0].finish_reason for one in chunks if one.choices][-1] == "stop"


def test_openai_reports_no_usage_in_a_stream_that_did_not_ask(gpt):
    chunks = list(gpt.chat.completions.create(model="fake-brief", messages=QUESTION, stream=True))
    assert all(one.usage is None for one in chunks)


class Verdict(BaseModel):
    cause: str
    safe: bool


def test_openai_parses_a_structured_answer(gpt):
    done = gpt.chat.completions.parse(model="fake-brief", messages=QUESTION, response_format=Verdict)
    assert isinstance(done.choices[0].message.parsed, Verdict)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("400", openai.BadRequestError),
        ("401", openai.AuthenticationError),
        ("403", openai.PermissionDeniedError),
        ("404", openai.NotFoundError),
        ("422", openai.UnprocessableEntityError),
        ("429", openai.RateLimitError),
        ("503", openai.InternalServerError),
    ],
)
def test_openai_raises_its_own_errors(gpt, mode, error):
    with pytest.raises(error) as caught:
        gpt.chat.completions.create(model=f"any-{mode}", messages=QUESTION)
    assert caught.value.body["message"] == "The fake upstream was told to fail."


def test_openai_meets_the_measured_faults(gpt):
    def create(mode, **rest):
        return gpt.chat.completions.create(model=f"any-{mode}", messages=QUESTION, **rest)

    assert isinstance(create("html"), str)
    with pytest.raises(json.JSONDecodeError):
        create("badjson")
    with pytest.raises(openai.APIConnectionError):
        create("reset")
    with pytest.raises(openai.APIConnectionError):
        list(create("cut", stream=True))
    with pytest.raises(openai.APIError, match="overloaded"):
        list(create("errorevent", stream=True))
    assert [one.choices[0].finish_reason for one in create("nodone", stream=True)][-1] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"extra_body": {"frobnicate": 1}},
        {"stream_options": {"include_usage": True}},
        {"model": "gpt-6-luna", "max_tokens": 5},
        {"messages": []},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}},
    ],
)
def test_openai_requests_that_the_real_one_refuses_are_refused(gpt, wrong):
    with pytest.raises(openai.BadRequestError):
        gpt.chat.completions.create(**({"model": "fake", "messages": QUESTION} | wrong))


def test_both_list_models_and_refuse_a_wrong_key(upstream, gpt, claude):
    assert "fake-sceptic" in [one.id for one in gpt.models.list()]
    assert "fake-sceptic" in [one.id for one in claude.models.list()]
    with pytest.raises(openai.AuthenticationError):
        gpt.with_options(api_key="wrong").models.list()
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="wrong").models.list()


def test_anthropic_reads_a_whole_answer(claude):
    done = claude.messages.create(model="fake-sceptic", max_tokens=300, messages=QUESTION, system="Short.")
    assert done.content[0].text.startswith("I would not do this yet") and done.stop_reason == "end_turn"
    assert done.usage.input_tokens > 4 and done.usage.output_tokens > 50


def test_anthropic_reads_a_stream(claude):
    with claude.messages.stream(model="fake-sceptic", max_tokens=300, messages=QUESTION) as stream:
        text = "".join(stream.text_stream)
        done = stream.get_final_message()
    assert done.content[0].text == text and done.usage.output_tokens == len(text.split(" "))
    assert done.stop_reason == "end_turn"


def test_anthropic_parses_a_structured_answer(claude):
    done = claude.messages.parse(model="fake-brief", max_tokens=300, messages=QUESTION, output_format=Verdict)
    assert isinstance(done.parsed_output, Verdict)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("401", anthropic.AuthenticationError),
        ("404", anthropic.NotFoundError),
        ("429", anthropic.RateLimitError),
        ("529", anthropic.InternalServerError),
    ],
)
def test_anthropic_raises_its_own_errors(claude, mode, error):
    with pytest.raises(error):
        claude.messages.create(model=f"any-{mode}", max_tokens=9, messages=QUESTION)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.5},
        {"max_tokens": 0},
        {"messages": [*QUESTION, {"role": "assistant", "content": "I"}]},
        {"messages": [{"role": "system", "content": "x"}]},
        {"frobnicate": 1},
    ],
)
def test_anthropic_requests_that_the_real_one_refuses_are_refused(claude, wrong):
    body = {"model": "fake", "max_tokens": 9, "messages": QUESTION}
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(**body, extra_body=wrong)


def test_anthropic_error_event_and_missing_version(claude, upstream):
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        with claude.messages.stream(model="any-errorevent", max_tokens=99, messages=QUESTION) as stream:
            list(stream)
    with pytest.raises(anthropic.BadRequestError, match="anthropic-version"):
        claude.messages.create(
            model="m", max_tokens=9, messages=QUESTION, extra_headers={"anthropic-version": anthropic.Omit()}
        )


def test_calls_are_recorded_and_scripted(gpt, upstream):
    upstream.script("429", "ok")
    with pytest.raises(openai.RateLimitError) as caught:
        gpt.chat.completions.create(model="fake", messages=QUESTION)
    assert caught.value.response.headers["Retry-After"] == "7"
    assert gpt.chat.completions.create(model="fake", messages=QUESTION).choices
    assert [call.body["model"] for call in upstream.calls] == ["fake", "fake"]
    assert {call.outcome for call in upstream.calls} == {"done"}


def test_it_can_be_steered_over_http_too(gpt, upstream):
    wish = json.dumps({"mode": "500"}).encode()
    with urlopen(Request(f"{upstream.anthropic_url}/_control", wish)) as answer:
        assert json.load(answer)["mode"] == "500"
    with pytest.raises(openai.InternalServerError):
        gpt.chat.completions.create(model="fake", messages=QUESTION)
    with urlopen(f"{upstream.anthropic_url}/_calls") as answer:
        assert json.load(answer)[0]["path"] == "/v1/chat/completions"


def test_held_calls_go_on_when_they_are_released(gpt, upstream):
    from threading import Thread

    answers = []
    thread = Thread(
        target=lambda: answers.append(gpt.chat.completions.create(model="fake-hold", messages=QUESTION))
    )
    thread.start()
    upstream.wait_for(lambda calls: len(calls) == 1)
    assert answers == [] and upstream.calls[0].outcome == "open"
    upstream.release()
    thread.join(30)
    assert answers[0].choices
