"""Caps under the worst that can come at once: never passed, and used to at least 95 %.

    python -m tests.benchmarks.one_cap [--rounds 200] [--postgres] [--no-site]

First a whole site: chats, streams, a run, deliberations and a live page of one person at once
(tests/aiops_site/one_cap.py). Then, in rounds, the ledger alone: four processes with 50 calls at once each against
the cap of one user, $1.00 for calls that hold $0.03 and cost $0.0101.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests import postgres
from tests.aiops_site import many, one_cap
from tests.aiops_site.running import ROOT
from tests.benchmarks.senate_site import PERSONAS, SEED
from tests.fakes.upstream import FakeUpstream

PROCESSES, CAP = 4, Decimal("1.00")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rounds", type=int, default=200)
    given.add_argument("--postgres", action="store_true")
    given.add_argument("--no-site", action="store_true", help="the rounds alone")
    of = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not of.no_site:
            whole_site(Path(folder), of.postgres)
        (Path(folder) / "rounds").mkdir()
        in_rounds(Path(folder) / "rounds", of)


def whole_site(folder: Path, on_postgres: bool) -> None:
    (folder / "site").mkdir()
    with FakeUpstream() as upstream:
        given = (upstream, SEED, upstream.openai_url, ",".join(PERSONAS), "1")
        home = folder / "site"
        with many.site(home, None, *given) if on_postgres else many.one_machine(home, *given) as (site, _):
            seen = one_cap.holds_one_cap(site)
    used, highest = Decimal(seen["used"]) / one_cap.CAP, Decimal(str(seen["highest_usd"])) / one_cap.CAP
    print(f"whole site: used {used:.2%}, highest {highest:.2%} of the cap in {seen['looks']} looks", flush=True)
    print(json.dumps({"rows": seen["rows"], "answers": seen["answers"]}), flush=True)


def in_rounds(folder: Path, of: argparse.Namespace) -> None:
    with ExitStack() as held:
        url = held.enter_context(postgres.server()) if of.postgres else ""
        os.environ |= {"TEST_DATA_DIR": str(folder), "TEST_DATABASE_URL": url}
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from providers.ledger.reconcile import reconcile
        from providers.models import AIServiceConfig

        call_command("migrate", verbosity=0)
        AIServiceConfig(daily_cost_limit_usd=Decimal(10**6), monthly_cost_limit_usd=Decimal(10**6)).save()
        children = [held.enter_context(_child()) for _ in range(PROCESSES)]
        begun = time.monotonic()
        shares = [_round(number, children) for number in range(of.rounds)]
        took = time.monotonic() - begun
        clean = reconcile().clean
        for child in children:
            child.stdin.close()  # type: ignore[union-attr]
        connection.close()
        if of.postgres:
            connection.close_pool()  # a server that stops waits for its clients
    print(f"{of.rounds} rounds of {PROCESSES} processes in {took:.0f} s: {sum(one > 1 for one in shares)} passed")
    print(f"used {min(shares):.2%} at least, {max(shares):.2%} at most; books {'right' if clean else 'WRONG'}")


def _child() -> "subprocess.Popen[str]":
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.providers.ledger.ledger_child", "users", name, "0"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, **pipes)


def _round(number: int, children: "list[subprocess.Popen[str]]") -> Decimal:
    """The share of the cap that was used. Fails where a counter is not what the rows sum up to."""
    from django.contrib.auth import get_user_model

    from providers.models import AIUsageLog, CapDay
    from tests.providers.ledger.ledger_child import TRUE
    from tests.providers.ledger.ledger_kit import set_cap

    user = get_user_model().objects.create_user(f"round-{number}").pk
    set_cap(user, tokens=10**9, usd=str(CAP))
    for child in children:
        child.stdin.write(f"{user}\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
    told = [json.loads(child.stdout.readline()) for child in children]  # type: ignore[union-attr]
    day = CapDay.objects.get(user_id=user)
    rows = AIUsageLog.objects.filter(user_id=user).count()
    assert sum(one["admitted"] for one in told) == rows and day.used_usd == TRUE * rows
    assert (day.reserved_tokens, day.reserved_usd) == (0, 0)
    return Decimal(day.used_usd) / CAP


if __name__ == "__main__":
    main()
