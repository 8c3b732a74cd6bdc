"""Usage by session: there can be millions, so they are not summed by range like other groups.

Few calls in the range: all are read. Many: sessions are walked from the one that spent most in all its life; that
bounds what it can have spent in the range, so the walk ends as soon as no later one can come among the first.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.models import Q

from providers.models.rollup import UsageSession
from providers.usage import sums
from providers.usage.rollup import source
from providers.usage.rollup.cells import ALONE, Cell, Row, bin_of
from providers.usage.rollup.reading import Group, Kinds, Reading, Scope
from providers.usage.rollup.store import LASTING, start_of_quarter

FEW_CALLS = 20_000
SMALL_PART = 50  # a range with less than 1 in so many calls is looked at by time, not by spend
STEP, MOST_LOOKED_AT = 200, 2_000
Found = dict[str, list[Row]]


def dearest(reading: Reading, days: list[int]) -> tuple[list[tuple[Group, Kinds]], int | None, Found]:
    """The first SHOWN sessions of the range, how many there are (None: not counted), and their rows.

    The group ("",) is all calls without a session.
    """
    start, end = days[0], days[-1]
    span = start_of_quarter(start), start_of_quarter(end)
    scope, counted = reading.scope, True
    if scope.session:
        found = _by_session(reading, reading.rows, start, end)
    else:
        owner = Scope({"user_id": scope.user_id}) if scope.user_id is not None else Scope()
        calls = sums.calls(Reading(owner).total(start, end))
        counted = calls <= FEW_CALLS
        if counted:
            found = _by_session(reading, source.within(span, scope.user_id), start, end)
        else:
            found = _walk(reading, start, end, by_time=calls * SMALL_PART < reading.watermark)
    groups: dict[Group, Kinds] = {(session,): kinds_of(rows) for session, rows in found.items()}
    if alone := {kind: cell for kind, cell in reading.total(start, end).items() if kind & ALONE}:
        groups[("",)] = alone
    ordered = sums.ordered(groups)
    return ordered[: sums.SHOWN], len(ordered) if counted else None, found


def _by_session(reading: Reading, rows: list[Row], start: int, end: int) -> Found:
    found: Found = {}
    for row in rows:
        if row.session and start <= row.quarter < end and reading.scope.takes(row):
            found.setdefault(row.session, []).append(row)
    return found


def _walk(reading: Reading, start: int, end: int, *, by_time: bool) -> Found:
    user_id, span = reading.scope.user_id, (start_of_quarter(start), start_of_quarter(end))
    new = {row.session for row in reading.rows if row.session}  # their sums are not all in the table yet
    found = _by_session(reading, source.of_sessions(sorted(new), user_id, span), start, end)
    for part in _candidates(reading, start, end, by_time):
        names = [session for session, _ in part if session not in new]
        found.update(_by_session(reading, source.of_sessions(names, user_id, span), start, end))
        best = sorted((sum(row.pico for row in rows) for rows in found.values()), reverse=True)[: sums.SHOWN]
        if len(best) == sums.SHOWN and best[-1] >= part[-1][1] * 10**6:
            break
    return found


def _candidates(reading: Reading, start: int, end: int, by_time: bool) -> Iterator[list[tuple[str, int]]]:
    """(session, micro-dollars of all its life) in steps, dearest first; at most MOST_LOOKED_AT."""
    rows = UsageSession.objects.filter(generation=reading.generation, first__lt=end, last__gte=start)
    if reading.scope.user_id is not None:
        rows = rows.filter(user_id=reading.scope.user_id)
    elif by_time:
        rows = rows.filter(Q(lasting=True) | Q(lasting=False, last__lt=end + LASTING))
    rows = rows.order_by("-spend_micro", "id").values_list("session_id", "spend_micro")
    if by_time:
        looked_at = list(rows[:MOST_LOOKED_AT])
        yield from (looked_at[n : n + STEP] for n in range(0, len(looked_at), STEP))
        return
    for first in range(0, MOST_LOOKED_AT, STEP):
        part = list(rows[first : first + STEP])
        if part:
            yield part
        if len(part) < STEP:
            return


def kinds_of(rows: list[Row]) -> Kinds:
    kinds: Kinds = {}
    for row in rows:
        kinds.setdefault(row.kind, Cell()).count(row, bin_of(row.ms))
    return kinds


def daily(found: Found, chosen: list[Any], reading: Reading, days: list[int]) -> dict[Group, list[Kinds]]:
    """As `Reading.daily`, for some of the sessions."""
    answer: dict[Group, list[Kinds]] = {}
    for (session,) in chosen:
        if not session:
            answer[("",)] = Reading(_alone(reading.scope)).daily(days).get((), [{} for _ in days[1:]])
            continue
        parts: list[list[Row]] = [[] for _ in days[1:]]
        for row in found.get(session, ()):
            parts[bisect_right(days, row.quarter) - 1].append(row)
        answer[(session,)] = [kinds_of(rows) for rows in parts]
    return answer


def _alone(scope: Scope) -> Scope:
    return replace(scope, bits=scope.bits | ALONE, wanted=scope.wanted | ALONE)
