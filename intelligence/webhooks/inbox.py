"""Receives webhooks: which service, is it signed, was it here before. What it says is worked on by a worker."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from intelligence import nudges
from intelligence.models import ENDED, Service, WebhookDelivery, WebhookRefusal
from intelligence.webhooks import reading, signatures
from intelligence.webhooks.signatures import Refused
from providers.guard import storable_all
from providers.runtime import clock

MOST_BYTES = 2 * 1024 * 1024
UNKNOWN = "No service here has this repository or name; add ?service= and its id to the address."
IDS = {
    "github": ("x-github-delivery",),
    "bitbucket": ("x-request-uuid",),
    "gitlab": ("idempotency-key", "x-gitlab-event-uuid"),
}
OWN = "A branch of our own fixes."


def receive(source: str, headers: Mapping[str, str], body: bytes, service_id: str) -> tuple[WebhookDelivery, bool]:
    """The delivery, and whether it is a new one. A refusal is counted. Errors: Refused.

    The signature is that of the service's own secret, or of the site's for this source."""
    try:
        return _received(source, headers, body, service_id, clock.now())
    except Refused as refused:
        count(source, refused.code)
        raise


def _received(
    source: str, headers: Mapping[str, str], body: bytes, service_id: str, now: datetime
) -> tuple[WebhookDelivery, bool]:
    if len(body) > MOST_BYTES:
        raise Refused("too_large", f"A webhook's body has at most {MOST_BYTES // 1024 // 1024} MB.", 413)
    given = parsed(body)
    report = reading.read(source, headers, given) if given is not None else reading.Report()
    service = service_of(report, service_id)
    secrets = [settings.WEBHOOK_SECRETS.get(source, "")]
    signatures.verify(source, headers, body, [*([service.webhook_secret] if service else []), *secrets], now)
    if given is None:
        raise Refused("not_json", "The body is not a JSON object.", 400)
    if service is None:
        raise Refused("unknown_service", UNKNOWN, 404)
    return kept(source, service, delivery_id(source, headers, given, body), report)


def parsed(body: bytes) -> dict[str, Any] | None:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) and storable_all(given) else None


def delivery_id(source: str, headers: Mapping[str, str], given: Mapping[str, Any], body: bytes) -> str:
    """What its sender repeats when it sends the same again; where there is nothing, the body's own hash."""
    named = next((headers[name] for name in IDS.get(source, ("webhook-id",)) if headers.get(name)), "")
    if source == "vercel":
        named = reading.text(given, "id")
    return (named or hashlib.sha256(body).hexdigest())[:200]


def kept(source: str, service: Service, named: str, report: reading.Report) -> tuple[WebhookDelivery, bool]:
    fields = {"report": report.as_dict()}
    if ignored := report.ignored or unwanted(service, report):
        fields = {"state": "ignored", "note": ignored[:300]}
    try:
        with transaction.atomic():
            made = WebhookDelivery.objects.create(source=source, service=service, delivery_id=named, **fields)
            if made.state == "received":
                transaction.on_commit(lambda: nudges.delivery(made.pk))
    except IntegrityError:
        return WebhookDelivery.objects.get(source=source, service=service, delivery_id=named), False
    return made, True


def unwanted(service: Service, report: reading.Report) -> str:
    """Why a report of one of our own branches is not recorded; one that we had deployed by hook is waited for."""
    if not report.own or report.news:
        return ""
    open_ = service.deployments.filter(origin="hook", branch=report.branch).exclude(status__in=ENDED)
    return "" if open_.exists() else OWN


def service_of(report: reading.Report, service_id: str) -> Service | None:
    if service_id:
        try:
            return Service.objects.filter(pk=UUID(service_id)).first()
        except ValueError:
            return None
    wanted = {plain(url) for url in report.repositories}
    if wanted:
        rows = Service.objects.exclude(repository_url="").order_by("created_at")
        for pk, url in rows.values_list("pk", "repository_url"):
            if plain(url) in wanted:
                return Service.objects.get(pk=pk)
    return Service.objects.filter(name__iexact=report.name).first() if report.name else None


def plain(url: str) -> str:
    """Host and path of a repository's address, so that clone and browser addresses are the same."""
    parts = urlsplit(url.lower())
    return f"{parts.netloc}{parts.path}".rstrip("/").removesuffix(".git")


def count(source: str, code: str) -> None:
    now = clock.now()
    if not WebhookRefusal.objects.filter(source=source, code=code).update(count=F("count") + 1, last_at=now):
        row, new = WebhookRefusal.objects.get_or_create(
            source=source, code=code, defaults={"count": 1, "last_at": now}
        )
        if not new:
            WebhookRefusal.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=now)
