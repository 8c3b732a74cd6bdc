"""`manage.py verify_ledger`: proves usage rows and audit entries by their seals, and the counters by the rows."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.ledger import verify
from providers.ledger.chains import CHAINS, Chain
from providers.ledger.reconcile import differences
from providers.ledger.verify import Verdict
from providers.trail import audit


class Command(BaseCommand):
    help = "Proves that no usage row or audit entry was changed, removed or put in; names the first that was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--chain", choices=sorted(CHAINS), help="only this one")
        parser.add_argument("--no-seal", action="store_true", help="do not seal first what is new")
        parser.add_argument(
            "--accept",
            metavar="REASON",
            help="after you looked into it (a restored backup, say): take the chain as it is now",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = [chain for chain in CHAINS.values() if options["chain"] in (None, chain.name)]
        if options["accept"]:
            for chain in wanted:
                verify.accept(chain)
                audit.record("chain.accept", audit.Thing("chain", chain.name), reason=options["accept"])
        verdicts = [self._verify(chain, seal_first=not options["no_seal"]) for chain in wanted]
        whole = all(verdict.ok for verdict in verdicts)
        if options["chain"] in (None, "usage"):
            whole = self._counters() and whole
        if not whole:
            raise CommandError("Not in order, see above.")

    def _verify(self, chain: Chain, *, seal_first: bool) -> Verdict:
        found = verify.verify(chain, seal_first=seal_first)
        speed = f"{found.rows:,} rows proven in {found.seconds:.1f} s ({found.rows_per_s:,.0f} rows/s)"
        waiting = f", {found.unsealed:,} not sealed yet (signed each)" if found.unsealed else ""
        self.stdout.write(f"{chain.name}: {speed}{waiting}. {found.note}".rstrip())
        if not found.ok:
            self.stdout.write(self.style.ERROR(f"{chain.name}: {found.problem}."))
        return found

    def _counters(self) -> bool:
        found = differences()
        for difference in found:
            self.stdout.write(self.style.ERROR(str(difference)))
        if not found:
            self.stdout.write("counters: equal to the rows.")
        return not found
