"""The rows of intelligence providers: made, changed, activated, removed. Each act is audited; no key is shown."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from intelligence.models import IntelligenceProvider
from intelligence.providers import PROVIDER_CLASSES, built
from intelligence.providers.base import SECRET_KEYS, BaseAIProvider
from providers.exceptions import AIServiceError, InvalidInput, NotFound, OutboundRefused
from providers.fields import Unreadable
from providers.network import outbound
from providers.trail import audit

SAVED = "set"
ADDRESSES = ("base_url", "host")


def found(pk: Any) -> IntelligenceProvider:
    row = IntelligenceProvider.objects.filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such provider.")
    return row


def save(row: IntelligenceProvider, fields: Mapping[str, Any]) -> IntelligenceProvider:
    """Changes what `fields` names. In `config` an empty secret keeps the saved one, as long as driver and address
    stay: a key never goes to an address that it was not given for. Errors: InvalidInput by field."""
    new, before = row._state.adding, as_dict(row) if not row._state.adding else {}
    driver = fields.get("provider", row.provider)
    if "config" in fields or driver != row.provider:
        row.config = config_of(row, driver, fields.get("config", {}))
    for name in ("name", "provider", "description"):
        if name in fields:
            setattr(row, name, fields[name])
    try:
        with transaction.atomic():
            row.save()
            if fields.get("is_active") is not None:
                _mark(row, active=fields["is_active"])
            act = "intelligence_provider.add" if new else "intelligence_provider.change"
            was, becomes = audit.changed(before, as_dict(row))
            audit.record(act, thing(row), before=was, after=becomes)
    except IntegrityError as error:
        if IntelligenceProvider.objects.exclude(pk=row.pk).filter(name=row.name).exists():
            raise InvalidInput(f"There is a provider called {row.name} already.", param="name") from error
        raise InvalidInput("Another one was activated at this moment. Try again.", param="is_active") from error
    return row


def config_of(row: IntelligenceProvider, driver: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What `save` would store for that driver. Errors: InvalidInput."""
    kept = driver == row.provider and not row._state.adding and not isinstance(row.config, Unreadable)
    saved, config = dict(row.config) if kept else {}, dict(given)
    moved = any(config.get(name, "") != saved.get(name, "") for name in ADDRESSES)
    for name in SECRET_KEYS:
        if config.get(name) in ("", None, SAVED) and name in saved and not moved:
            config[name] = saved[name]
        elif config.get(name) == SAVED:
            del config[name]
    made = built(driver, config).config
    for name in ADDRESSES:
        if name in made:
            _check_address(made[name])
    return made


def _check_address(address: str) -> None:
    try:
        outbound.guard().check_url(address)
    except OutboundRefused as error:
        raise InvalidInput(error.message, param="config", code="address_refused") from error


def activate(row: IntelligenceProvider) -> IntelligenceProvider:
    """The mark moves in one transaction; there is never a second."""
    with transaction.atomic():
        _mark(row, active=True)
        audit.record("intelligence_provider.activate", thing(row), after={"provider": row.provider})
    return row


def deactivate(row: IntelligenceProvider) -> IntelligenceProvider:
    """Then the local rules answer alone."""
    with transaction.atomic():
        _mark(row, active=False)
        audit.record("intelligence_provider.deactivate", thing(row))
    return row


def _mark(row: IntelligenceProvider, *, active: bool) -> None:
    locked = list(IntelligenceProvider.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    if active and row.pk in locked:
        IntelligenceProvider.objects.filter(is_active=True).exclude(pk=row.pk).update(is_active=False)
    IntelligenceProvider.objects.filter(pk=row.pk).update(is_active=active)
    row.is_active = active


def remove(row: IntelligenceProvider) -> None:
    with transaction.atomic():
        audit.record("intelligence_provider.remove", thing(row), before=as_dict(row))
        row.delete()


def test(row: IntelligenceProvider) -> dict[str, Any]:
    """One short call. What an upstream does is an answer here, not an error."""
    try:
        driver = built(row.provider, row.config)
        if not isinstance(driver, BaseAIProvider):
            return {"ok": True, "message": "The local rules are always ready."}
        response = driver.test()
    except AIServiceError as error:
        return {"ok": False, "message": error.message}
    return {"ok": True, "message": f"{response.model} answered in {response.duration_ms / 1000:.1f} s."}


def as_dict(row: IntelligenceProvider) -> dict[str, Any]:
    """Plain values; of secrets only that they are set."""
    kind = PROVIDER_CLASSES.get(row.provider)
    readable = isinstance(row.config, dict)
    saved = row.config if readable else {}
    config = {key: SAVED if key in SECRET_KEYS else value for key, value in saved.items()}
    return {
        "id": str(row.pk),
        "name": row.name,
        "provider": row.provider,
        "label": kind.label if kind else row.provider,
        "config": config,
        "readable": readable,
        "is_active": row.is_active,
        "description": row.description,
        "problem": _problem(row, readable=readable),
        "created_at": row.created_at.isoformat() if row.created_at else None,
        "updated_at": row.updated_at.isoformat() if row.updated_at else None,
    }


def _problem(row: IntelligenceProvider, *, readable: bool) -> str:
    if not readable:
        return "Its credentials can't be decrypted with the keys of this site. Save them again."
    kind = PROVIDER_CLASSES.get(row.provider)
    return kind.missing_sdk() if kind else "There is no such driver in this version."


def thing(row: IntelligenceProvider) -> audit.Thing:
    return audit.Thing("intelligence provider", str(row.pk), row.name)
