"""Speed of the agents' way in: python -m tests.benchmarks.agents [--calls 400].

On a fresh SQLite database: a token's check (signature and form of one not seen before, the same of one that was,
and with it that it still holds), and an engineer's whole calls through the gate (all checks, two audit entries, a
tool that reads twenty rows), by the clock and in CPU. Targets: 0.2 ms a check, 100 calls a second.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--calls", type=int, default=400)
    given.add_argument("--at-once", type=int, default=8)
    of = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATA_DIR": folder}
        measure(of.calls, of.at_once, folder)


def measure(calls: int, at_once: int, folder: str) -> None:
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = f"{folder}/bench.sqlite3"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    token, caller = made()
    check(token, calls)
    through_the_gate(caller, calls, 1)
    through_the_gate(caller, calls, at_once)


def made() -> tuple[str, Any]:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from intelligence.agents import credentials, roster
    from intelligence.models import Service

    owner = get_user_model().objects.create_user("bench")
    owner.groups.add(Group.objects.get(name="engineer"))
    for n in range(20):
        Service.objects.create(name=f"service-{n}", owner=owner)
    _, key = roster.create(owner, "bench", wanted=["read"], calls_per_minute=100_000)
    token, _ = credentials.for_key(key, None, None, "127.0.0.1")
    return token, credentials.caller_of(token)


def check(token: str, many: int) -> None:
    from intelligence.agents import credentials, tokens

    def anew(text: str) -> None:
        tokens._proven.__wrapped__(text, tokens._secrets())

    parts = (("not seen before", anew), ("seen before", tokens.read), ("whole check", credentials.caller_of))
    for name, function in parts:
        times = []
        for _ in range(max(many, 1_000)):
            began = time.perf_counter()
            function(token)
            times.append(time.perf_counter() - began)
        print(f"token, {name:20} {1_000 * median(times):.3f} ms median", flush=True)


def through_the_gate(caller: Any, many: int, at_once: int) -> None:
    from intelligence.agents import gate

    gate.call(caller, "list_services", {})
    began, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda _: gate.call(caller, "list_services", {}), range(many)))
    took = time.perf_counter() - began
    cpu = 1_000 * (time.process_time() - used) / many
    print(f"gate, {at_once:2} at once: {many / took:6.0f} calls/s, {cpu:.1f} ms CPU a call", flush=True)


if __name__ == "__main__":
    main()
