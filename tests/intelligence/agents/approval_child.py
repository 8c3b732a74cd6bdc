"""Processes that say yes at once: `python -m tests.intelligence.agents.approval_child DATABASE APPROVAL USER N`.

Starts so many, prints "ready", waits for a line, lets all of them approve; each prints the state that came of it,
or the code of the refusal. They are forks of one that has not opened the database: starting is what takes long.
"""

import os
import sys
from uuid import UUID

from tests.providers.ledger.ledger_child import set_up


def say_yes(approval: UUID, user: int) -> str:
    from django.contrib.auth import get_user_model

    from intelligence.approval import approvals
    from providers.exceptions import AIServiceError

    person = get_user_model().objects.get(pk=user)
    ready.write("r")
    ready.flush()
    gate.read()  # until nobody holds its other end
    try:
        return approvals.decide(approval, person, "approve").state
    except AIServiceError as error:
        return error.code


if __name__ == "__main__":
    database, approval, user, many = sys.argv[1:]
    set_up(database)
    from django.conf import settings

    settings.AI_ENCRYPTION_KEYS = [os.environ["TEST_MASTER_KEY"]]
    (gate_end, opener), (told, ready_end) = os.pipe(), os.pipe()
    gate, ready = os.fdopen(gate_end), os.fdopen(ready_end, "w")
    children = []
    for _ in range(int(many)):
        child = os.fork()
        if not child:
            os.close(opener)
            os.write(1, f"{say_yes(UUID(approval), int(user))}\n".encode())
            os._exit(0)
        children.append(child)
    there = b""
    while len(there) < len(children):
        there += os.read(told, 64)
    print("ready", flush=True)
    sys.stdin.readline()
    os.close(opener)
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)
