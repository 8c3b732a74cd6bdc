#!/usr/bin/env python3
"""Django's command line. Makes the local `.env` first where there are no secrets yet."""

import os
import sys

from aiops_site import bootstrap


def main() -> None:
    bootstrap.ensure_secrets()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aiops_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
