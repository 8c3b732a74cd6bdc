"""What a process makes ready at its start, so that its first call doesn't stand still for it."""

import gc
import logging
import threading

from django.db import Error as DatabaseError

from providers import wires
from providers.configuration import current
from providers.exceptions import AIServiceError
from providers.money import pricing
from providers.network import outbound
from providers.runtime import hop

logger = logging.getLogger(__name__)


def start() -> None:
    """In a thread of its own: imports that take seconds, trusted certificates, the price list, connections."""
    threading.Thread(target=_up_and_settled, name="warm-up", daemon=True).start()


def _up_and_settled() -> None:
    up()
    settle()


def settle() -> None:
    """What was imported stays: full collections need not look at it again, a tenth of a second of some answer."""
    gc.collect()
    gc.freeze()


def up() -> None:
    """Errors: those of an import. A database that is away now is asked again by whoever needs it."""
    wires.preload()
    outbound.trusted()
    try:
        pricing.price_of("openai", "gpt-4o-mini")
        hop.open_all()
        current.read()
    except (DatabaseError, AIServiceError, threading.BrokenBarrierError) as error:
        logger.warning("the first call will have to wait: %s", type(error).__name__)
    finally:
        hop.let_go()
