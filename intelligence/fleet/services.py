"""Services: made, changed and listed. The rows' own rules stand here, whatever surface asks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from intelligence.models import Deployment, Service
from intelligence.models.services import SECRETS
from providers.exceptions import InvalidInput, NotFound, OutboundRefused
from providers.guard import mended, storable
from providers.network import outbound
from providers.trail import audit

ADDRESSES = ("repository_url", "forge_api_url", "health_url", "deploy_hook_url")


def listed(user: Any) -> QuerySet[Service]:
    """Services that the user may see, each with `state`, the status of its newest deployment (None: none yet)."""
    newest = Deployment.objects.filter(service=OuterRef("pk")).order_by("-created_at", "-id")
    return (
        Service.objects.visible_to(user)
        .select_related("owner")
        .annotate(state=Subquery(newest.values("status")[:1]))
    )


def failing() -> QuerySet[Service]:
    """The services whose newest deployment failed."""
    newest = Deployment.objects.filter(service=OuterRef("pk")).order_by("-created_at", "-id")
    return Service.objects.alias(state=Subquery(newest.values("status")[:1])).filter(state="FAILED")


def found(user: Any, pk: Any) -> Service:
    """Errors: NotFound, the same for an unknown id and for one that the user may not see."""
    service = listed(user).filter(pk=pk).first()
    if service is None:
        raise NotFound("There is no such service for you.")
    return service


def named(user: Any, text: str) -> Service:
    """By its id or its name. Errors: NotFound."""
    try:
        return found(user, UUID(text))
    except ValueError:
        pass
    service = listed(user).filter(name__iexact=text).first() if storable(text) else None
    if service is None:
        raise NotFound(f"There is no service {mended(text[:80])!r} for you.", param="service")
    return service


def create(user: Any, fields: Mapping[str, Any]) -> Service:
    """Errors: InvalidInput where the name is taken or the owner unknown."""
    return save(Service(owner=user), fields)


def save(service: Service, fields: Mapping[str, Any]) -> Service:
    """Changes what `fields` names. A secret: empty keeps the saved one, None clears it. A new repository or
    forge address without the token in the same request clears the token: it was given for another host."""
    new, was = service._state.adding, {name: getattr(service, name) for name in fields if name not in SECRETS}
    before = (service.repository_url, service.forge_api_url)
    for name, value in fields.items():
        if name == "owner":
            service.owner = owner_called(value)
        elif name in SECRETS:
            if value != "":
                setattr(service, name, value or "")
        else:
            setattr(service, name, value)
    for name in ADDRESSES:
        if fields.get(name) and fields[name] != was.get(name):
            reachable(name, fields[name])
    moved = (service.repository_url, service.forge_api_url) != before
    if moved and before != ("", "") and not fields.get("forge_token"):
        service.forge_token = ""
    try:
        with transaction.atomic():
            service.save()
            now = {name: getattr(service, name) for name in fields if name not in SECRETS}
            secrets = {name: "set" if getattr(service, name) else "none" for name in SECRETS if name in fields}
            thing = audit.Thing("service", str(service.pk), service.name)
            act = "service.add" if new else "service.change"
            audit.record(
                act, thing, before={} if new else changed(was, now), after={**changed(now, was), **secrets}
            )
    except IntegrityError as error:
        raise InvalidInput("Another service has this name.", param="name", code="name_taken") from error
    return service


def reachable(name: str, address: str) -> None:
    """Errors: InvalidInput for an address that this site would never call, such as one inside its own network."""
    try:
        outbound.guard().check_url(address)
    except OutboundRefused as error:
        raise InvalidInput(error.message, param=name, code="address_refused") from error


def changed(these: Mapping[str, Any], those: Mapping[str, Any]) -> dict[str, str]:
    """What of `these` is not so in `those`."""
    return {name: str(value)[:300] for name, value in these.items() if those.get(name) != value}


def owner_called(username: str) -> Any:
    owner = get_user_model().objects.filter(username=username, is_active=True).first()
    if owner is None:
        raise InvalidInput("There is no such active user.", param="owner")
    return owner


def as_dict(service: Service) -> dict[str, Any]:
    """What any surface may show; of the secrets only which are saved."""
    shown = {f.name: getattr(service, f.name) for f in Service._meta.concrete_fields if f.name not in SECRETS}
    return shown | {
        "owner": service.owner.username,
        "secrets_saved": [name for name in SECRETS if getattr(service, name)],
        "state": getattr(service, "state", None) or "NONE",
    }
