"""The account that the console's own calls run under. Its cap stands on the caps page like everybody's."""

from typing import Any

from django.contrib.auth import get_user_model

ANALYST = "log-analysis"


def analyst() -> Any:
    """Nobody can sign in with it: it has no password. Made at the first call that needs it."""
    users = get_user_model()._default_manager
    found = users.filter(username=ANALYST).first()
    if found is None:
        found = users.create_user(ANALYST, first_name="Log analysis", last_name="(system)")
    return found
