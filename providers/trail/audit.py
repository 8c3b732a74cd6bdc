"""The audit log: one function to write an act down inside the transaction that does it.

An act that can't be audited is refused: `record` raises, and the transaction that holds the act is rolled back.
Who acts is known from the request (`serving`), so that doors need not be told; outside of one it is the shell.
On PostgreSQL the numbers are one lock, held to the end of the transaction: record last, when no row is still to
be locked.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction

from providers.access.roles import role_of
from providers.exceptions import LedgerUnavailable
from providers.guard import Redactor, mended
from providers.models import AuditEntry
from providers.runtime import clock

LONGEST_VALUE, LONGEST_JSON = 500, 8_000
_SECRET = ("key", "secret", "password", "token", "credential")
_PLAIN = ("token_cap", "tokens")  # numbers of tokens are no secret


class AuditUnavailable(LedgerUnavailable):
    code = "audit_unavailable"


@dataclass(frozen=True, slots=True)
class Thing:
    """What was acted on. `label` is its name, empty for a user: theirs is looked up when it is read."""

    type: str
    id: str = ""
    label: str = ""


NOTHING = Thing("")
_shapes = Redactor()  # what looks like a key is masked, wherever it was typed
_request: ContextVar[Any] = ContextVar("audited_request", default=None)
_surface: ContextVar[str] = ContextVar("audited_surface", default="shell")
_said: ContextVar[dict[str, Any]] = ContextVar("audit_said", default={})  # noqa: B039  (never changed in place)


@contextmanager
def serving(request: Any) -> Iterator[None]:
    """Acts from here on are those of the request's user."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def on(surface: str) -> None:
    """Where this process or task acts without a request: `shell` (the default) or `worker`."""
    _surface.set(surface)


@contextmanager
def because(reason: str = "", *, by: Any = None) -> Iterator[None]:
    """Gives a reason, and who acts where no request says it, to the acts inside."""
    token = _said.set({"reason": reason, "by": by})
    try:
        yield
    finally:
        _said.reset(token)


def user(found: Any) -> Thing:
    return Thing("user", str(found.pk or ""))


def record(
    action: str,
    on: Thing = NOTHING,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    outcome: str = "done",
    by: Any = None,
) -> AuditEntry:
    """Writes one act down, in the transaction that is open. Secrets in `before` and `after` are masked.

    Errors: AuditUnavailable, where it can't be written; the act must then not happen.
    """
    request, said = _request.get(), _said.get()
    actor = by or getattr(request, "user", None) or said.get("by")
    entry = AuditEntry(
        at=clock.now(),
        actor_id=getattr(actor, "pk", None),
        role=str(role_of(actor) or ""),
        surface=_surface_of(request),
        action=action,
        object_type=on.type,
        object_id=_text(on.id, 64),
        object_label=_text(on.label, 200),
        before=_json(before),
        after=_json(after),
        reason=_text(reason or said.get("reason") or "", 500),
        request_id=_text(getattr(request, "request_id", ""), 64),
        address=_address(request),
        outcome=outcome,
    )
    try:
        with transaction.atomic():
            AuditEntry.objects.bulk_create([entry])
    except DatabaseError as error:
        raise AuditUnavailable("This can't be written into the audit log now, so it was not done.") from error
    return entry


def _surface_of(request: Any) -> str:
    if request is None:
        return _surface.get()
    return "api" if request.path.startswith("/api/") else "page"


def _address(request: Any) -> str:
    return _text(getattr(request, "META", {}).get("REMOTE_ADDR") or "", 45)


def _text(value: Any, most: int) -> str:
    return mended(_shapes.whole(str(value)))[:most]


def _json(values: Mapping[str, Any] | None) -> str:
    text = json.dumps({name: _masked(name, value) for name, value in (values or {}).items()}, default=str)
    return text if len(text) <= LONGEST_JSON else json.dumps({"dropped": f"{len(text)} characters"})


def _masked(name: str, value: Any) -> Any:
    """A secret is only "set" or "none"."""
    if any(part in name for part in _SECRET) and not any(part in name for part in _PLAIN):
        return "set" if value else "none"
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list | tuple):
        return [_masked("", each) for each in value[:50]]
    if isinstance(value, dict):
        return {_text(key, 100): _masked(str(key), each) for key, each in list(value.items())[:100]}
    return _text(value, LONGEST_VALUE)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, on both sides."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def names_of(ids: set[int]) -> dict[int, str]:
    """User id -> what to call them now; an erased person has a pseudonym, a deleted one none."""
    found = get_user_model()._default_manager.filter(pk__in=ids)
    return {one.pk: one.get_full_name() or one.get_username() for one in found}
