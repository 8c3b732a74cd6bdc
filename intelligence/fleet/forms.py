"""The service form: its fields in groups, and what a browser's form means in the API's terms."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from intelligence.models.services import DEPLOYERS, ENGINES, FORGES, HOSTS, SECRETS
from providers.serializers import CSRF_FIELD

SWITCHES = ("build_network", "auto_fix", "auto_deploy", "deploy_needs_approval", "troubleshoot")
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Repository",
        (
            ("name", "Name", ""),
            ("repository_url", "Repository address", "As you would clone it, with https://"),
            ("default_branch", "Branch", ""),
            ("forge", "Forge", ""),
            ("forge_api_url", "Forge API address", "Only for a forge of your own"),
        ),
    ),
    (
        "Deploying",
        (
            ("deployer", "Deployer", "“local” builds here in the sandbox, “hook” calls its deploy hook"),
            ("build_command", "Build command", "Run with sh in the sandbox"),
            ("check_command", "Check command", "Run after the build, never with network"),
            ("package_folder", "Package folder", "Read-only at /packages where a build has no network"),
            ("build_network", "A build may reach the network", ""),
        ),
    ),
    (
        "Running",
        (
            ("host", "Host", "Where it runs"),
            ("health_url", "Health address", "Asked after each deployment"),
            ("owner", "Owner", "User name"),
        ),
    ),
    (  # together: browsers take fields of secrets that stand apart for several forms
        "Secrets",
        (
            ("forge_token", "Forge token", "Used to clone, and to open pull requests"),
            ("deploy_hook_url", "Deploy hook", "An address, called with POST once for each deployment"),
            ("webhook_secret", "Webhook secret", "What its forge or host signs with"),
        ),
    ),
    (
        "Fixing",
        (
            ("fix_engine", "Fix engine", ""),
            ("auto_fix", "Fix failed deployments without being asked", ""),
            ("auto_deploy", "Deploy a verified fix", ""),
            ("deploy_needs_approval", "A deployment by the console needs an approval", ""),
            ("troubleshoot", "Look into each new incident", "An agent that only reads, within a small budget"),
        ),
    ),
)
CHOICES = {"forge": FORGES, "deployer": DEPLOYERS, "host": HOSTS, "fix_engine": ENGINES}
DEFAULTS = {
    "default_branch": "main",
    "host": "other",
    "forge": "github",
    "deployer": "none",
    "fix_engine": "local",
}
LONG = ("build_command", "check_command")


def choices() -> dict[str, list[str]]:
    return {name: list(values) for name, values in CHOICES.items()}


def given_by(request: Request) -> dict[str, Any]:
    """The fields of a form or of a JSON object. A form sends no switch that is off."""
    data = request.data if isinstance(request.data, Mapping) else {}
    given = {name: data[name] for name in data if name != CSRF_FIELD}
    if getattr(request, "content_type", "").startswith("application/json"):
        return given
    clear = [name for name in SECRETS if given.pop(f"clear_{name}", "")]
    given |= {name: name in given for name in SWITCHES} | dict.fromkeys(clear)
    return {name: value for name, value in given.items() if name != "owner" or value}


def fields_of_form(
    values: Mapping[str, Any], errors: Mapping[str, list[str]], service: Any
) -> list[dict[str, Any]]:
    """Groups of fields as the field component wants them. A secret's value is never among them."""
    groups = []
    for title, fields in GROUPS:
        made = []
        for name, label, hint in fields:
            value = values.get(
                name, DEFAULTS.get(name, True if name == "deploy_needs_approval" and not values else "")
            )
            made.append(
                {
                    "name": name,
                    "label": label,
                    "hint": hint,
                    "value": "" if name in SECRETS else value,
                    "errors": errors.get(name, []),
                    "kind": kind(name),
                    "saved": bool(service and name in SECRETS and getattr(service, name)),
                    "options": [{"value": one, "label": one} for one in CHOICES.get(name, ())],
                }
            )
        groups.append({"title": title, "fields": made})
    return groups


def kind(name: str) -> str:
    if name in SWITCHES:
        return "switch"
    if name in SECRETS:
        return "secret"
    return "long" if name in LONG else "choice" if name in CHOICES else "text"
