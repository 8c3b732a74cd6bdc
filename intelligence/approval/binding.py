"""What binds an approval to exactly what was asked for."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from intelligence.models import Approval
from providers.exceptions import InvalidInput

POLICY = 2  # of what is bound; another number makes every waiting approval void


def digest(approval: Approval, state: Mapping[str, Any]) -> str:
    """HMAC-SHA256 in hex over what the approver is shown, on whose rights it runs, and the target's state, under
    a key made from SECRET_KEY. The caller's token is left out: a new one of the same caller asks for the same."""
    key = hashlib.sha256(b"approval:" + settings.SECRET_KEY.encode()).digest()
    bound = {
        "policy": POLICY,
        "act": approval.act,
        "arguments": approval.arguments,
        "state": state,
        "risk": approval.risk,
        "target": approval.target,
        "requested_by": approval.requested_by_id,
        "agent": str(approval.agent_id or ""),
        "caller": {name: value for name, value in approval.caller.items() if name != "jti"},
    }
    return hmac.new(key, canonical(bound).encode(), hashlib.sha256).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted names and no spaces; equal values give equal text. Errors: InvalidInput."""
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str
        )
    except (TypeError, ValueError) as error:
        raise InvalidInput("The arguments must be plain JSON values.", param="arguments") from error
