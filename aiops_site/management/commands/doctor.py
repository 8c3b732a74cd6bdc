"""`manage.py doctor`: what is set from where, what is wrong with this site and its machine, and what to do."""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aiops_site.operation import doctor

SIGNS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "error": "ERROR  "}


class Command(BaseCommand):
    help = "Looks at settings, machine, database, Redis, workers, keys and sandbox, and says what to do."
    requires_system_checks: list[str] = []  # a site that fails them is what it is for

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="also the settings that are not set")
        parser.add_argument("--quick", action="store_true", help="without the three seconds of the sandbox")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine(every_setting=options["all"], sandbox=not options["quick"])
        tell = self._json if options["json"] else self._lines
        counted = tell(found)
        if counted["error"]:
            raise CommandError(f"{counted['error']} of these must be mended.")

    def _lines(self, found: Any) -> Counter[str]:
        counted: Counter[str] = Counter()
        section = ""
        for one in found:
            if one.section != section:
                section = one.section
                self.stdout.write(f"\n{section}")
            self.stdout.write(f"  {SIGNS[one.state]} {one.name}: {one.detail}")
            if one.remedy:
                self.stdout.write(f"          -> {one.remedy}")
            counted[one.state] += 1
        self.stdout.write(f"\n{counted['error']} errors, {counted['warning']} warnings")
        return counted

    def _json(self, found: Any) -> Counter[str]:
        rows = [one.as_dict() for one in found]
        self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
        return Counter(row["state"] for row in rows)
