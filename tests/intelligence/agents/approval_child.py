"""A process that says yes: `python -m tests.intelligence.agents.approval_child DATABASE APPROVAL USER_ID`.

Prints "ready", waits for a line, approves, prints the state that came of it, or the code of the refusal.
"""

import os
import sys
from uuid import UUID

from tests.providers.ledger_child import set_up

if __name__ == "__main__":
    database, approval, user = sys.argv[1:]
    set_up(database)
    from django.conf import settings
    from django.contrib.auth import get_user_model

    from intelligence import approvals
    from providers.exceptions import AIServiceError

    settings.AI_ENCRYPTION_KEYS = [os.environ["TEST_MASTER_KEY"]]
    person = get_user_model().objects.get(pk=int(user))
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print(approvals.decide(UUID(approval), person, "approve").state, flush=True)
    except AIServiceError as error:
        print(error.code, flush=True)
    os._exit(0)
