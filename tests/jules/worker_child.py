"""Workers in processes of their own: `python -m tests.jules.worker_child DATABASE KEY HOSTS FOLDER ATTEMPT`.

For each step one process takes the attempt over, works on it, and kills itself with -9 when that step has had its
effect and nothing of it is stored yet. Prints, for each, what it found, and how the process ended.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def set_up(database: str, master_key: str, hosts: str, folder: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.AI_ENCRYPTION_KEYS = [master_key]
    settings.AI_PRIVATE_HOSTS = hosts.split(",")
    settings.DATA_DIR = Path(folder)
    django.setup()


async def work(attempt_id: int, step: str) -> None:
    from jules.work import run
    from jules.work.desk import DESK

    doing = run.DOING[step]

    async def dying(*given: Any) -> Any:
        await doing(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    run.DOING[step] = dying
    assert await DESK.take(attempt_id)
    await DESK.done(attempt_id)


def one(attempt_id: int, step: str, hosts: list[str]) -> None:
    from django.utils import timezone

    from jules.models import FixAttempt
    from providers.network import outbound
    from providers.runtime import loop

    outbound.configure(hosts)
    attempt = FixAttempt.objects.get(pk=attempt_id)
    print(json.dumps([attempt.state, attempt.step, [s.state for s in attempt.steps.all()]]), flush=True)
    FixAttempt.objects.update(claim_expires_at=timezone.now())
    loop.run(work(attempt_id, step))
    os._exit(0)


if __name__ == "__main__":
    set_up(*sys.argv[1:5])
    from jules.models import STEPS

    for name in STEPS:
        child = os.fork()  # nothing runs here yet: no loop, no thread, no connection
        if not child:
            one(int(sys.argv[5]), name, sys.argv[3].split(","))
        print(f"ended {os.waitpid(child, 0)[1]}", flush=True)
