"""Sends what is due, at least once: a row is claimed for a while, sent, and marked; a claim runs out."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from providers.exceptions import AIServiceError, InvalidInput
from providers.models import Notification, NotificationChannel, NotificationDelivery
from providers.notify import mail, webhook
from providers.runtime import clock, loop

logger = logging.getLogger(__name__)
CLAIM = timedelta(minutes=2)
AGAIN = [
    timedelta(seconds=s) for s in (15, 60, 300, 1_800, 7_200, 21_600)
]  # after the first attempt, the second ...
AT_ONCE = 20


def send_due(now: datetime) -> int:
    """How many were sent."""
    due = NotificationDelivery.objects.filter(next_at__lte=now, channel__active=True).order_by("next_at", "pk")
    return sum(_send(pk, now) for pk in due.values_list("pk", flat=True)[:AT_ONCE])


def _send(pk: int, now: datetime) -> bool:
    mine = NotificationDelivery.objects.filter(pk=pk, next_at__lte=now)
    if not mine.update(next_at=now + CLAIM, attempts=F("attempts") + 1):
        return False  # another worker has it
    row = NotificationDelivery.objects.select_related("notification", "channel").get(pk=pk)
    try:
        send(row.channel, row.notification, f"msg_{row.pk}")
    except AIServiceError as error:
        again = AGAIN[row.attempts - 1] if row.attempts <= len(AGAIN) else None
        row.next_at, row.error = (now + again if again else None), error.message[:300]
        row.save(update_fields=["next_at", "error"])
        logger.warning(
            "notification %s by %s not sent, attempt %s", row.notification_id, row.channel, row.attempts
        )
        return False
    row.next_at, row.sent_at, row.error = None, clock.now(), ""
    row.save(update_fields=["next_at", "sent_at", "error"])
    return True


def send(channel: NotificationChannel, told: Notification, key: str) -> None:
    """One attempt by that channel; the page's needs none. Errors: AIServiceError in its forms."""
    kept = channel.settings
    if channel.kind == NotificationChannel.Kind.PAGE:
        return
    if not kept:
        raise InvalidInput("Its settings can't be decrypted. Enter them again.")
    if channel.kind == NotificationChannel.Kind.EMAIL:
        mail.send(kept["to"], told.title, f"{told.text}\n")
    else:
        loop.run(webhook.send(kept["url"], kept["secret"], key, event_of(told)))


def event_of(told: Notification) -> dict[str, Any]:
    """The body: type, timestamp and data, as Standard Webhooks asks."""
    return {
        "type": told.type,
        "timestamp": told.created_at.isoformat(),
        "data": {"event": told.event, "title": told.title, "text": told.text, **told.data},
    }
