"""A process that analyses one object.

`python -m tests.providers.conversation.analysis_child DATABASE USER_ID NETLOC`
prints "ready", waits for a line, prints "asking", asks, and prints {"id", "cached"} as JSON.
"""

import json
import os
import sys

from tests.providers.ledger.ledger_child import set_up

if __name__ == "__main__":
    database, user, netloc = sys.argv[1:]
    set_up(database)
    from django.conf import settings
    from django.contrib.auth import get_user_model

    from providers.network import outbound
    from providers.service import AIService
    from tests.providers.gateway.test_gateway import MODEL

    settings.AI_ENCRYPTION_KEYS = [os.environ["TEST_MASTER_KEY"]]
    outbound.configure([netloc])
    person = get_user_model().objects.get(pk=int(user))
    print("ready", flush=True)
    sys.stdin.readline()
    print("asking", flush=True)
    row = AIService(user=person).analyze_object(person, "summary", "Who?", provider="openai", model=MODEL)
    print(json.dumps({"id": str(row.pk), "cached": row.cached}), flush=True)
    os._exit(0)
