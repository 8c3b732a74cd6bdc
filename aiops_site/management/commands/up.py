"""`manage.py up`: everything in one command, until Ctrl-C. See `aiops_site/supervisor/`."""

import fcntl
import os
import subprocess
from argparse import ArgumentParser
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from aiops_site.operation import heartbeat
from aiops_site.sign_in import accounts, setup_code
from aiops_site.supervisor import address
from aiops_site.supervisor.output import say
from aiops_site.supervisor.run import Supervisor
from aiops_site.web import static_files
from providers.configuration import rotation


class Command(BaseCommand):
    help = "Migrates, then runs web, worker, beat and (where none is named) Redis until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verbose", action="store_true", help="show every line that the processes log")

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)  # database, logs and code are for this user only
        with alone():
            reason = address.why_not_free(settings.HOST, settings.PORT)
            if reason:
                raise CommandError(
                    f"{settings.HOST}:{settings.PORT} can't be used: {reason}. Another one: PORT=8001 make run"
                )
            try:
                prepare()
            except KeyboardInterrupt:  # from here on the supervisor takes the signals
                raise CommandError("Stopped before it was ready.") from None
            Supervisor(on_ready=tell_address, each_second=NewCode().tell, verbose=options["verbose"]).run()
        say("Stopped.")


def alone() -> IO[str]:
    """The lock that keeps a second `up` off this DATA_DIR; the system frees it however this process ends."""
    file = (settings.DATA_DIR / "up.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CommandError(f"The site already runs with the data in {settings.DATA_DIR}.") from error
    return file


def prepare() -> None:
    """Database, static files, and no sign of life of an earlier run."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
        tell_of_lost_keys()
    except DatabaseError as error:
        raise CommandError(f"The database could not be made ready: {error}") from error
    finally:
        connection.close()
    try:
        static_files.collect()
    except subprocess.CalledProcessError as error:
        raise CommandError("The static files could not be collected; the reason is above.") from error
    if not settings.REDIS_URL:
        for name in ("worker", "senate", "beat"):
            heartbeat.forget(name)


def tell_of_lost_keys() -> None:
    """Names what no encryption key reads, as when the old key went too early. The site works without."""
    lost = [place for report in rotation.look() for place in report.unreadable]
    if lost:
        named = ", ".join(str(place) for place in lost[:5]) + (f" and {len(lost) - 5} more" if lost[5:] else "")
        say(f"No encryption key that is set reads {named}. Put the old key back behind the new one.")


def tell_address() -> None:
    say(f"AIOps Console is ready: {address.shown(settings.HOST, settings.PORT, settings.ALLOWED_HOSTS)}/")
    if address.only_here(settings.HOST, settings.ALLOWED_HOSTS):
        say("It answers under no name but localhost: set ALLOWED_HOSTS to what others type.")
    if settings.HTTPS:
        say("Pages ask for HTTPS: put a proxy in front (BEHIND_PROXY=1), or set HTTPS=0 in a network you trust.")


class NewCode:
    """Shows the one-time code of the first visit, and the next one when five wrong tries changed it."""

    def __init__(self) -> None:
        self.shown = ""
        self.over = False

    def tell(self) -> None:
        if self.over or (self.shown and self.shown == setup_code.current()):
            return
        try:
            self.over = not accounts.nobody_yet()
        finally:
            connection.close()
        if not self.over:
            self.shown = setup_code.current()
            say(setup_code.announce())
