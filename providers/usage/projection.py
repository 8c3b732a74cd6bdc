"""Where the month will end: what is spent, and for each day that is left what such a day of the week cost lately.

A range, not a figure: one and a half times the usual distance of a day from its weekday's mean, over the days
that are left. Whole pico-dollars throughout.
"""

from dataclasses import replace
from datetime import date, timedelta
from math import isqrt
from typing import Any

from providers.usage import sums
from providers.usage.question import DAY, Question
from providers.usage.rollup.reading import Reading

LOOK_BACK = 28  # whole days before today; four of each day of the week
FEWEST = 7


def of_month(reading: Reading, month: Question) -> dict[str, Any] | None:
    """`month` is the one that today is in, so far. None where less than a week is known, or nothing was spent."""
    past = replace(month, range="custom", first=month.today - LOOK_BACK * DAY, last=month.today)
    spent = [day.pico for day in reading.daily(past.boundaries()).get((), [])]
    if not any(spent):
        return None
    begun = next(n for n, pico in enumerate(spent) if pico)  # days before the first spend tell nothing
    known = {past.first + n * DAY: pico for n, pico in enumerate(spent) if n >= begun}
    today = known.pop(month.today, 0)
    if len(known) < FEWEST:
        return None
    so_far = reading.whole(*month.span()).pico
    least, middle, most = project(known, month.today, so_far, today)
    return {"spend_usd": sums.usd(middle), "least_usd": sums.usd(least), "most_usd": sums.usd(most)}


def project(known: dict[date, int], today: date, so_far: int, spent_today: int) -> tuple[int, int, int]:
    """(least, likely, most) pico-dollars at the end of today's month. `known`: whole days before today.

    Today counts with what it is likely to become; never less than what is spent already.
    """
    means = _by_weekday(known)
    left = [today + timedelta(days=n) for n in range(32)]
    left = [day for day in left if (day.year, day.month) == (today.year, today.month)]
    ahead = sum(means[day.weekday()] for day in left[1:]) + max(0, means[today.weekday()] - spent_today)
    off = [pico - means[day.weekday()] for day, pico in known.items()]
    deviation = isqrt(sum(one * one for one in off) // max(1, len(off) - 1))
    margin = 3 * deviation * isqrt(10_000 * len(left)) // 200
    likely = so_far + ahead
    return max(so_far, likely - margin), likely, likely + margin


def _by_weekday(known: dict[date, int]) -> list[int]:
    """Mean of each day of the week, Monday first; of all days where one has none."""
    overall = sum(known.values()) // len(known)
    of_day: list[list[int]] = [[] for _ in range(7)]
    for day, pico in known.items():
        of_day[day.weekday()].append(pico)
    return [sum(one) // len(one) if one else overall for one in of_day]
