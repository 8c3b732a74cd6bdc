"""The audit log: who did what to what, and what it was before."""

import json
from typing import Any

from django.db import models

from providers.models.forever import Forever


class AuditEntry(Forever):
    """One act. Never changed, numbered without a gap, signed and sealed like usage rows.

    It holds the number of whoever acted, never a name or an address of mail: names are looked up when it is
    read, so a person's data can be erased while their entries stay. `before` and `after` are JSON texts without
    secrets.
    """

    LOCK = 0x1ED7 << 48
    SIGNED = [
        "number",
        "at",
        "actor_id",
        "role",
        "surface",
        "action",
        "object_type",
        "object_id",
        "object_label",
        "before",
        "after",
        "reason",
        "request_id",
        "address",
        "outcome",
    ]

    number = models.BigIntegerField(primary_key=True, editable=False)
    at = models.DateTimeField(db_index=True)
    actor_id = models.BigIntegerField(null=True)
    role = models.CharField(max_length=12, blank=True, default="")
    surface = models.CharField(max_length=12)  # page, api, shell, worker
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True, default="")
    object_id = models.CharField(max_length=64, blank=True, default="")
    object_label = models.CharField(max_length=200, blank=True, default="")
    before = models.TextField(default="{}")
    after = models.TextField(default="{}")
    reason = models.CharField(max_length=500, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")
    outcome = models.CharField(max_length=10, default="done")  # done, refused
    signature = models.CharField(max_length=64, editable=False)

    class Meta(Forever.Meta):
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["action", "number"], name="audit_action"),
            models.Index(fields=["actor_id", "number"], name="audit_actor"),
            models.Index(fields=["object_type", "object_id", "number"], name="audit_object"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"

    @property
    def was(self) -> dict[str, Any]:
        return json.loads(self.before)

    @property
    def became(self) -> dict[str, Any]:
        return json.loads(self.after)
