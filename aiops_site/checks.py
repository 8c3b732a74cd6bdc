"""System checks: what is missing or dangerous stops the start with a sentence and the command that mends it."""

import re
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connection

from providers import retention
from providers.money import output_limits
from providers.rates import throttles

FERNET = re.compile(r"[A-Za-z0-9_-]{43}=")
NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


@register(Tags.security)
def secrets_are_usable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < 40:
        found.append(
            Error("SECRET_KEY is missing or too short.", hint="Run `make run`, or set it.", id="aiops.E001")
        )
    if not settings.AI_ENCRYPTION_KEYS:
        hint = f"Set AI_ENCRYPTION_KEY. Make one with: {NEW_KEY}"
        found.append(Error("AI_ENCRYPTION_KEY is not set, so no key can be saved.", hint=hint, id="aiops.E002"))
    for number, key in enumerate(settings.AI_ENCRYPTION_KEYS, start=1):
        if not is_fernet(key):
            text = f"Encryption key {number} is not a Fernet key."
            found.append(Error(text, hint=f"Make one with: {NEW_KEY}", id="aiops.E003"))
    return found


def is_fernet(key: str) -> bool:
    """Fernet itself reads no further than the padding: of two glued keys it would take the first alone."""
    try:
        Fernet(key)
    except ValueError:
        return False
    return FERNET.fullmatch(key) is not None


@register(Tags.database)
def addresses_may_be_called(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Saved addresses that no call would go to, as after a change past the forms. Only where the database is
    asked: `manage.py check --database default`."""
    if not databases:
        return []
    from providers.configuration.directory import unusable

    try:
        found = unusable()
    except DatabaseError:  # not migrated yet: `migrate` itself runs these checks first
        return []
    if "providers_aiprovidersettings" not in connection.introspection.table_names():
        return []  # the very first `migrate` runs the checks before there is a table
    hint = "Calls there are refused. Enter the address again in Settings > AI."
    return [Warning(f"{field}: {why}", hint=hint, id="aiops.W001") for field, why in found.items()]


@register(Tags.security)
def hosts_are_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS must name hosts, not *.", id="aiops.E004"))
    for name in ("AI_CHAT_RATE", "AI_ANALYSIS_RATE"):
        try:
            throttles.rate_of(getattr(settings, name))
        except ValueError:
            hint = "Write it like 30/min."
            found.append(Error(f"{name} is no rate: {getattr(settings, name)!r}.", hint=hint, id="aiops.E006"))
    try:
        output_limits.parsed(tuple(settings.AI_OUTPUT_TOKENS))
    except ValueError as error:
        found.append(Error(f"AI_OUTPUT_TOKENS: {error}", id="aiops.E009"))
    try:
        retention.days()
    except ValueError as error:
        found.append(Error(f"RETENTION_DAYS: {error}", id="aiops.E010"))
    if settings.DEBUG and not settings.LOCAL:
        found.append(Error("DEBUG is on while HOST is not this machine.", id="aiops.E005"))
    return found
