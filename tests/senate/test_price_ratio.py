"""The ceiling of a quote against the bill at believable lengths of answers: never below it, about twice it."""

import os
from decimal import Decimal
from statistics import median

import pytest

from providers.models import AIUsageLog, UserAICap
from senate import chat
from tests.fakes import modes
from tests.senate.believable import compose
from tests.senate.test_chat import QUESTION, priced  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = int(os.environ.get("PRICE_ROUNDS", "4"))
LOG = "12:04:31.220 ERROR pool exhausted: 20 of 20 connections in use, 114 waiting (checkout-api-7d4b9)\n"
QUESTIONS = (QUESTION, f"{QUESTION}\n\n{LOG * 12}", "Which index would make this query fast?", LOG * 30)


@pytest.mark.parametrize("plan", ["senate", "code-review"])
def test_a_bill_is_within_its_quote_and_at_the_median_about_half_of_it(
    asker,
    priced,  # noqa: F811
    work,
    monkeypatch,
    plan,
):
    monkeypatch.setattr(modes, "compose", compose)
    UserAICap.objects.create(user=asker, daily_token_cap=10**8, daily_cost_cap_usd=Decimal(10_000))
    ratios = []
    for number in range(ROUNDS if plan == "senate" else 2):
        session = work(chat.start(asker, question=QUESTIONS[number % len(QUESTIONS)], mode=plan), 60)
        rows = AIUsageLog.objects.filter(session_id=str(session.pk))
        spent = sum(row.actual_cost_usd for row in rows)
        tokens = sum(row.total_tokens for row in rows)
        assert session.state in ("done", "partial"), session.reason
        assert 0 < spent <= session.quoted_usd and tokens <= session.quoted_tokens
        ratios.append(float(session.quoted_usd / spent))
    print(
        f"{plan}: quote/bill of {len(ratios)}: {sorted(round(r, 2) for r in ratios)}, median {median(ratios):.2f}"
    )
    assert median(ratios) <= 2.4  # of a few; PRICE_ROUNDS=24 comes to some 1.9
    late = chat.quote(asker, QUESTION, plan)
    assert Decimal(late["usual_cost_usd"]) <= Decimal(late["usual_p90_cost_usd"]) <= Decimal(late["max_cost_usd"])
    assert late["usual_of"] == len(ratios)
