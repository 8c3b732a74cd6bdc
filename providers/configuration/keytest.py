"""Tests a provider's key by asking for its list of models: free, and no model is called."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.utils import timezone

from providers.configuration.directory import Directory
from providers.exceptions import AIDisabled, AIServiceError, NotConfigured
from providers.models import AIServiceConfig, ProviderCheck
from providers.runtime import loop
from providers.types import Connection, ModelInfo
from providers.wires import wire_for

TEST_SECONDS = 10.0
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class KeyTest:
    """`latency_ms` of the list of models; `error` None where the key works, `code` as in the error tree."""

    ok: bool
    provider: str
    model: str
    latency_ms: int
    error: str | None = None
    code: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "code"}


def test_key(*, slug: str) -> KeyTest:
    """Tests one provider and keeps the result for its row; what it can't test is a clear failure, no error."""
    return test_keys(slugs=[slug])[0]


def test_keys(*, slugs: Sequence[str]) -> list[KeyTest]:
    """Tests several at the same time, each within `TEST_SECONDS`. Errors: AIDisabled, as for every other call."""
    if not AIServiceConfig.get_instance().is_enabled:
        raise AIDisabled
    directory = Directory()
    results: dict[str, KeyTest] = {}
    connections: dict[str, Connection] = {}
    for slug in slugs:
        try:
            connections[slug] = replace(directory.connection(slug), timeout_s=TEST_SECONDS)
        except NotConfigured as error:
            results[slug] = KeyTest(False, slug, directory.entries[slug].model, 0, error.message, error.code)
    asked = loop.run(_ask_all(list(connections.values())))
    for (slug, connection), (took_ms, answer) in zip(connections.items(), asked, strict=True):
        results[slug] = _result(connection.provider, directory.entries[slug].model, took_ms, answer)
        _keep(results[slug], answer)
    return [results[slug] for slug in slugs]


async def _ask_all(connections: list[Connection]) -> list[tuple[int, list[ModelInfo] | AIServiceError]]:
    return list(await asyncio.gather(*(_ask(connection) for connection in connections)))


async def _ask(connection: Connection) -> tuple[int, list[ModelInfo] | AIServiceError]:
    """Milliseconds, and the models or why not."""
    start = time.monotonic()
    answer: list[ModelInfo] | AIServiceError
    try:
        async with asyncio.timeout(TEST_SECONDS + 1):
            answer = await wire_for(connection).list_models()
    except AIServiceError as error:
        answer = error
    except TimeoutError:
        sentence = f"Provider {connection.provider} failed: no answer within {TEST_SECONDS:g} s."
        answer = AIServiceError(sentence, code="upstream_timeout")
    return round((time.monotonic() - start) * 1000), answer


def _result(slug: str, model: str, took_ms: int, answer: list[ModelInfo] | AIServiceError) -> KeyTest:
    if isinstance(answer, AIServiceError):
        return KeyTest(False, slug, model, took_ms, answer.message, answer.code)
    return KeyTest(True, slug, model, took_ms)


def _keep(result: KeyTest, answer: list[ModelInfo] | AIServiceError) -> None:
    listed = [] if isinstance(answer, AIServiceError) else answer
    facts = {
        "at": timezone.now(),
        "ok": result.ok,
        "code": result.code,
        "error": result.error or "",
        "latency_ms": result.latency_ms,
    }
    if result.ok:
        facts["listed"] = [{"id": m.id[:200], "retires_on": m.retires_on[:40]} for m in listed[:MAX_LISTED]]
    ProviderCheck.objects.update_or_create(slug=result.provider, defaults=facts)
