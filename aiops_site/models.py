"""Rows of the roof: where people are signed in, and who they are at the provider that signs them in."""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models


class SignedIn(models.Model):
    """One browser in which somebody is signed in; it goes with its session. `seen_at` is true to some minutes."""

    session = models.OneToOneField(Session, models.CASCADE, primary_key=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="signed_in")
    agent = models.CharField(max_length=300, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")
    began_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"user {self.user_id} since {self.began_at}"


class OutsideIdentity(models.Model):
    """Who a user is at an OpenID provider: its issuer and its subject there, which never changes."""

    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_user_a_subject")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
