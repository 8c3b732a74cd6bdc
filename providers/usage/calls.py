"""Single calls: pages of rows, one call, and the stream of an export."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Q, QuerySet

from providers.exceptions import InvalidInput, NotFound
from providers.models import AIUsageLog
from providers.usage.names import provider_name, usernames
from providers.usage.question import Question, quarter_of
from providers.usage.rollup.reading import Reading, Scope, snapshot
from providers.usage.rollup.store import start_of_quarter
from providers.usage.scope import matching, scope_of, user_key, visible
from providers.usage.sums import usd

PAGE_SIZE, LARGEST_PAGE = 50, 500
CHUNK = 1_000
NEAR, MOST_NEAR = timedelta(minutes=15), 200
MONEY = ("estimated_cost_usd", "actual_cost_usd")
FIRST = ("id", "created_at", "user_id")
# Of what a row's signature covers, what is nobody's business here: its place in the chain, and what was said.
NOT_SHOWN = {"number", "cap_day", "prompt_preview", "response_preview"}
FIELDS = (*FIRST, *(name for name in AIUsageLog.SIGNED if name not in NOT_SHOWN.union(FIRST)))


def page_of(viewer: Any, question: Question, after: str, size: int) -> dict[str, Any]:
    """Newest first. `after` is the `next` of the page before; rows that come meanwhile shift nothing.

    Errors: InvalidInput for an `after` that is none, NotFound of `scope.matching`.
    """
    place = Place.read(after)
    with snapshot():
        reading = Reading(scope_of(viewer, question))
        rows = matching(viewer, question, ranged=False)
        total = reading.whole(*question.span()).calls
        found = newest(reading, rows, question.span(), place, size + 1)
    more, found = len(found) > size, found[:size]
    before = place.rows if place else 0
    last = Place(before + len(found), found[-1]["created_at"], found[-1]["id"]) if more else None
    return {
        "range": question.as_dict(),
        "filters": question.filters,
        "rows": _plain(found),
        "page_size": size,
        "total": total,
        "first": before + 1 if found else 0,
        "last": before + len(found),
        "next": str(last) if last else "",
    }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: how many rows came before, and the last of them. As text: `50~<moment>~<id>`."""

    rows: int
    moment: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.rows}~{self.moment.astimezone(UTC).isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        if not text:
            return None
        try:
            rows, moment, key = text.split("~")
            found = cls(int(rows), datetime.fromisoformat(moment), UUID(key))
            if found.moment.tzinfo is None or not 0 < found.rows < 10**12 or not rows.isascii():
                raise ValueError(text)
        except ValueError:
            raise InvalidInput("after is the `next` of the page before this one.", param="after") from None
        return found


def newest(
    reading: Reading,
    rows: QuerySet[AIUsageLog],
    span: tuple[int, int],
    place: Place | None,
    want: int,
    fields: tuple[str, ...] = FIELDS,
) -> list[dict[str, Any]]:
    """The first `want` rows after a place. The sums say in which quarters of an hour they are, so however rare
    they are, only these are looked through; where every row is wanted, it is one look."""
    if place is not None:
        moment = place.moment
        rows = rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=place.id))
        span = span[0], min(span[1], quarter_of(moment) + 1)
    found: list[dict[str, Any]] = []
    everything = reading.scope == Scope()
    for first, end in [span] if everything else windows(reading, span, want):
        part = rows.filter(created_at__gte=start_of_quarter(first), created_at__lt=start_of_quarter(end))
        found += _newest_first(part).values(*fields)[: want - len(found)]
        if len(found) == want:
            break
    return found


def windows(reading: Reading, span: tuple[int, int], want: int) -> Iterator[tuple[int, int]]:
    """Runs of quarters with matching rows, newest first. A run ends once it has what is wanted and its newest
    quarter, of which a part may be on pages before."""
    end, run, held = 0, 0, 0
    for quarter, calls in reading.quarters_down(*span):
        if end and quarter == run - 1 and held < want:
            run, held = quarter, held + calls
            continue
        if end:
            yield run, end
        end, run, held = quarter + 1, quarter, 0
    if end:
        yield run, end


def call(viewer: Any, pk: UUID) -> dict[str, Any]:
    """One call with its rates. Errors: NotFound, also for a call of somebody else."""
    found = visible(viewer).filter(pk=pk).values(*FIELDS, "rates", "metadata").first()
    if found is None:
        raise NotFound("There is no call with this id that you may see.")
    chain = attempts(viewer, found)
    return {**_plain([found])[0], "attempts": chain}


def attempts(viewer: Any, call: dict[str, Any]) -> list[dict[str, Any]]:
    """All attempts at the question that a call belongs to, oldest first: same asker, operation, session and words,
    near in time, from a first try up to the next one."""
    if not call["prompt_hash"]:
        return []
    near = visible(viewer).filter(
        user_id=call["user_id"],
        created_at__gte=call["created_at"] - NEAR,
        created_at__lte=call["created_at"] + NEAR,
        **{name: call[name] for name in ("operation", "session_id", "prompt_hash")},
    )
    chain: list[dict[str, Any]] = []
    for row in near.order_by("created_at", "number").values(*FIELDS)[:MOST_NEAR]:
        if not row["retry_count"] and not row["used_fallback"]:
            if any(one["id"] == call["id"] for one in chain):
                break
            chain = []
        chain.append(row)
    return _plain(chain) if any(one["id"] == call["id"] for one in chain) else []


def whole(given: str, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most` out of a query string. Errors: InvalidInput."""
    text = given.strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise InvalidInput(f"{name} can be a whole number from 1 to {most}.", param=name)
    return int(text)


async def all_rows(viewer: Any, question: Question) -> AsyncIterator[list[dict[str, Any]]]:
    """All matching rows in chunks, newest first; memory stays flat, rows that come meanwhile shift nothing."""
    after: tuple[datetime, UUID] | None = None
    while True:
        chunk = await sync_to_async(_chunk)(viewer, question, after)
        if not chunk:
            return
        after = (datetime.fromisoformat(chunk[-1]["created_at"]), UUID(chunk[-1]["id"]))
        yield chunk
        if len(chunk) < CHUNK:
            return


def _chunk(viewer: Any, question: Question, after: tuple[datetime, UUID] | None) -> list[dict[str, Any]]:
    rows = matching(viewer, question)
    if after is not None:
        moment, pk = after
        rows = rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=pk), created_at__lte=moment)
    return _plain(list(_newest_first(rows).values(*FIELDS)[:CHUNK]))


def _newest_first(rows: QuerySet[AIUsageLog]) -> QuerySet[AIUsageLog]:
    return rows.order_by("-created_at", "-id")


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = usernames([row["user_id"] for row in rows])
    return [_row(row, names) for row in rows]


def _row(row: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    pk = row.pop("user_id")
    return {
        **row,
        "id": str(row["id"]),
        "created_at": row["created_at"].astimezone(UTC).isoformat(),
        "user": user_key(pk, names.get(pk)),
        "provider_name": provider_name(row["provider"]),
        **{name: usd_of(row[name]) for name in MONEY},
    }


def usd_of(dollars: Any) -> str:
    return usd(int(dollars.scaleb(12)))


def check(viewer: Any, question: Question) -> None:
    """Raises what `matching` raises, without a query for rows."""
    matching(viewer, question)
