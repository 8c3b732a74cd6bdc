from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.ledger.reconcile import reconcile
from providers.ledger.triggers import triggers_present


class Command(BaseCommand):
    help = "Proves that the counters of the caps equal the usage rows and open reservations; names any difference."

    def handle(self, *args: Any, **options: Any) -> None:
        found = reconcile()
        for problem in [*found.differences, *found.overdue]:
            self.stdout.write(self.style.ERROR(str(problem)))
        if not triggers_present():
            self.stdout.write(
                self.style.ERROR("The triggers that keep usage rows unchanged are missing: run migrate.")
            )
        summary = f"{found.rows:,} usage rows, {found.days:,} days, {found.open_reservations:,} open reservations"
        if not found.clean or not triggers_present():
            raise CommandError(f"Checked {summary}: not in order, see above.")
        self.stdout.write(f"Checked {summary}: counters and rows agree.")
