"""`manage.py api_token USER`: makes an API token and prints it once; only its hash is stored."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.access import identity
from providers.exceptions import InvalidInput


class Command(BaseCommand):
    help = "Prints a new API token of a user. It is shown once; only its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="command line")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            _, secret = identity.make_token(identity.user_named(options["username"]), options["name"])
        except InvalidInput as error:
            raise CommandError(error.message) from error
        return secret
