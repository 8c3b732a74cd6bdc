"""`manage.py seed_demo [--remove]`: sample data on a site where nobody works yet."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from aiops_site import demo
from providers.exceptions import InvalidInput

STAYS = "Usage and audit rows of the sample stay, under the names demo-…: nothing can delete those."


class Command(BaseCommand):
    help = "Fills every page with a made-up team's data. Again changes nothing. Refused where people work already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove", action="store_true", help="takes it away again, but for ledger and audit")

    def handle(self, *args: Any, remove: bool, **options: Any) -> None:
        if remove:
            gone = demo.remove()
            self.stdout.write(f"Removed: {gone}. {STAYS}" if gone else "There is no sample data here.")
            return
        try:
            made = demo.fill()
        except InvalidInput as refusal:
            raise CommandError(refusal.message) from refusal
        demo.usage.sum_up()
        if not made.services:
            self.stdout.write("The sample data is there already.")
            return
        self.stdout.write(
            f"{made.services} services, {made.sessions} sessions, {made.usage_rows:,} usage rows (marked seeded)."
        )
