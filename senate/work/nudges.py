"""Messages that only say "look again". None is needed for anything to be right, so none may fail anybody."""

import asyncio
import logging

from channels.layers import get_channel_layer

from providers.runtime.nudge import send

logger = logging.getLogger(__name__)
SEND_S = 2.0


def workers(session_id: int, expires_s: float | None = None) -> None:
    """Asks a worker to take the session."""
    send("senate.tasks.run_session", session_id, expires_s=expires_s, queue="deliberations")


async def tell(session_id: int) -> None:
    """Tells whoever watches the session."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async with asyncio.timeout(SEND_S):
            await layer.group_send(f"senate.{session_id}", {"type": "nudge"})
    except Exception as error:  # Redis away, a full queue: watchers look by themselves, the session goes on
        logger.warning("no nudge for session %s: %s", session_id, type(error).__name__)
