"""Asks services that run for their health, each once a minute, whatever the number of workers."""

import asyncio
from datetime import timedelta
from uuid import UUID

from django.db.models import OuterRef, Subquery

from intelligence.deployer.health import look
from intelligence.models import Deployment, Service, ServiceHealth, Status
from providers.runtime import clock

EVERY, AT_ONCE, MOST = timedelta(seconds=50), 20, 500


def due() -> dict[UUID, str]:
    """Service id -> health address of those that run, have one, and were not asked for a while; claimed here."""
    now = clock.now()
    newest = Deployment.objects.filter(service=OuterRef("pk")).order_by("-created_at", "-id").values("status")[:1]
    running = Service.objects.exclude(health_url="").alias(state=Subquery(newest)).filter(state=Status.RUNNING)
    wanted = dict(running.exclude(health__checked_at__gt=now - EVERY).values_list("pk", "health_url")[:MOST])
    return {pk: url for pk, url in wanted.items() if claim(pk)}


def claim(pk: UUID) -> bool:
    """True for the one worker that asks this minute."""
    now = clock.now()
    _, new = ServiceHealth.objects.get_or_create(service_id=pk, defaults={"checked_at": now})
    late = ServiceHealth.objects.filter(service_id=pk, checked_at__lte=now - EVERY)
    return new or bool(late.update(checked_at=now))


async def ask(wanted: dict[UUID, str]) -> dict[UUID, tuple[bool, str]]:
    """How each answered; at most AT_ONCE at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(url: str) -> tuple[bool, str]:
        async with gate:
            return await look(url)

    answers = await asyncio.gather(*(one(url) for url in wanted.values()))
    return dict(zip(wanted, answers, strict=True))


def note(found: dict[UUID, tuple[bool, str]]) -> list[UUID]:
    """Writes it down; the services whose health has changed."""
    changed = []
    for pk, (ok, words) in found.items():
        rows = ServiceHealth.objects.filter(service_id=pk)
        rows.filter(ok=ok).update(words=words[:300])
        if rows.exclude(ok=ok).update(ok=ok, words=words[:300], since=clock.now()):
            changed.append(pk)
    return changed
