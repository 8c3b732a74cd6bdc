"""`manage.py api_reference [--write]`: docs/api-reference.md from the schema."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from aiops_site.openapi import whole
from aiops_site.openapi.reference import markdown


class Command(BaseCommand):
    help = "Prints the API reference; --write keeps it in docs/api-reference.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        text = markdown(whole.schema())
        if not write:
            self.stdout.write(text)
            return
        path = Path(settings.BASE_DIR) / "docs/api-reference.md"
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"Wrote {path}.")
