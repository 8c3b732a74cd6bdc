"""Sums made anew from the ledger: equal, or what differs is named and mended."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from providers.models import (
    UsageGeneration,
    UsageKey,
    UsageQuarters,
    UsageSeries,
    UsageSpend,
    UsageTime,
    UsageTotal,
)
from providers.usage.rollup.rebuild import rebuild
from providers.usage.rollup.roller import Roller, current, roll
from providers.usage.summary import summary
from tests.providers.usage.rollup_kit import SPANS, asked, roll_to, scattered
from tests.providers.usage.usage_kit import insert, many, question, row


def test_a_rebuild_finds_equal_sums_and_takes_their_place(people) -> None:
    rows = many(people, 70)
    roll()
    before, old = summary(people["mara"], question()), current().pk
    found = rebuild(batch=30)
    assert (found.rows, found.differences) == (len(rows), [])
    assert current().pk != old
    assert not UsageKey.objects.filter(generation=old).exists()
    assert summary(people["mara"], question()) == before


def test_a_rebuild_names_what_differs_and_mends_it(people) -> None:
    many(people, 70)
    roll()
    before = summary(people["mara"], question())
    wrong = UsageTotal.objects.filter(key__cube=4, key__user_id=people["ivo"].pk).first()
    UsageTotal.objects.filter(pk=wrong.pk).update(calls=wrong.calls + 5, spend_low=wrong.spend_low + 1)
    day = date(1970, 1, 1) + timedelta(days=wrong.day)
    checked = rebuild(keep=False).differences
    assert len(checked) == 1
    assert checked[0].startswith(f"{day} (up to its end), cube 4 user_id {people['ivo'].pk} kind")
    assert f"{wrong.calls + 5} calls kept, {wrong.calls} in the ledger" in checked[0]
    assert rebuild().differences == checked
    mine = UsageQuarters.objects.filter(key__cube=4, key__user_id=people["ivo"].pk).first()
    UsageQuarters.objects.filter(pk=mine.pk).update(times=b"")
    day = date(1970, 1, 1) + timedelta(days=mine.day)
    [quarters] = rebuild().differences
    assert quarters.startswith(f"{day} (quarters), cube 4")
    line = UsageSeries.objects.filter(key__cube=0).order_by("day").first()
    UsageSeries.objects.filter(pk=line.pk).update(spend_low=line.spend_low + 1)
    day = date(1970, 1, 1) + timedelta(days=line.day)
    [series] = rebuild().differences
    assert series.startswith(f"{day} (series), cube 0 kind")
    spent = UsageSpend.objects.filter(key__cube=0).order_by("day").first()
    UsageSpend.objects.filter(pk=spent.pk).update(spend_high=spent.spend_high - 1)
    [spend] = rebuild().differences
    assert spend.startswith(f"{day} (all kinds up to its end), cube 0 kind")
    kept = UsageTime.objects.order_by("provider").first()
    UsageTime.objects.filter(pk=kept.pk).update(ms=kept.ms + 1)
    assert rebuild().differences == [
        f"time of calls, provider {kept.provider}: {kept.ms + 1} ms kept, {kept.ms} in the ledger"
    ]
    assert rebuild().differences == []
    assert summary(people["mara"], question()) == before


@pytest.mark.parametrize("given", [{}, {"group": "user"}, {"status": "failed"}, {"status": "fallback"}], ids=str)
def test_sums_without_series_give_the_same_answers_and_a_rebuild_makes_them(people, given: dict) -> None:
    rows = scattered(people, each=1)
    roll_to(len(rows), 100)
    asked_of = asked("Asia/Kathmandu", *SPANS[0], **given)
    before = summary(people["mara"], asked_of)
    assert before["totals"]["calls"] > 0
    UsageGeneration.objects.update(series=False)
    UsageSeries.objects.all().delete()
    UsageSpend.objects.all().delete()
    insert(row(people["ivo"], at=datetime(2023, 11, 30, tzinfo=UTC)))
    roll()
    assert not UsageSeries.objects.exists() and not UsageSpend.objects.exists()
    assert summary(people["mara"], asked_of) == before
    assert rebuild().differences == []
    assert UsageSeries.objects.exists()
    assert summary(people["mara"], asked_of) == before


def test_a_rebuild_that_was_ended_half_way_leaves_nothing_behind(people) -> None:
    many(people, 20)
    roll()
    UsageGeneration.objects.create(pk=77)
    Roller(77, 5).step(20)
    rebuild()
    assert not UsageKey.objects.filter(generation=77).exists()
    assert UsageGeneration.objects.count() == 1


def test_the_command_says_what_it_found(people) -> None:
    many(people, 20)
    out = io.StringIO()
    call_command("rebuild_rollups", check=True, stdout=out)
    assert "20 rows: every sum equals the ledger." in out.getvalue()
    UsageTotal.objects.filter(key__cube=0).update(calls=0)
    with pytest.raises(CommandError, match="kept sums differ from the ledger. The new ones"):
        call_command("rebuild_rollups", stdout=out, stderr=out)
    call_command("rebuild_rollups", stdout=out)
