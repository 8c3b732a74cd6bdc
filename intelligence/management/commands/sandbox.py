"""`manage.py sandbox`: whether code of strangers may be run on this machine, check by check."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from intelligence.agents import trial
from intelligence.agents.self_test import Check, off_because


class Command(BaseCommand):
    help = "Tries the sandbox: what it must stop, and what it must allow."

    def handle(self, *args: Any, **options: Any) -> None:
        checks = [Check(**one) for one in asyncio.run(trial.now())["checks"]]
        for check in checks:
            self.stdout.write(f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.detail}")
        if reason := off_because(checks):
            raise CommandError(reason)
