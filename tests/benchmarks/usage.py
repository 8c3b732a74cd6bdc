"""How long usage pages take over millions of rows.

python -m tests.benchmarks.usage [--rows 10000000] [--rounds 5] [--postgres [URL]]. Seeds a database of its own
(SQLite stays in DATA_DIR/benchmarks/usage: a second run starts at once), asks every page and its JSON in turns,
and shows p50 and p95 of each, and what memory an export takes. Target: p95 of any page at most 300 ms.
"""

import argparse
import os
import random
import resource
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync

TARGET_MS = 300
YEAR = "from={first}&to={last}"
RANGES = ("range=today", "range=7d", "range=30d", "range=month", YEAR)
ZONES = ("", "zone=Asia/Kolkata", "zone=America/New_York")
GROUPS = ("provider", "model", "user", "operation", "service", "session")
FILTERS = ("", "provider=claude", "user=seed-001", "status=failed", "operation=chat&provider=openai")
CALLS = ("", "status=failed", "provider=nvidia", "user=seed-150", "operation=chat&model=grok-4-fast")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rows", type=int, default=10_000_000)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--postgres", nargs="?", const="new", help="a server of its own, or the address of one")
    of = given.parse_args()
    with database(of) as url:
        _start(url)
        _fill(of.rows)
        _measure(of.rounds)


@contextmanager
def database(of: argparse.Namespace) -> Iterator[str]:
    """An empty address stands for SQLite in DATA_DIR."""
    home = Path(os.environ.get("DATA_DIR") or "var").resolve() / "benchmarks" / "usage"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(home)
    if not of.postgres:
        yield ""
        return
    if of.postgres != "new":
        yield of.postgres
        return
    from tests import postgres

    with postgres.server() as url:
        yield url


def _start(url: str) -> None:
    import django

    key = "benchmark-" * 6
    os.environ |= {"ENV_FILE": "", "DATABASE_URL": url, "SECRET_KEY": key}
    os.environ["DJANGO_SETTINGS_MODULE"] = "aiops_site.settings"
    from cryptography.fernet import Fernet

    os.environ.setdefault("AI_ENCRYPTION_KEY", Fernet.generate_key().decode())
    django.setup()


def _fill(rows: int) -> None:
    from django.core.management import call_command

    from providers.models import AIUsageLog
    from providers.usage.rollup import roller
    from providers.usage.rollup.rebuild import BATCH
    from tests.benchmarks.usage_rows import fill

    call_command("migrate", verbosity=0)
    begun = time.monotonic()
    have = AIUsageLog.objects.order_by("-number").values_list("number", flat=True).first() or 0
    if not have:
        fill(rows, 365)
        print(f"{rows:,} rows in {time.monotonic() - begun:.0f} s", flush=True)
    while roller.roll(seconds=60, batch=BATCH):
        pass
    print(f"summed after {time.monotonic() - begun:.0f} s", flush=True)


def _measure(rounds: int) -> None:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from providers.runtime import warm

    warm.up()  # as the web process does at its start
    warm.settle()
    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = get_user_model().objects.get_or_create(username="bench", defaults={"is_superuser": True})
    client = Client()
    client.force_login(user)
    client.get("/usage/")  # the first page of a process imports its views and reads its templates
    addresses = list(_addresses())
    random.Random(1).shuffle(addresses)
    took: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for kind, address in addresses:
            begun, cpu = time.perf_counter(), time.process_time()
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.content[:300])
            spent = ((time.perf_counter() - begun) * 1000, (time.process_time() - cpu) * 1000)
            took.setdefault(kind, []).append(spent)
    _show(took)
    _export(client)


def _addresses() -> Iterator[tuple[str, str]]:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    ends = {"first": today - timedelta(days=364), "last": today}
    for span in RANGES:
        part = span.format(**ends)
        for zone in ZONES:
            for group in GROUPS:
                name = f"summary by {group}, {'year' if span == YEAR else span.partition('=')[2]}"
                kind = f"{name}{' in a zone' if zone else ''}"
                yield kind, _url("/api/v1/ai/usage/summary/", part, zone, f"group={group}")
        yield "page", _url("/usage/", part)
        yield "tokens and times", _url("/usage/", part, "view=details")
        yield "matrix", _url("/api/v1/ai/usage/matrix/", part)
        yield "advice", _url("/api/v1/ai/usage/advice/", part)
        for chosen in FILTERS:
            yield "summary, filtered", _url("/api/v1/ai/usage/summary/", part, chosen, "group=model")
        for chosen in CALLS:
            yield "calls", _url("/api/v1/ai/usage/", part, chosen)


def _url(path: str, *parts: str) -> str:
    return f"{path}?{'&'.join(part for part in parts if part)}"


def _show(took: dict[str, list[tuple[float, float]]]) -> None:
    """CPU is that of this process: on a busy machine it says more than the clock."""
    print(f"{'what':44} {'n':>5} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8} {'p95 CPU ms':>11}")
    every = [spent for many in took.values() for spent in many]
    lines = sorted(took.items(), key=lambda one: -_p95([clock for clock, _ in one[1]]))
    for kind, spent in [*lines, ("all", every)]:
        times, cpu = [clock for clock, _ in spent], [cpu for _, cpu in spent]
        mark = "" if _p95(times) <= TARGET_MS else "  over the target"
        figures = f"{statistics.median(times):8.0f} {_p95(times):8.0f} {max(times):8.0f} {_p95(cpu):11.0f}"
        print(f"{kind:44} {len(times):5} {figures}{mark}")


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]


def _export(client: Any) -> None:
    """200,000 rows of the stream, read as the web process reads it, and how far memory grew for it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    answer = client.get("/usage/calls/?range=30d&export=csv")
    rows, size = async_to_sync(_read)(answer.streaming_content, 200_000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    seconds = time.perf_counter() - begun
    print(f"export: {rows:,} rows, {size / 1e6:.0f} MB in {seconds:.1f} s, memory grew by {grown} MB")


async def _read(parts: AsyncIterator[bytes], most: int) -> tuple[int, int]:
    """Rows and bytes, up to about so many rows."""
    size = rows = 0
    async for part in parts:
        size, rows = size + len(part), rows + part.count(b"\r\n")
        if rows >= most:
            break
    return rows, size


if __name__ == "__main__":
    main()
