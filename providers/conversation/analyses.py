"""Asking once: the canonical input of an analysis, the claim on its row, and its result. Sync but for `analysed`.

Whoever comes while another caller works on the same input waits for that one's result, in every process: the claim
is a unique row and a conditional UPDATE. A failed analysis can be asked again; a lost worker's claim runs out.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction

from providers import exceptions
from providers.exceptions import AIServiceError, InvalidInput, UpstreamTimeout
from providers.fields import SecretField
from providers.guard import mended
from providers.models import AIUsageLog
from providers.models.analysis import DONE, FAILED, RUNNING, AIAnalysis, hash_of
from providers.runtime import clock
from providers.runtime.hop import hop
from providers.types import AIResponse

LEASE, BEAT_S, LOOK_EVERY_S = timedelta(seconds=30), 10.0, 0.2
# An upstream's failure is everybody's who waited; a cap or a cancellation is only its own caller's.
SHARED = {
    kind.code: kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, exceptions.UpstreamError)
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be analysed. `input_data` is canonical: equal wishes have equal hashes."""

    target: models.Model
    user_id: int
    analysis_type: str
    input_data: dict[str, Any]
    cut: int = 0

    @property
    def input_hash(self) -> str:
        return hash_of(self.input_data)


def wish_for(obj: Any, user_id: int, analysis_type: str, data: Any, **more: Any) -> Wish:
    """`more`: prompt, system, names and schema, as they were asked for. Errors: InvalidInput."""
    if not isinstance(obj, models.Model) or obj.pk is None:
        raise InvalidInput("analyze_object needs an object that is saved in the database.", param="obj")
    if not 1 <= len(analysis_type) <= 60:
        raise InvalidInput("analysis_type is a name of 1 to 60 characters.", param="analysis_type")
    given = {
        "target": f"{obj._meta.label_lower}:{obj.pk}",
        "analysis_type": analysis_type,
        "data": fields_of(obj) if data is None else data,
        **{name: value for name, value in more.items() if value},
    }
    return Wish(obj, user_id, analysis_type, plain(given))


def fields_of(obj: models.Model) -> dict[str, Any]:
    """The columns of an object without its secrets and without the time of its last change."""
    hidden = ("password", "secret", "token", "digest")
    return {
        field.attname: field.value_from_object(obj)
        for field in obj._meta.concrete_fields
        if not isinstance(field, SecretField)
        and not getattr(field, "auto_now", False)
        and not any(word in field.name for word in hidden)
    }


def plain(value: Any, depth: int = 0) -> Any:
    """Only what every database's JSON gives back unchanged: text, whole numbers, booleans, None, lists, dicts."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, float | Decimal | UUID):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if depth > 20:
        raise InvalidInput("The data is nested too deep.", param="data")
    if isinstance(value, dict):
        return {mended(str(key)): plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [
            plain(each, depth + 1) for each in (sorted(value) if isinstance(value, set | frozenset) else value)
        ]
    return mended(str(value))


async def analysed(
    wish: Wish, ask: Callable[[], Awaitable[AIResponse]], *, force: bool, wait_s: float
) -> AIAnalysis:
    """The stored result, or that of one call of `ask`, whoever makes it. Errors: those of the call."""
    token, joined, now = uuid4().hex, False, asyncio.get_running_loop().time
    deadline = now() + wait_s
    while True:
        row, mine = await hop(claim, wish, token, force=force, joined=joined)
        if mine:
            return await _asked(row, wish, token, ask)
        if row.state == DONE and not row.claim:
            return row
        if now() > deadline:
            raise UpstreamTimeout(f"Somebody else's call for this analysis took longer than {wait_s:g} s.")
        joined = True
        await clock.sleep(LOOK_EVERY_S)


async def _asked(row: AIAnalysis, wish: Wish, token: str, ask: Callable[[], Awaitable[AIResponse]]) -> AIAnalysis:
    beat = asyncio.ensure_future(_beat(row.pk, token))
    try:
        response = await ask()
        kept = await hop(finish, row, wish, token, response)
    except BaseException as error:
        beat.cancel()
        await asyncio.shield(hop(give_up, row.pk, token, error))
        raise
    beat.cancel()
    kept.response = response
    return kept


async def _beat(key: UUID, token: str) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        mine = AIAnalysis.objects.filter(pk=key, claim=token)
        await hop(mine.update, claim_until=clock.now() + LEASE)


def claim(wish: Wish, token: str, *, force: bool, joined: bool) -> tuple[AIAnalysis, bool]:
    """The current row, and whether this caller is to do the work. `joined`: it waited for another one's call.

    Errors: that other call's, where an upstream failed.
    """
    now, until = clock.now(), clock.now() + LEASE
    row = AIAnalysis.objects.filter(input_hash=wish.input_hash, is_current=True).first()
    if row is None:
        try:
            with transaction.atomic():
                return _new(wish, claim=token, claim_until=until), True
        except IntegrityError:
            row = AIAnalysis.objects.get(input_hash=wish.input_hash, is_current=True)
    if row.claim and row.claim_until is not None and now < row.claim_until:
        return row, False
    if joined and row.error_code in SHARED:
        raise SHARED[row.error_code](row.error_message)
    if row.state == DONE and (joined or not force):
        row.claim = ""  # a lost worker's, perhaps: the result stands
        return row, False
    free = AIAnalysis.objects.filter(pk=row.pk, is_current=True, claim=row.claim, state=row.state)
    state = DONE if row.state == DONE else RUNNING
    mine = free.update(claim=token, claim_until=until, state=state, error_code="", error_message="")
    row.refresh_from_db()
    return row, bool(mine)


def _new(wish: Wish, **fields: Any) -> AIAnalysis:
    return AIAnalysis.objects.create(
        content_type=ContentType.objects.get_for_model(wish.target, for_concrete_model=False),
        object_id=str(wish.target.pk),
        analysis_type=wish.analysis_type,
        input_data=wish.input_data,
        input_cut_chars=wish.cut,
        triggered_by_id=wish.user_id,
        **fields,
    )


def finish(row: AIAnalysis, wish: Wish, token: str, response: AIResponse) -> AIAnalysis:
    """Stores the result. What it replaces stays as history; whoever finished first keeps the place."""
    fields = _outcome(response)
    with transaction.atomic():
        current = AIAnalysis.objects.filter(pk=row.pk, is_current=True)
        if row.state != DONE:
            current.exclude(state=DONE).update(
                **fields, state=DONE, claim="", claim_until=None, triggered_by=wish.user_id, updated_at=clock.now()
            )
        elif current.filter(claim=token).update(is_current=False, claim="", claim_until=None):
            return _new(wish, **fields, state=DONE)
    return AIAnalysis.objects.get(input_hash=wish.input_hash, is_current=True)


def _outcome(response: AIResponse) -> dict[str, Any]:
    result = result_of(response)
    sure = result.get("confidence")
    known = isinstance(sure, int | float) and not isinstance(sure, bool) and 0 <= sure <= 1
    call = AIUsageLog.objects.values("provider", "model", "model_version").get(pk=response.log_id)
    return {
        **call,
        "result": result,
        "confidence": float(sure) if known else None,
        "validation_passed": not response.validation_errors,
        "validation_errors": plain(response.validation_errors or []),
        "usage_log_id": UUID(response.log_id),
    }


def result_of(response: AIResponse) -> dict[str, Any]:
    """The validated object; else the JSON object that was answered; else {"text": the answer}."""
    if response.parsed is not None:
        found = response.parsed.model_dump(mode="json")
        return found if isinstance(found, dict) else {"value": found}
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) and found else {"text": response.content}


def give_up(key: UUID, token: str, error: BaseException) -> None:
    """Frees the claim. A result that was there before stays."""
    known = isinstance(error, AIServiceError)
    code, words = (error.code, error.message) if known else ("failed", type(error).__name__)
    mine = AIAnalysis.objects.filter(pk=key, claim=token)
    told = {"error_code": code, "error_message": words[:2000], "claim": "", "claim_until": None}
    if not mine.filter(state=DONE).update(**told):
        mine.update(**told, state=FAILED, updated_at=clock.now())
