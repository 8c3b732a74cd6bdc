"""`manage.py recompute_costs`: every booked cost again from its row's own tokens and rates; names what differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.ledger.recompute import recompute

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Recomputes the cost of every usage row from the tokens and rates kept in it; names the rows that differ."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rows = without = different = 0
        for again in recompute():
            rows += 1
            without += again.cost is None
            different += again.differs
            if again.differs and different <= SHOWN:
                self.stdout.write(self.style.ERROR(f"row {again.number}: {again.booked} booked, {again.cost} now"))
        said = (
            f"{rows:,} rows: {different:,} differ, {without:,} have no rates (the provider's figure, local, lost)."
        )
        if different:
            raise CommandError(said)
        self.stdout.write(said)
