"""One request, one session: POSTs that start a deliberation, with an Idempotency-Key or a form's own key."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from providers.access import idempotency
from senate.models import SenateSession

HOLD_S = 60.0
WAIT_S = 5.0  # a person who clicks twice is led to the one session
Kept = Callable[[SenateSession], None]


def once(
    request: Request, endpoint: str, form_key: str, start: Callable[[Kept | None], SenateSession]
) -> Response:
    """202 with the session. `start` gets what must run in the transaction that stores the session.

    Errors: those of `start`, after which the key is free again; StillUnderWay, KeyReused.
    """
    header = request.headers.get("Idempotency-Key", "")
    key = idempotency.proper(header) if header else form_key
    if not key:
        return accepted(answer_of(start(None)))
    body = idempotency.fingerprint({name: request.data.get(name) for name in sorted(request.data)})
    if not header:  # the form itself: sent again after a change, it is another request
        endpoint, key = f"{endpoint}-form", idempotency.fingerprint(f"{key} {body}".encode())
    wait_s = 0.0 if header else WAIT_S
    claim = idempotency.begin(request.user.pk, endpoint, key, body, hold_s=HOLD_S, wait_s=wait_s)
    if claim.answered:
        return accepted(dict(claim.body or {}), replayed=True)
    try:
        session = start(lambda session: idempotency.finish(claim, 202, answer_of(session)))
    except BaseException:
        idempotency.forget(claim)
        raise
    return accepted(answer_of(session))


def answer_of(session: SenateSession) -> dict[str, Any]:
    return {
        "id": session.pk,
        "url": reverse("senate:session", args=[session.pk]),
        "quote": {
            "plan": session.plan,
            "max_cost_usd": f"{session.quoted_usd:f}",
            "max_tokens": session.quoted_tokens,
        },
    }


def accepted(answer: dict[str, Any], replayed: bool = False) -> Response:
    headers = {"Location": answer["url"], **({"Idempotent-Replayed": "true"} if replayed else {})}
    return Response(answer, 202, template_name="senate/list.html", headers=headers)
