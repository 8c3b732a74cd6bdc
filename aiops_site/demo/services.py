"""The made-up services with their deployments, logs and samples, written as rows of the past."""

import random
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from django.utils import timezone

from aiops_site.demo.shop import DAYS, FORGE, SHOPS, Broken, Shop
from intelligence.fleet import samples
from intelligence.fleet.services import save
from intelligence.logs import logbook
from intelligence.models import Deployment, Sample, Service, Status
from providers.guard import Redactor

LOGS = Path(__file__).parent / "logs"
LIMIT, EVERY_MINUTES, SAMPLED_HOURS = 512 << 20, 15, 36
STAGES = ("QUEUED", "BUILDING", "DEPLOYING", "HEALTH_CHECK")
_MASK = Redactor()


def id_of(name: str) -> UUID:
    """The same on every site, so that sample rows are known by their ids."""
    return uuid5(NAMESPACE_DNS, f"{name}.shop.example")


IDS = tuple(id_of(shop.name) for shop in SHOPS)


def write(team: dict[str, Any]) -> list[Service]:
    now = timezone.now()
    return [_service(shop, team, now) for shop in SHOPS]


def _service(shop: Shop, team: dict[str, Any], now: datetime) -> Service:
    fields = {
        "repository_url": f"{FORGE}/shop/{shop.name}.git",
        "forge_api_url": f"{FORGE}/api/v3",
        "host": shop.host,
        "build_command": shop.build,
        "check_command": shop.check,
        "fix_engine": shop.engine,
    }
    owner = team[shop.owner]
    service = save(Service(pk=id_of(shop.name), owner=owner, name=shop.name), fields)
    Service.objects.filter(pk=service.pk).update(created_at=now - timedelta(days=DAYS + 2))
    dice = random.Random(shop.name)  # noqa: S311
    for hours, broken in _history(shop, dice):
        _deployment(
            service, shop, now - timedelta(hours=hours), broken, team[broken.by] if broken else owner, dice
        )
    _samples(service, shop, now, dice)
    return service


def _history(shop: Shop, dice: random.Random) -> list[tuple[float, Broken | None]]:
    """(hours ago, how it failed), the oldest first."""
    at, found = shop.last_hours, list[tuple[float, Broken | None]]()
    while at < DAYS * 24:
        found.append((at, None))
        at += shop.every * 24 * (0.5 + dice.random())
    return sorted([*found, *((broken.hours, broken) for broken in shop.broken)], key=lambda one: -one[0])


def _deployment(
    service: Service, shop: Shop, at: datetime, broken: Broken | None, by: Any, dice: random.Random
) -> None:
    stage = broken.stage if broken else "HEALTH_CHECK"
    times = [at + timedelta(seconds=2 + n * dice.uniform(9, 55)) for n in range(STAGES.index(stage) + 1)]
    ends = times[-1] + timedelta(seconds=dice.uniform(6, 48))
    row = Deployment.objects.create(
        service=service,
        status=Status.FAILED if broken else Status.RUNNING,
        failed_in=stage if broken else "",
        reason=broken.reason if broken else "",
        commit=sha1(f"{shop.name}{at.isoformat()}".encode(), usedforsecurity=False).hexdigest(),
        branch="main",
        environment=broken.environment if broken else "production",
        origin="reported",
        requested_by=by,
        finished_at=ends,
        **dict(zip(("started_at", "deploying_at", "checking_at"), times[1:], strict=False)),
    )
    Deployment.objects.filter(pk=row.pk).update(created_at=at)
    built = shop.passed[:1] if stage != "BUILDING" else ()
    names = (*built, broken.log) if broken else shop.passed
    logbook.append(row.pk, "".join(text(name) for name in names), _MASK)


@cache
def text(name: str) -> str:
    """A log as the tool printed it, or a patch."""
    return (LOGS / name if "." in name else LOGS / f"{name}.log").read_text(encoding="utf-8")


def _samples(service: Service, shop: Shop, now: datetime, dice: random.Random) -> None:
    """A day and a half by quarters of an hour: busy by day, quiet at night, growing where the shop says so."""
    rows, steps = [], SAMPLED_HOURS * 60 // EVERY_MINUTES
    for n in range(steps):
        at = samples.due(now - timedelta(minutes=EVERY_MINUTES * (steps - 1 - n)))
        busy = 0.75 + 0.25 * (8 <= at.hour < 20)
        share = shop.memory + shop.growth * n * EVERY_MINUTES / 60 + dice.gauss(0, 0.004)
        rows.append(
            Sample(
                service=service,
                at=at,
                cpu_percent=round(max(0.5, shop.cpu * busy + dice.gauss(0, shop.cpu * 0.06)), 1),
                memory_bytes=int(LIMIT * share),
                memory_limit_bytes=LIMIT,
                restarts=0,
                oom_kills=0,
            )
        )
    Sample.objects.bulk_create(rows)
