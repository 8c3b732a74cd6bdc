"""Every call has an output limit, also where its caller says none: a setting per operation."""

import pytest

from aiops_site.checks import hosts_are_named
from providers.models import AIUsageLog
from providers.money.output_limits import MOST, output_limit
from providers.service import AIService
from tests.providers.gateway.test_gateway import MODEL

HELLO = [{"role": "user", "content": "Hello!"}]


def test_an_operation_has_its_own_limit_or_the_common_one(settings):
    assert (output_limit("chat"), output_limit("anything")) == (2_000, 2_000)
    settings.AI_OUTPUT_TOKENS = ["900", "chat=4000"]
    assert (output_limit("chat"), output_limit("anything")) == (4_000, 900)
    settings.AI_OUTPUT_TOKENS = ["chat=4000"]
    assert output_limit("anything") == 2_000


@pytest.mark.parametrize("words", ["many", "chat=", "chat=0", "chat=-5", f"{MOST + 1}", "1e3"])
def test_a_limit_that_is_none_stops_the_start_with_a_sentence(settings, words):
    settings.AI_OUTPUT_TOKENS = [words]
    assert [problem.id for problem in hosts_are_named(None)] == ["aiops.E009"]


def test_the_limit_is_what_is_sent_upstream(openai, everyone, settings):
    settings.AI_OUTPUT_TOKENS = ["1500", "release notes=77"]
    service = AIService(user=everyone["ivo"])
    service.chat(HELLO, provider="openai", model=MODEL, operation="release notes")
    service.chat(HELLO, provider="openai", model=MODEL)
    sent = [call.body.get("max_tokens") or call.body.get("max_completion_tokens") for call in openai.calls]
    assert sent == [77, 1500]
    assert AIUsageLog.objects.count() == 2
