"""How far the usage rows were exported as spans, per target."""

from django.db import models


class TelemetryMark(models.Model):
    """`watermark`: the number of the last usage row that the target took; moves only after it did."""

    target = models.CharField(max_length=20, primary_key=True)
    watermark = models.BigIntegerField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.target} up to row {self.watermark}"
