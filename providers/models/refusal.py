"""How often a call or a deliberation was refused for want of money or tokens. Only the ledger writes it."""

from django.db import models


class Refusal(models.Model):
    """A refusal makes no upstream call, so it leaves no usage row. It is counted by user, UTC day and reason.

    `code`: that of the error that the caller got. Figures only: nothing of what was asked.
    """

    user_id = models.BigIntegerField()
    day = models.DateField()
    code = models.CharField(max_length=40)
    operation = models.CharField(max_length=60)
    times = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "user_id", "code", "operation"], name="one_refusal")]

    def __str__(self) -> str:
        return f"user {self.user_id} on {self.day}: {self.code}"
