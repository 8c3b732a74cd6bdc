"""Background work of the ground floor."""

import logging
from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from providers import ledger, retained, retention
from providers.ledger import anchor, chains, seals, verify
from providers.notify import delivery, thresholds
from providers.runtime import clock
from providers.telemetry import export
from providers.usage.rollup import roller

logger = logging.getLogger(__name__)
SEALS_PER_TURN = 25  # 50,000 rows


@shared_task(name="providers.tasks.reap_reservations")
def reap_reservations(**_: Any) -> int:
    """Frees reservations of dead processes; the number freed."""
    return ledger.reap()


@shared_task(name="providers.tasks.seal_rows")
def seal_rows(**_: Any) -> int:
    """Seals the usage rows and audit entries that are new; the number sealed."""
    try:
        return seals.seal_all(SEALS_PER_TURN)
    except anchor.Broken as broken:
        logger.error("nothing more is sealed: %s", broken.problem)
        return 0


@shared_task(name="providers.tasks.verify_chains")
def verify_chains(**_: Any) -> int:
    """Verifies the chains whose turn it is; how many are broken."""
    now = datetime.now(UTC)
    verdicts = [verify.verify(chain) for chain in chains.CHAINS.values() if verify.due(chain, now)]
    for verdict in verdicts:
        if not verdict.ok:
            logger.error("the chain of %s is broken: %s", verdict.chain, verdict.problem)
    return sum(not verdict.ok for verdict in verdicts)


@shared_task(name="providers.tasks.verify_now")
def verify_now(chain: str, **_: Any) -> bool:
    """Verifies one chain because somebody asked; whether it is whole."""
    return verify.verify(chains.CHAINS[chain]).ok


@shared_task(name="providers.tasks.roll_usage")
def roll_usage(**_: Any) -> int:
    """Adds new usage rows to the sums that usage pages read; the number added. Two at once do no harm."""
    return roller.roll()


@shared_task(name="providers.tasks.notify")
def notify(**_: Any) -> int:
    """Writes down which caps and budgets are nearly used, and sends what is due; the number sent."""
    thresholds.look(clock.now())
    return delivery.send_due(clock.now())


@shared_task(name="providers.tasks.export_spans")
def export_spans(**_: Any) -> int:
    """Sends new usage rows to where spans are wanted, which may be nowhere; the number sent."""
    return export.export_new()


@shared_task(name="providers.tasks.forget_old")
def forget_old(**_: Any) -> dict[str, int]:
    """Lets go of what is older than `RETENTION_DAYS`, and of what has run out; rows by kind."""
    found = {**retention.forget(clock.now()), **retained.run_out(clock.now())}
    logger.info("the night's clearing: %s", ", ".join(f"{many} {kind}" for kind, many in found.items()))
    return found
