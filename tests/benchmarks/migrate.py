"""What calls notice of a migration over many usage rows while the code before it still runs.

    python -m tests.benchmarks.migrate [--rows 1000000] [--back 2] [--postgres]

Takes the code of the commit before the last `--back` migrations of providers out of git, lets it make a database
with `--rows` usage rows and what it sums of them in a minute, and runs a whole site of it (`manage.py up`) that is
asked all the time. Beside it this tree's `manage.py migrate` goes forward, back, and forward again. The longest
answer of a call is the longest lock that anybody felt. At the end: each call that reached the upstream has a row,
the counters are the sums of these rows, the triggers stand.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from tests import postgres
from tests.aiops_site.many import exchange
from tests.aiops_site.running import ROOT, Site, environment, until
from tests.fakes.upstream import FakeUpstream

CALLERS, PAUSE_S, BESIDE_S = 4, 0.05, 3.0
SEED = """
import sys, django
django.setup()
from decimal import Decimal
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from providers.models import AIProviderSettings, AIServiceConfig, UserAICap
saved = AIProviderSettings.get_solo()
saved.openai_api_key, saved.openai_base_url, saved.openai_model = "sk-bench", sys.argv[1], "gpt-4.1-mini"
saved.save()
AIServiceConfig(daily_cost_limit_usd=Decimal(10**6), monthly_cost_limit_usd=Decimal(10**6)).save()
user = get_user_model().objects.create_user("bench")
user.groups.add(Group.objects.get(name="admin"))
UserAICap.objects.create(user=user, daily_token_cap=10**12, daily_cost_cap_usd=Decimal(10**6))
"""
FILL = """
import sys, django
django.setup()
from providers.usage.rollup import roller
from tests.benchmarks.usage_rows import fill
fill(int(sys.argv[1]), 365)
roller.roll(60, 20_000)
"""
BOOKS = """
import django, json
django.setup()
from django.db.models import Sum
from providers.ledger.triggers import missing
from providers.models import AIUsageLog, CapDay
mine = {"user__username": "bench"}  # the copied rows are in no counter (tests/benchmarks/usage_rows.py)
rows = AIUsageLog.objects.filter(**mine)
booked = rows.order_by().aggregate(tokens=Sum("total_tokens"), usd=Sum("actual_cost_usd"))
counted = CapDay.objects.filter(**mine).aggregate(tokens=Sum("used_tokens"), usd=Sum("used_usd"))
print(json.dumps({"real": rows.count(), "right": booked == counted, "gone": missing()}))
"""


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rows", type=int, default=1_000_000)
    given.add_argument("--back", type=int, default=2, help="how many migrations of providers are new")
    given.add_argument("--postgres", action="store_true", help="on a server of its own; else SQLite")
    of = given.parse_args()
    database = postgres.server() if of.postgres else nullcontext("")
    with tempfile.TemporaryDirectory() as folder, FakeUpstream() as upstream, database as url:
        before, old = code_before(of.back, Path(folder) / "old")
        data = Path(folder) / "data"
        data.mkdir()
        more = {"AI_PRIVATE_HOSTS": upstream.netloc, "AI_CHAT_RATE": "1000000/min"}
        env = environment(data, DJANGO_SETTINGS_MODULE="aiops_site.settings", DATABASE_URL=url, **more)
        began = time.monotonic()
        command(env, old, "manage.py", "migrate")
        command(env, old, "-c", FILL, str(of.rows))
        command(env, old, "-c", SEED, upstream.openai_url)
        token = command(env, old, "manage.py", "api_token", "bench")
        print(f"{of.rows:,} rows in {time.monotonic() - began:.0f} s, all by the code of {before}", flush=True)
        site = Site(data, tree=old, **env)
        try:
            measured(Asked(site.until_ready().port, token), env, upstream, before)
        finally:
            site.stop()


def code_before(back: int, into: Path) -> tuple[str, Path]:
    """(the last migration that the old code has, the folder with the old code)."""
    names = sorted(path.stem for path in (ROOT / "providers/migrations").glob("0*.py"))
    first = f"providers/migrations/{names[-back]}.py"
    git = ["git", "-C", str(ROOT)]
    asked = [*git, "log", "--diff-filter=A", "--format=%H", "-1", "--", first]
    commit = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    into.mkdir()
    packed = subprocess.run([*git, "archive", f"{commit}^"], capture_output=True) if commit else None
    if packed is None or packed.returncode:
        raise SystemExit(f"The code before {first} is not in this copy's history: a whole clone is needed.")
    subprocess.run(["tar", "-x", "-C", str(into)], input=packed.stdout, check=True)
    return names[-back - 1], into


def command(env: dict[str, str], tree: Path, *words: str) -> str:
    """The last line that a command of this tree prints in the site's environment."""
    done = subprocess.run([sys.executable, *words], cwd=tree, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)[:60]}: {done.stderr[-2000:]}")
    return (done.stdout.strip().splitlines() or [""])[-1]


class Asked:
    """Callers and a reader of pages that ask without an end. `calls`, `pages`: (began, seconds, status)."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._headers = port, {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._over = threading.Event()
        self.calls: list[tuple[float, float, int]] = []
        self.pages: list[tuple[float, float, int]] = []
        self.said: Counter[str] = Counter()
        body = json.dumps(
            {"model": "openai/gpt-4.1-mini", "messages": [{"role": "user", "content": "What is a pool?"}]}
        )
        call = ("POST", "/api/v1/ai/chat/completions", body)
        ways = [(self.calls, call)] * CALLERS + [(self.pages, ("GET", "/api/v1/ai/usage/", None))]
        self._threads = [threading.Thread(target=self._ask, args=way, daemon=True) for way in ways]

    def __enter__(self) -> "Asked":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, into: list[tuple[float, float, int]], what: tuple[str, str, str | None]) -> None:
        while not self._over.wait(PAUSE_S):
            began = time.monotonic()
            status, _, said = exchange(self._port, *what, self._headers)
            into.append((began, time.monotonic() - began, status))
            if status != 200:
                self.said[f"{what[1]} {status} {said[:160]!r}"] += 1


def measured(asked: Asked, env: dict[str, str], upstream: FakeUpstream, before: str) -> None:
    with asked:
        time.sleep(BESIDE_S)
        told("before", asked, 0.0, time.monotonic())
        for name, words in (("forward", ()), ("back", ("providers", before)), ("forward again", ())):
            began = time.monotonic()
            command(env, ROOT, "manage.py", "migrate", *words)
            ended = time.monotonic()
            time.sleep(BESIDE_S)
            print(f"{name}: migrate took {ended - began:.1f} s")
            told(f"{name}, while it ran", asked, began, ended)
            told(f"{name}, after it", asked, ended, time.monotonic())
    paid = sum(call.method == "POST" for call in upstream.calls)
    until(lambda: json.loads(command(env, ROOT, "-c", BOOKS))["real"] >= paid, "a row for each call", 30)
    books = json.loads(command(env, ROOT, "-c", BOOKS))
    print(f"upstream calls without a row: {paid - books['real']}")
    print(f"counters of them: {'right' if books['right'] else 'WRONG'}, triggers missing: {len(books['gone'])}")
    for words, times in asked.said.most_common(8):
        print(f"  {times} times: {words}")


def told(name: str, asked: Asked, since: float, until_: float) -> None:
    """Of what began in this time."""
    for kind, made in (("calls", asked.calls), ("usage pages", asked.pages)):
        of = [(took, status) for began, took, status in list(made) if since <= began < until_]
        longest = max((took for took, _ in of), default=0.0)
        refused = sum(status != 200 for _, status in of)
        print(f"  {name}: {len(of)} {kind}, longest {longest:.2f} s, not answered: {refused}", flush=True)


if __name__ == "__main__":
    main()
