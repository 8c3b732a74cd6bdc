"""The last trial of this machine's sandbox, kept in a file: pages show it, and no snippet runs before one.

A trial that failed switches code off; it is made again when somebody asks for it, or after a while by itself.
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from intelligence.agents import confine
from intelligence.agents.self_test import Check, off_because, self_test

GOOD_FOR_S, BAD_FOR_S = 7 * 86_400.0, 600.0
_running = asyncio.Lock()


def place() -> Path:
    return settings.DATA_DIR / "sandbox-trial.json"


def last() -> dict[str, Any] | None:
    """{at, checks: [{name, ok, detail}], off}; None where there was none, or none that can be read."""
    try:
        kept = json.loads(place().read_text("utf-8"))
        checks = [Check(one["name"], one["ok"], one["detail"]) for one in kept["checks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {"at": kept["at"], "seconds": kept.get("seconds"), **told(checks)}


def told(checks: list[Check]) -> dict[str, Any]:
    return {"checks": [asdict(one) for one in checks], "off": off_because(checks)}


async def now() -> dict[str, Any]:
    """Tries every check, a few seconds, and keeps what came of it."""
    async with _running:
        began = time.monotonic()
        checks = await self_test()
        took = round(time.monotonic() - began, 1)
    kept = {"at": datetime.now(UTC).isoformat(), "seconds": took, **told(checks)}
    await asyncio.to_thread(_write, json.dumps(kept))
    return kept


def _write(text: str) -> None:
    fresh = place().with_suffix(f".{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.replace(place())


async def ensured() -> str:
    """Why code may not run here by the last trial, which is made now where there is none that still counts."""
    found = await asyncio.to_thread(last)
    if found is None or _is_old(found):
        found = await now()
    return str(found["off"])


def off() -> str:
    """Why nothing of others may run here: what the machine lacks, or what its last trial found; empty where it
    may. A machine that was never tried is taken by what it has."""
    found = last()
    return confine.confinement().missing or (str(found["off"]) if found else "")


def _is_old(found: Mapping[str, Any]) -> bool:
    age = (datetime.now(UTC) - datetime.fromisoformat(found["at"])).total_seconds()
    return not 0 <= age < (BAD_FOR_S if found["off"] else GOOD_FOR_S)
