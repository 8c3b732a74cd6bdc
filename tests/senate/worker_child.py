"""Worker processes of their own, made to be killed in the middle: `python -m tests.senate.worker_child`.

One process imports everything once and forks a worker for each line of its input, {database, master_key, upstream,
session}. A worker says "claimed PID" or "refused PID", works on the session until it has ended, and ends.
"""

import json
import os
import signal
import sys
from typing import Any


def set_up() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from providers import wires
    from senate.work import desk  # noqa: F401  imported here, so that no worker has to

    wires.preload()


def begin(given: dict[str, Any]) -> None:
    from django.conf import settings

    from providers.network import outbound
    from providers.runtime import loop

    settings.DATABASES["default"]["NAME"] = given["database"]
    settings.AI_ENCRYPTION_KEYS = [given["master_key"]]
    outbound.configure([given["upstream"]])
    loop.run(work(given["session"]))


async def work(session_id: int) -> None:
    from senate import chat
    from senate.work.desk import DESK

    print("claimed" if await DESK.take(session_id) else "refused", os.getpid(), flush=True)
    async for _ in chat.follow(session_id):
        pass


def main() -> None:
    set_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is gone at once
    for line in sys.stdin:
        if os.fork() == 0:
            begin(json.loads(line))
            os._exit(0)


if __name__ == "__main__":
    main()
