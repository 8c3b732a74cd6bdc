"""The topic `fixes` of the live feed: a version that changes when any fix does."""

import hashlib

from django.db.models import Count, Max

from intelligence.models import Approval
from jules.models import FixAttempt


def version() -> str:
    """Two cheap queries."""
    fixes = FixAttempt.objects.aggregate(newest=Max("updated_at"), many=Count("pk"))
    waiting = Approval.objects.filter(state="pending").count()
    return hashlib.blake2s(repr((fixes, waiting)).encode(), digest_size=6).hexdigest()
