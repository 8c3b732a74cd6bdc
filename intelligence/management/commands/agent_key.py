"""`manage.py agent_key NAME --scopes read`: makes an agent, or a new key of one, and prints the key once."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from intelligence.agents import roster
from providers.access.identity import user_named
from providers.exceptions import AIServiceError


class Command(BaseCommand):
    help = "Prints a new key of an agent, which is made where there is none. Only the key's hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--scopes", nargs="+", default=[], help="tools, areas, or read, write, destructive")
        parser.add_argument("--owner", default="", help="a username; without it the first administrator")
        parser.add_argument("--revoke-old", action="store_true", help="the keys before it end now")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            return self._key(options)
        except AIServiceError as error:
            raise CommandError(error.message) from error

    def _key(self, options: dict[str, Any]) -> str:
        wanted = " ".join(options["scopes"])
        agent = roster.named(options["name"])
        admin = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if agent is None:
            owner = user_named(options["owner"]) if options["owner"] else admin
            if owner is None:
                raise CommandError("Name the owner with --owner; there is no administrator.")
            return roster.create(admin or owner, options["name"], owner.get_username(), wanted)[1]
        if wanted:
            roster.change_scopes(admin, agent, wanted)
        return roster.rotate(admin or agent.owner, agent, revoke_old=options["revoke_old"])[0]
