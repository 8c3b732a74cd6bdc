#!/usr/bin/env python3
"""Django's command line. Makes the local `.env` first where there are no secrets yet."""

import os
import sys

try:
    from aiops_site import bootstrap
except ModuleNotFoundError as missing:  # started by a Python that is not the one of .venv
    sys.exit(
        f"{missing.name} is not installed for {sys.executable}. `make run` puts what the site needs into .venv: "
        "use .venv/bin/python manage.py"
    )


def main() -> None:
    bootstrap.ensure_secrets()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aiops_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
