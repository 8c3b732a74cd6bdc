"""Log lines: one JSON object each, with the request id, without secrets at any level."""

import io
import json
import logging
import logging.config

import pytest
from django.conf import settings

from aiops_site.celery import app, drop_request_id, send_request_id, take_request_id
from aiops_site.operation.logs import JsonFormatter, RequestIdFilter, request_id, scrub

SECRET = "sk-canary-0123456789abcdef0123456789abcdef"


@pytest.fixture
def lines():
    """What the site's own handler writes at DEBUG, line by line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    before, root_level = list(root.handlers), root.level
    root.handlers, _ = [handler], root.setLevel(logging.DEBUG)
    yield lambda: stream.getvalue().splitlines()
    root.handlers, _ = before, root.setLevel(root_level)


def test_settings_use_the_filter_and_the_formatter():
    handler = settings.LOGGING["handlers"]["stderr"]
    assert settings.LOGGING["formatters"][handler["formatter"]]["()"] == "aiops_site.operation.logs.JsonFormatter"
    assert [settings.LOGGING["filters"][name]["()"] for name in handler["filters"]] == [
        "aiops_site.operation.logs.RequestIdFilter"
    ]


def test_text_from_outside_stays_in_one_line(lines):
    logging.getLogger("senate").warning("asked: %s", 'x\n{"level": "error", "message": "forged"}')
    assert len(lines()) == 1
    assert json.loads(lines()[0])["level"] == "warning"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Token {SECRET}', 'accept': '*/*'}}",
        f"[(b'authorization', b'Bearer {SECRET}')]",
        f"x-api-key={SECRET}",
        f"GET /v1/models?key=1&api_key={SECRET}&n=2",
        f"redis://:{SECRET}@127.0.0.1:6379/0",
        f"postgres://console:{SECRET}@db/console",
        f"Incorrect API key provided: {SECRET}.",
        f"bearer {SECRET[10:]}",
    ],
)
def test_a_credential_is_masked(text):
    assert SECRET[10:] not in scrub(text)
    assert "***" in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "basic authentication is off",
        "token budget exceeded: 4000 of 3000",
        "see https://docs.example.org/a:b@c",
        "task-based skeleton sk-1",
        "password is too short",
    ],
)
def test_honest_text_stays(text):
    assert scrub(text) == text


def test_an_exception_is_masked_too(lines):
    try:
        raise ValueError(f"401: Authorization: Bearer {SECRET}")
    except ValueError:
        logging.getLogger("providers").exception("The call failed")
    assert SECRET not in lines()[0]
    assert "ValueError" in json.loads(lines()[0])["exception"]


@pytest.mark.parametrize(
    "library", ["openai._base_client", "httpx2", "aiohttp.client", "kombu", "django.db.backends"]
)
def test_libraries_are_silent_below_warning_even_at_debug(lines, library):
    logger = logging.getLogger(library)
    before, _ = logger.level, logger.setLevel(logging.DEBUG)
    logger.debug("the prompt: where is the leak?")
    logger.info("the prompt: where is the leak?")
    logger.warning("slow")
    logger.setLevel(before)
    assert [json.loads(line)["message"] for line in lines()] == ["slow"]


def test_our_own_debug_lines_are_heard(lines):
    logging.getLogger("senate.tasks").debug("claimed")
    assert json.loads(lines()[0])["message"] == "claimed"


def test_the_request_id_travels_with_a_celery_message(lines):
    @app.task(name="tests.say_hello")
    def hello():
        logging.getLogger("senate").info("hello")

    token = request_id.set("page-12345678")
    headers: dict = {}
    send_request_id(headers=headers)
    request_id.reset(token)
    hello.push_request(**headers)
    take_request_id(task=hello)
    hello()
    drop_request_id()
    hello.pop_request()
    assert json.loads(lines()[0])["request_id"] == "page-12345678"
    assert request_id.get() == ""


def test_what_django_says_of_a_refused_request_has_its_id(lines, client, people):
    assert client.get("/api/v1/ai/models", headers={"X-Request-Id": "refused-12345"}).status_code == 401
    assert [json.loads(line)["request_id"] for line in lines()] == ["refused-12345"]


@pytest.mark.django_db
def test_a_foreign_host_is_a_sentence_without_a_trace(lines, client):
    client.get("/login/", headers={"Host": "evil.example"})
    [line] = [json.loads(line) for line in lines() if "evil.example" in line]
    assert line["logger"] == "django.security.DisallowedHost" and "exception" not in line


@pytest.mark.parametrize("library", ["celery.beat", "celery.worker.strategy", "celery.app.trace"])
def test_the_schedule_ticks_in_silence_and_what_somebody_asked_for_is_told(lines, library):
    logging.getLogger(library).info("Task a succeeded")
    logging.getLogger(library).warning("Task b is late")
    logging.getLogger(library).info("Task c succeeded", extra={"request_id": "asked-12345"})
    assert [json.loads(line)["message"] for line in lines()] == ["Task b is late", "Task c succeeded"]


def test_a_line_that_brings_its_request_id_keeps_it(lines):
    logging.getLogger("senate.lane.handler").error("failed", extra={"request_id": "abc12345"})
    assert json.loads(lines()[0])["request_id"] == "abc12345"
