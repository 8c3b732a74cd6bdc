"""Rotates a database's vault in children that are killed at a row each:
`python -m tests.providers.configuration.rotation_child DATABASE KEYS ROWS`.

For each n from 1 to ROWS: a fork rotates until it has written n rows and kills itself with signal 9.
Prints, as JSON, how many secrets stood under the first key after each kill.
"""

import json
import os
import signal
import sys

from tests.providers.ledger.ledger_child import set_up


def killed_after(rows: int) -> None:
    """A fork of this process that rotates, and dies by kill -9 once it has written that many rows."""
    from providers.configuration import rotation
    from tests.providers.configuration.rotation_kit import vault

    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    written = 0

    def on_row(*_: object) -> None:
        nonlocal written
        written += 1
        if written == rows:
            os.kill(os.getpid(), signal.SIGKILL)

    list(rotation.rotate([vault()], on_row=on_row))
    os._exit(0)


def under_first() -> int:
    from django.db import connection

    from providers.configuration import rotation
    from tests.providers.configuration.rotation_kit import vault

    (report,) = rotation.look([vault()])
    connection.close()  # before the next fork
    return report.by_key[1]


if __name__ == "__main__":
    database, keys, rows = sys.argv[1:]
    set_up(database)
    from django.conf import settings

    settings.AI_ENCRYPTION_KEYS = keys.split(",")
    counts = []
    for number in range(1, int(rows) + 1):
        killed_after(number)
        counts.append(under_first())
    print(json.dumps(counts), flush=True)
