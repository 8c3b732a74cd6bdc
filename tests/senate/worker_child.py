"""A worker process of its own: `python -m tests.senate.worker_child DATABASE MASTER_KEY UPSTREAM SESSION_ID`.

Works on the session until it has ended; prints "claimed" or "refused" first. Made to be killed in the middle.
"""

import os
import sys


def set_up(database: str, master_key: str, upstream: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.AI_ENCRYPTION_KEYS = [master_key]
    settings.AI_PRIVATE_HOSTS = [upstream]
    django.setup()


async def work(session_id: int) -> None:
    from senate import chat
    from senate.work.desk import DESK

    print("claimed" if await DESK.take(session_id) else "refused", flush=True)
    async for _ in chat.follow(session_id):
        pass


if __name__ == "__main__":
    set_up(*sys.argv[1:4])
    from providers import loop

    loop.run(work(int(sys.argv[4])))
