"""The page's words for what goes wrong are those that the product really says."""

import html
from datetime import UTC, datetime

import pytest

from providers.configuration.directory import NONE_CONFIGURED
from providers.exceptions import BudgetExceeded, OutboundRefused
from providers.ledger.refusal import Standing, refuse_over_cap
from providers.network.addresses import Guard
from providers.resilience.troubles import TROUBLES
from providers.wires.faults import status_fault

SAID = {trouble.message for trouble in TROUBLES}


@pytest.mark.parametrize(("status", "words"), [(401, "401 Unauthorized"), (429, "429 Too Many Requests")])
def test_a_providers_refusal_is_said_in_these_words(status, words) -> None:
    assert status_fault("openai", "", status, {}, "", 0).message.startswith(f"Provider openai failed: {words}")
    assert f"Provider X failed: {words}" in SAID


def test_no_provider_and_a_foreign_host_are_said_in_these_words() -> None:
    assert NONE_CONFIGURED in SAID
    with pytest.raises(OutboundRefused, match="Provider 'jules' not in JULES_ALLOWED_HOSTS"):
        Guard().check_listed("https://example.org/v1", "jules", ["jules.googleapis.com"])
    assert "Provider 'jules' not in JULES_ALLOWED_HOSTS" in SAID


@pytest.mark.parametrize(("cap", "words"), [((0, 10), "Daily token cap"), ((10, 0), "Daily cost cap")])
def test_the_caps_are_said_in_these_words(cap, words) -> None:
    standing = Standing(*cap, 0, 0, 0, 0)
    with pytest.raises(BudgetExceeded, match=f"^{words} exceeded") as caught:
        refuse_over_cap(standing, tokens=1, usd=1, now=datetime.now(UTC))
    assert caught.value.http_status == 429
    assert f"{words} exceeded" in SAID


def test_the_page_shows_each_with_its_cause_and_next_step(client, people) -> None:
    client.force_login(people["lee"])
    shown = html.unescape(client.get("/providers/policy/").content.decode())
    for trouble in TROUBLES:
        assert trouble.message in shown
        assert trouble.cause in shown
        assert trouble.step in shown
