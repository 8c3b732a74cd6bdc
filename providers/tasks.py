"""Background work of the ground floor."""

from typing import Any

from celery import shared_task

from providers import ledger


@shared_task(name="providers.tasks.reap_reservations")
def reap_reservations(**_: Any) -> int:
    """Frees reservations of dead processes; the number freed."""
    return ledger.reap()
