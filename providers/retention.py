"""How long what is kept: `RETENTION_DAYS`, days per kind, and the nightly task that lets go of what is older.

`RETENTION_DAYS=sessions=365,logs=30`; 0 keeps a kind for good. Apps register their kinds in their `apps.py`. The
ledger and the audit log stay for good, whatever is set: rows that never change can't be a kind.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from providers.models.forever import Forever
from providers.trail import audit

LONGEST_DAYS = 36_500
AT_ONCE, PAUSE_S = 500, 0.01  # short transactions with a breath between them: the ledger writes to the same file
LONGEST_S = 900.0  # of one night and kind; the rest goes in the next


@dataclass(frozen=True, slots=True)
class Kind:
    """`rows`: what was over before a moment and may go. `erase`: takes their keys where not whole rows go.
    `least`: days that it must be kept, if not for good."""

    name: str
    what: str
    days: int
    rows: Callable[[datetime], QuerySet[Any]]
    erase: Callable[[list[Any]], Any] | None = None
    least: int = 1


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Errors: ValueError for rows that never change."""
    if issubclass(kind.rows(_LONG_AGO).model, Forever):
        raise ValueError(f"{kind.name}: these rows stay for good.")
    _kinds[kind.name] = kind


def kinds() -> tuple[Kind, ...]:
    return tuple(_kinds.values())


def days() -> dict[str, int]:
    """Kind -> days. Errors: ValueError in a sentence."""
    found = {kind.name: kind.days for kind in _kinds.values()}
    for word in settings.RETENTION_DAYS:
        name, _, number = word.partition("=")
        if name.strip() not in found:
            raise ValueError(f"there is no kind {name.strip()!r}. Kinds: {', '.join(found)}.")
        if not (number.strip().isdigit() and int(number) <= LONGEST_DAYS):
            raise ValueError(f"{word!r} is no number of days: write kind=days, 0 to keep it for good.")
        least = _kinds[name.strip()].least
        if 0 < int(number) < least:
            raise ValueError(f"{name.strip()} must be kept for {least} days at least.")
        found[name.strip()] = int(number)
    return found


def forget(now: datetime) -> Mapping[str, int]:
    """Lets go of all that is due; how many rows of each kind. What goes is in the audit log first."""
    kept = days()
    return {kind.name: _forget(kind, now - timedelta(days=kept[kind.name])) for kind in kinds() if kept[kind.name]}


def _forget(kind: Kind, before: datetime) -> int:
    rows, gone, until = kind.rows(before).order_by(), 0, time.monotonic() + LONGEST_S
    while time.monotonic() < until and (keys := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
        with transaction.atomic():
            if not gone:
                audit.record("data.forget", audit.Thing("kind of data", kind.name), after={"before": str(before)})
            if kind.erase is None:
                rows.model._base_manager.filter(pk__in=keys).delete()
            else:
                kind.erase(keys)
        gone += len(keys)
        time.sleep(PAUSE_S)
    return gone
