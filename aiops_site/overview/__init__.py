"""What the overview shows: the first steps until they are done, what needs this reader, what runs, what was spent,
how services and providers stand, the last fixes. Each part is a few queries of its own and waits for no other."""

from typing import Any

from aiops_site import demo
from aiops_site.overview import needs, steps, tiles
from aiops_site.overview.watching import version
from intelligence.models import ServiceScan
from providers import caps
from providers.directory import Directory
from providers.roles import may

MOST_NEEDS = 7
WORKING = {"Working", "Waiting", "Test answers"}  # badges; what was not used yet is not in trouble
KEYS = [{"key": "1 … 7", "text": "What needs you"}]


def look(user: Any) -> dict[str, Any]:
    """Plain values for `templates/overview.html`."""
    directory, standing = Directory(), caps.standing(user)
    states = tiles.provider_states(directory)
    services = tiles.services()
    wanted, unseen = needs.of(user, states, standing, services)
    del services["broken_ids"]
    newest = ServiceScan.objects.order_by("-last_at").values_list("last_at", flat=True).exclude(last_at=None)
    return {
        "checklist": steps.checklist(user, directory, standing),
        "samples": samples(user),
        "needs_you": wanted[:MOST_NEEDS],
        "needs_more": max(0, len(wanted) - MOST_NEEDS) + unseen,
        "last_scan": newest.first(),
        "running": tiles.running(user),
        "spend": tiles.spend(user, standing),
        "services": services,
        "providers": states,
        "working": sum(state["state"] in WORKING for state in states),
        "fixes": tiles.fixes(user),
        "may_add_service": may(user, "change services and deployments"),
        "version": version(),
        "page_keys": KEYS,
    }


def samples(user: Any) -> dict[str, bool]:
    """Whether the sample data stands here, and whether this reader may take it away."""
    return {"there": demo.there(), "may_remove": may(user, "save provider keys and settings")}


__all__ = ["look", "version"]
