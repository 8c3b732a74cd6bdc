"""Single calls: pages of rows, one call, and the stream of an export."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Q, QuerySet

from providers.exceptions import InvalidInput, NotFound
from providers.models import AIUsageLog
from providers.usage.names import provider_name, usernames
from providers.usage.question import Question
from providers.usage.scope import matching, user_key, visible
from providers.usage.sums import usd

PAGE_SIZE, LARGEST_PAGE = 50, 500
DEEPEST = 10_000  # rows that can be paged over; beyond that a narrower range is quicker for everybody
CHUNK = 1_000
MONEY = ("estimated_cost_usd", "actual_cost_usd")
FIELDS = (
    "id",
    "created_at",
    "user_id",
    "session_id",
    "operation",
    "provider",
    "model",
    "model_version",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "usage_source",
    "estimated_cost_usd",
    "actual_cost_usd",
    "price_source",
    "processing_time_ms",
    "first_token_ms",
    "retry_count",
    "success",
    "error_code",
    "error_message",
    "used_fallback",
    "prompt_hash",
)


def page_of(viewer: Any, question: Question, page: int, size: int) -> dict[str, Any]:
    """Newest first. Errors: InvalidInput for a page beyond DEEPEST rows, NotFound of `scope.matching`."""
    first = (page - 1) * size
    if first + size > DEEPEST and page > 1:
        raise InvalidInput(
            f"Only the first {DEEPEST:,} rows can be paged over. Choose fewer days, or export.", param="page"
        )
    rows = matching(viewer, question)
    total = rows.count()
    found = _plain(list(_newest_first(rows).values(*FIELDS)[first : first + size]))
    return {
        "range": question.as_dict(),
        "filters": question.filters,
        "rows": found,
        "page": page,
        "page_size": size,
        "total": total,
        "first": first + 1 if found else 0,
        "last": first + len(found),
        "more": first + size < total and first + 2 * size <= DEEPEST,
    }


def call(viewer: Any, pk: UUID) -> dict[str, Any]:
    """One call with its rates. Errors: NotFound, also for a call of somebody else."""
    found = visible(viewer).filter(pk=pk).values(*FIELDS, "rates", "metadata").first()
    if found is None:
        raise NotFound("There is no call with this id that you may see.")
    return _plain([found])[0]


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
