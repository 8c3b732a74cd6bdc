"""Usage by session: there can be millions, so they are not summed by range like other groups.

Few calls in the range: all are summed. Many: sessions are walked from the one that spent most in all its life,
which bounds what it can have spent in the range: the walk ends once no later one can come among the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from providers.models.rollup import UsageSession
from providers.usage import sums
from providers.usage.rollup import source
from providers.usage.rollup.cells import ALONE, Cell, Row, bin_of
from providers.usage.rollup.days import Day, Days
from providers.usage.rollup.reading import Group, Kinds, Money, Reading, Scope
from providers.usage.rollup.store import LASTING, chunks, start_of_quarter

FEW_CALLS = 20_000
SMALL_PART = 50  # a range with less than 1 in so many calls is looked at by time, not by spend
STEP, MOST_LOOKED_AT = 200, 2_000
Found = dict[str, list[Row]]


def dearest(reading: Reading, days: list[int]) -> tuple[list[tuple[Group, Kinds]], int | None, Found]:
    """The first SHOWN sessions of the range, how many there are (None: not counted), and their rows.

    The group ("",) is all calls without a session.
    """
    start, end = days[0], days[-1]
    scope, counted = reading.scope, True
    if scope.session:
        ranked = _one(reading, start, end)
    else:
        owner = Scope({"user_id": scope.user_id}) if scope.user_id is not None else Scope()
        calls = Reading(owner).whole(start, end).calls
        counted = calls <= FEW_CALLS
        if counted:
            ranked = _money(scope, _span(start, end))
        else:
            ranked = _walk(reading, start, end, by_time=calls * SMALL_PART < reading.watermark)
    alone = {kind: cell for kind, cell in reading.total(start, end).items() if kind & ALONE}
    if alone:
        ranked[""] = sums.money(alone)
    named = sums.ordered(ranked)[: sums.SHOWN]
    found = _rows(reading, [session for session in named if session], start, end)
    shown: list[tuple[Group, Kinds]] = [
        ((session,), kinds_of(found[session]) if session else alone) for session in named
    ]
    return shown, len(ranked) if counted else None, found


def _span(start: int, end: int) -> tuple[datetime, datetime]:
    return start_of_quarter(start), start_of_quarter(end)


def _one(reading: Reading, start: int, end: int) -> dict[str, Money]:
    own = [row.pico for row in reading.rows if start <= row.quarter < end]
    return {reading.scope.session: Money(len(own), sum(own))} if own else {}


def _money(scope: Scope, span: tuple[datetime, datetime], among: Sequence[str] | None = None) -> dict[str, Money]:
    return {name: Money(*both) for name, both in source.money_of_sessions(scope, span, among).items()}


def _rows(reading: Reading, sessions: list[str], start: int, end: int) -> Found:
    found: Found = {}
    for row in source.of_sessions(sessions, reading.scope.user_id, _span(start, end)):
        if start <= row.quarter < end and reading.scope.takes(row):
            found.setdefault(row.session, []).append(row)
    return found


def _walk(reading: Reading, start: int, end: int, *, by_time: bool) -> dict[str, Money]:
    scope, span = reading.scope, _span(start, end)
    new = {row.session for row in reading.rows if row.session}  # their sums are not all in the table yet
    found = _money(scope, span, sorted(new))
    for part in _candidates(reading, start, end, by_time):
        found |= _money(scope, span, [session for session, _ in part if session not in new])
        best = sorted((money.pico for money in found.values()), reverse=True)[: sums.SHOWN]
        if len(best) == sums.SHOWN and best[-1] >= part[-1][1] * 10**6:
            break
    return found


def _candidates(reading: Reading, start: int, end: int, by_time: bool) -> Iterator[list[tuple[str, int]]]:
    """(session, micro-dollars of all its life) in steps, dearest first; at most MOST_LOOKED_AT."""
    rows = UsageSession.objects.filter(generation=reading.generation)
    if reading.scope.user_id is not None:
        rows = rows.filter(user_id=reading.scope.user_id)
    if by_time and reading.scope.user_id is None:
        rows = rows.filter(
            Q(lasting=True) | Q(lasting=False, last__lt=end + LASTING), first__lt=end, last__gte=start
        )
    else:  # read in the order of the index of spend, until it is enough: not by that of times, and then sorted
        rows = rows.alias(began=F("first") + 0, ended=F("last") + 0).filter(began__lt=end, ended__gte=start)
    found = rows.order_by("-spend_micro", "id").values_list("session_id", "spend_micro")
    yield from chunks(found[:MOST_LOOKED_AT].iterator(STEP), STEP)


def kinds_of(rows: list[Row]) -> Kinds:
    kinds: Kinds = {}
    for row in rows:
        kinds.setdefault(row.kind, Cell()).count(row, bin_of(row.ms))
    return kinds


def daily(found: Found, chosen: list[Any], reading: Reading, days: list[int]) -> dict[Group, list[Day]]:
    """As `Reading.daily`, for some of the sessions."""
    answer: dict[Group, list[Day]] = {}
    for (session,) in chosen:
        if not session:
            answer[("",)] = Reading(_alone(reading.scope)).daily(days).get((), [Day()] * (len(days) - 1))
            continue
        of_session = Days(days)
        for row in found.get(session, ()):
            of_session.count((session,), row)
        answer |= of_session.found()
    return answer


def _alone(scope: Scope) -> Scope:
    return replace(scope, bits=scope.bits | ALONE, wanted=scope.wanted | ALONE)
