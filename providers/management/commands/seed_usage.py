"""`manage.py seed_usage --rows N`: made-up usage for benchmarks and demos."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from providers.exceptions import InvalidInput
from providers.usage import seeding
from providers.usage.rollup import roller
from providers.usage.rollup.rebuild import BATCH

MOST_ROWS, MOST_DAYS = 100_000_000, 365


class Command(BaseCommand):
    help = "Writes made-up usage rows (users seed-001 ..., price source seeded). They can never be deleted again."

    _share = -1

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=10_000)
        parser.add_argument("--days", type=int, default=365, help="over how many UTC days up to today")
        parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same rows; 0: a new one")
        parser.add_argument("--force", action="store_true", help="also on a site that has real usage rows")

    def handle(self, *args: Any, rows: int, days: int, seed: int, force: bool, **options: Any) -> None:
        if not 1 <= rows <= MOST_ROWS:
            raise CommandError(f"--rows can be 1 to {MOST_ROWS:,}.")
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days can be 1 to {MOST_DAYS}.")
        started = time.monotonic()
        try:
            if not force:
                seeding.refuse_beside_real_rows()
        except InvalidInput as refusal:
            raise CommandError(refusal.message) from refusal
        written = seeding.write(rows, days, number=seed or time.time_ns(), told=lambda n: self._told(n, rows))
        self.stdout.write(f"{written:,} made-up rows in {time.monotonic() - started:.0f} s. Summing them up.")
        while roller.roll(seconds=60, batch=BATCH):
            pass
        self.stdout.write(f"Done after {time.monotonic() - started:.0f} s. Users: seed-001 to seed-200.")

    def _told(self, done: int, rows: int) -> None:
        share = done * 100 // rows
        if share > self._share:
            self._share = share
            self.stdout.write(f"{done:,} of {rows:,} rows", ending="\r")
            self.stdout.flush()
