"""The life of a deployment, as a table. Pure."""

from collections.abc import Mapping

STEPS = ("QUEUED", "BUILDING", "DEPLOYING", "HEALTH_CHECK", "RUNNING")
ENDS = frozenset({"RUNNING", "FAILED", "CANCELLED"})
STAMPS: Mapping[str, str] = {
    "BUILDING": "started_at",
    "DEPLOYING": "deploying_at",
    "HEALTH_CHECK": "checking_at",
    "RUNNING": "finished_at",
    "FAILED": "finished_at",
    "CANCELLED": "finished_at",
}


def may_become(now: str, then: str) -> bool:
    """Forward along the steps, skipping allowed, or to an end; an end is left only from RUNNING to FAILED
    (a host reports that what ran has died). The same status again is no change, and allowed."""
    if now == then:
        return True
    if now in ENDS:
        return now == "RUNNING" and then == "FAILED"
    if then in ENDS - {"RUNNING"}:
        return True
    return STEPS.index(then) > STEPS.index(now)
