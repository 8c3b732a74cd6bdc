"""What the frame shows of today's notifications: one's own, and everybody's for who sees everyone."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from providers.access.roles import may
from providers.exceptions import NotFound
from providers.models import Notification, NotificationChannel, NotificationSeen


def _visible(user: Any, now: datetime) -> QuerySet[Notification]:
    rows = Notification.objects.filter(
        day=now.date(), deliveries__channel__kind=NotificationChannel.Kind.PAGE, deliveries__channel__active=True
    )
    if not may(user, "see everyone's usage"):
        rows = rows.filter(user=user)
    return rows.distinct().order_by("-pk")


def unseen_rows(user: Any, now: datetime) -> QuerySet[Notification]:
    """Today's notifications that this user sees and did not put away, the newest first."""
    seen = NotificationSeen.objects.filter(user=user).values("notification_id")
    return _visible(user, now).exclude(pk__in=seen)


def unseen(user: Any, now: datetime) -> list[dict[str, Any]]:
    """Of each subject the highest threshold that was not put away, the fullest first. One query.

    `newest`: the id up to which everything is shown here."""
    found: dict[str, dict[str, Any]] = {}
    for row in unseen_rows(user, now)[:100]:
        percent = row.data.get("threshold_percent", 0)
        one = {"id": row.pk, "title": row.title, "text": row.text, "percent": percent}
        one |= {"tone": "bad" if percent >= 95 else "warn", "at": row.created_at.isoformat()}
        subject = row.event.rpartition(":")[0]
        if percent > found.get(subject, {"percent": -1})["percent"]:
            found[subject] = one
    newest = max((one["id"] for one in found.values()), default=0)
    return sorted(({**one, "newest": newest} for one in found.values()), key=lambda one: -one["percent"])


def put_away(user: Any, pk: int, now: datetime, everything: bool = False) -> None:
    """This one and the lower thresholds of its subject; or everything that is as old. Errors: NotFound."""
    row = _visible(user, now).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such notification.")
    same = _visible(user, now).filter(pk__lte=pk)
    if not everything:
        same = same.filter(event__startswith=row.event.rpartition(":")[0] + ":")
    NotificationSeen.objects.bulk_create(
        [NotificationSeen(notification=one, user=user) for one in same], ignore_conflicts=True
    )
