"""`manage.py rebuild_rollups`: sums over usage rows made anew; exit 1 where the kept ones differed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from providers.usage.rollup import roller
from providers.usage.rollup.rebuild import BATCH, MOST_NAMED, rebuild


class Command(BaseCommand):
    help = "Makes the sums that usage pages read anew, names what differed, and puts the new ones in their place."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only; leave the kept sums as they are")
        parser.add_argument("--batch", type=int, default=BATCH, help="rows a transaction")

    def handle(self, *args: Any, check: bool, batch: int, **options: Any) -> None:
        if batch < 1:
            raise CommandError("--batch is a number of rows, at least 1.")
        while roller.roll(batch=batch):
            pass
        found = rebuild(keep=not check, batch=batch, told=self._told)
        for sentence in found.differences:
            self.stderr.write(sentence)
        if found.differences:
            more = " or more" if len(found.differences) == MOST_NAMED else ""
            mended = "They stay as they are." if check else "The new ones have taken their place."
            raise CommandError(f"{len(found.differences)}{more} kept sums differ from the ledger. {mended}")
        self.stdout.write(f"{found.rows:,} rows: every sum equals the ledger.")

    def _told(self, done: int, rows: int) -> None:
        self.stdout.write(f"{done:,} of {rows:,} rows", ending="\r")
        self.stdout.flush()
