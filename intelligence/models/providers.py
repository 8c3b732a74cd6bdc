"""Who analyses: one row a way to a model, at most one of them active."""

import uuid

from django.db import models
from django.db.models import Q

from intelligence.models.fields import SecretJSONField


class IntelligenceProvider(models.Model):
    """`provider` names a driver of `intelligence.providers.PROVIDER_CLASSES`, `config` is what that driver takes
    (keys, model, limits), encrypted as one value and never shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    provider = models.CharField(max_length=50, db_index=True)
    config = SecretJSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=False, db_index=True)
    description = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_intelligence_provider"
            )
        ]

    def __str__(self) -> str:
        return self.name
