"""What the overview shows: the first steps until they are done, what needs this reader, what runs, what was spent,
how services and providers stand, the last fixes. What several parts show is read once (`Money`, `counts`)."""

from typing import Any

from django.utils import timezone

from aiops_site import demo
from aiops_site.overview import needs, steps, tiles
from aiops_site.overview.money import read as money_of
from aiops_site.overview.watching import version
from intelligence.models import Incident, ServiceScan
from providers.access.roles import may
from providers.configuration import current
from providers.counting import counted
from providers.models import ChainCheck

MOST_NEEDS = 7
WORKING = {"Working", "Waiting", "Test answers"}  # badges; what was not used yet is not in trouble
KEYS = [{"key": "1 … 7", "text": "What needs you"}]


def look(user: Any) -> dict[str, Any]:
    """Plain values for `templates/overview.html`."""
    now, saved = timezone.now(), current.read()
    money, filled = money_of(user, saved.config, now), demo.there()
    states = tiles.provider_states(saved, now)
    counts = counted(
        incidents=Incident.objects.filter(state="open"), broken_chains=ChainCheck.objects.filter(ok=False)
    )
    services = tiles.services()
    wanted, unseen = needs.of(user, now, states, money, services, counts["broken_chains"])
    del services["broken_ids"]
    newest = ServiceScan.objects.order_by("-last_at").values_list("last_at", flat=True).exclude(last_at=None)
    return {
        "checklist": steps.checklist(user, saved.directory, money.own, filled),
        "samples": {"there": filled, "may_remove": may(user, "save provider keys and settings")},
        "needs_you": wanted[:MOST_NEEDS],
        "needs_more": max(0, len(wanted) - MOST_NEEDS) + unseen,
        "last_scan": newest.first(),
        "running": tiles.running(user),
        "spend": tiles.spend(user, money, now),
        "services": services | {"incidents": counts["incidents"]},
        "providers": states,
        "working": sum(state["state"] in WORKING for state in states),
        "fixes": tiles.fixes(user),
        "may_ask": may(user, "ask models and the Senate"),
        "may_add_service": may(user, "change services and deployments"),
        "version": version(),
        "page_keys": KEYS,
    }


__all__ = ["look", "version"]
