"""A service: where its code is, how it is built and checked, and what may happen to it without being asked."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from providers.access.roles import role_of
from providers.fields import SecretField

# Forge: the user name that git wants there beside a token.
GIT_USERS = {"github": "x-access-token", "gitlab": "oauth2", "bitbucket": "x-token-auth"}
FORGES = tuple(GIT_USERS)
HOSTS = ("local", "docker", "kubernetes", "vercel", "render", "railway", "heroku", "other")
DEPLOYERS = ("none", "local", "hook")
ENGINES = ("local", "chat", "senate", "jules")
SECRETS = ("forge_token", "deploy_hook_url", "webhook_secret")


class ServiceQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "ServiceQuery":
        """Every role reads every service; nobody else reads any."""
        return self.all() if role_of(user) is not None else self.none()


class Service(models.Model):
    """`deployer`: none (deployments are only reported), local (built in the sandbox here), hook (its own deploy
    hook is called). `build_network`: a build may reach the network; without it packages come from
    `package_folder`. `auto_fix` and `auto_deploy` are this service's say beside the site's two switches.
    `troubleshoot`: each new incident starts a run that only reads.
    The secrets (`SECRETS`) are written, never shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    repository_url = models.CharField(max_length=500, blank=True, default="")
    forge = models.CharField(max_length=12, default="github")
    forge_api_url = models.CharField(max_length=500, blank=True, default="")
    forge_token = SecretField(blank=True, default="")
    default_branch = models.CharField(max_length=200, default="main")
    host = models.CharField(max_length=12, default="other", help_text="where it runs")
    health_url = models.CharField(max_length=500, blank=True, default="")
    build_command = models.TextField(blank=True, default="")
    check_command = models.TextField(blank=True, default="")
    deploy_hook_url = SecretField(blank=True, default="", help_text="hook addresses carry a key")
    webhook_secret = SecretField(blank=True, default="", help_text="signs what its forge or host reports")
    deployer = models.CharField(max_length=8, default="none")
    build_network = models.BooleanField(default=False)
    package_folder = models.CharField(max_length=500, blank=True, default="")
    fix_engine = models.CharField(max_length=8, default="local")
    auto_fix = models.BooleanField(default=False)
    auto_deploy = models.BooleanField(default=False)
    deploy_needs_approval = models.BooleanField(default=True)
    troubleshoot = models.BooleanField(default=False, help_text="a new incident starts a troubleshooting run")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="services")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ServiceQuery.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="service_names_differ")]

    def __str__(self) -> str:
        return self.name
