"""`manage.py erase_user USER`: ends an account and erases its personal data; rows stay under a pseudonym."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.access import identity, people
from providers.exceptions import InvalidInput


class Command(BaseCommand):
    help = "Deactivates an account and erases name, mail, password, roles, tokens and sessions. Can't be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", default="")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> str:
        name = options["username"]
        try:
            user = identity.user_named(name)
            if not options["yes"] and input(f"Erase {name} for good? Type the name: ") != name:
                raise CommandError("Nothing was changed.")
            return f"{name} is now {people.erase(user, options['reason'])} and can't sign in."
        except InvalidInput as error:
            raise CommandError(error.message) from error
