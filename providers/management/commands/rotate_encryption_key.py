"""`manage.py rotate_encryption_key`: every saved secret under the first encryption key, while the site runs.

To change the key: put the new one first (AI_ENCRYPTION_KEY=new,old), restart every process, run this, and take the
old one away once it says that nothing needs it.
"""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from providers.configuration import rotation
from providers.configuration.rotation import Place, Report
from providers.trail import audit

SHOWN = 20  # rows that are named; the rest is counted


class Command(BaseCommand):
    help = "Re-encrypts every saved secret under the first key of AI_ENCRYPTION_KEY (else BACKUP_ENCRYPTION_KEY)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--check", action="store_true", help="change nothing; fail where a secret is not under the first key"
        )
        only.add_argument(
            "--retire", type=int, metavar="N", help="change nothing; fail where a secret still needs key number N"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keys = len(settings.AI_ENCRYPTION_KEYS)
        number = options["retire"]
        if number is not None and not 1 <= number <= keys:
            raise CommandError(f"There is no key {number}: {keys} {'is' if keys == 1 else 'are'} set.")
        reading = options["check"] or number is not None
        if not reading:
            audit.record("encryption_key.rotate", audit.Thing("encryption key"), after={"set_now": keys})
        reports = self._told(rotation.look() if reading else rotation.rotate())
        unreadable = [place for report in reports for place in report.unreadable]
        old = [(key, place) for report in reports for key, place in report.old]
        if number is not None:
            self._retire(number, reports, old, unreadable)
        elif old or unreadable:
            raise CommandError("\n".join([*self._needed(old), *lost(unreadable)]))
        else:
            self._say_done(keys)

    def _told(self, reports: Iterable[Report]) -> list[Report]:
        told = []
        for report in reports:
            held = ", ".join(f"{count} under key {key}" for key, count in sorted(report.by_key.items()))
            moved = f", {report.rotated} re-encrypted now" if report.rotated else ""
            bad = f", {len(report.unreadable)} that no key reads" if report.unreadable else ""
            self.stdout.write(f"{report.model}: {report.rows} rows, {held or 'no secret'}{moved}{bad}.")
            told.append(report)
        return told

    def _retire(self, number: int, reports: list[Report], old: list[tuple[int, Place]], bad: list[Place]) -> None:
        if number == 1:
            raise CommandError("Key 1 encrypts. Put another before it, restart, rotate, then retire it as key 2.")
        needed = [(key, place) for key, place in old if key == number]
        if needed:
            raise CommandError("\n".join(self._needed(needed)))
        self.stdout.write(f"Nothing needs key {number}. Take it out of the environment and restart.")
        for line in lost(bad):
            self.stderr.write(line)

    def _needed(self, old: list[tuple[int, Place]]) -> list[str]:
        lines = []
        for number in sorted({key for key, _ in old}):
            places = [place for key, place in old if key == number]
            lines += [f"Key {number} is still needed; keep it and run this again without --check or --retire:"]
            lines += named(places)
        return lines

    def _say_done(self, keys: int) -> None:
        self.stdout.write("Every secret is under key 1.")
        if keys > 1:
            spare = " and ".join(str(number) for number in range(2, keys + 1))
            self.stdout.write(
                f"No secret needs key {spare} any more. Keep it as long as you keep backups from before."
            )


def lost(places: list[Place]) -> list[str]:
    """What no key reads, and what to do about it."""
    if not places:
        return []
    head = (
        "No key that is set reads these; they are left as they are. Put the key that they were saved with back "
        "behind the others, or enter them again:"
    )
    return [head, *named(places)]


def named(places: list[Place]) -> list[str]:
    more = len(places) - SHOWN
    return [f"  {place}" for place in places[:SHOWN]] + ([f"  and {more} more"] if more > 0 else [])
