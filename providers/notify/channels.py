"""What an admin does to channels: add, change, try, delete. Each act stands in the audit log, secrets never."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from providers.exceptions import InvalidInput, NotFound, OutboundRefused
from providers.models import Notification, NotificationChannel
from providers.network import outbound
from providers.notify import delivery, mail, webhook
from providers.runtime import clock
from providers.trail import audit

MOST, MOST_ADDRESSES, LONGEST = 50, 20, 80
KINDS = NotificationChannel.Kind
FIELDS = ("name", "kind", "to", "url", "secret", "active")


def shown(channel: NotificationChannel) -> dict[str, Any]:
    """Without secrets: of a webhook's address only the origin, as the rest may be a password too."""
    kept = channel.settings
    where = {
        KINDS.PAGE: lambda: "on every page",
        KINDS.EMAIL: lambda: ", ".join(kept.get("to", [])),
        KINDS.WEBHOOK: lambda: "{0.scheme}://{0.netloc}/…".format(urlsplit(kept.get("url", ""))),
    }[KINDS(channel.kind)]()
    readable = bool(kept) or channel.kind == KINDS.PAGE
    last = channel.deliveries.order_by("-pk").first()
    problem = last.error if last else ""
    if not readable:
        problem = "Can't be decrypted: delete it and add it again."
    elif channel.kind == KINDS.EMAIL and not mail.configured():
        problem = "E-mail is off: set EMAIL_URL in .env and restart."
    return {
        "id": channel.pk,
        "name": channel.name,
        "kind": channel.kind,
        "kind_label": KINDS(channel.kind).label,
        "where": where if readable else "",
        "active": channel.active,
        "problem": problem,
        "last_sent": last.sent_at.isoformat() if last and last.sent_at else None,
    }


def every() -> list[dict[str, Any]]:
    return [shown(channel) for channel in NotificationChannel.objects.all()[:MOST]]


def one(pk: int) -> NotificationChannel:
    """Errors: NotFound."""
    found = NotificationChannel.objects.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise NotFound("There is no such channel.")
    return found


def add(given: Mapping[str, Any]) -> tuple[NotificationChannel, str]:
    """The channel and, of a webhook, the secret that signs: it can't be read again. Errors: InvalidInput."""
    _known(given)
    problems: dict[str, list[str]] = {}
    name = given["name"].strip() if isinstance(given.get("name"), str) else ""
    if not 0 < len(name) <= LONGEST or "\x00" in name:
        problems["name"] = [f"Give it a name of up to {LONGEST} characters."]
    kind = str(given.get("kind") or "")
    if kind not in KINDS.values:
        problems["kind"] = [f"Choose one of {', '.join(KINDS.values)}."]
    config = _config(kind, given, problems)
    if NotificationChannel.objects.count() >= MOST:
        problems["name"] = [f"There can be at most {MOST} channels."]
    _raise(problems)
    channel = NotificationChannel(name=name, kind=kind, config=json.dumps(config) if config else "")
    try:
        with transaction.atomic():
            channel.save()
            audit.record("channel.add", _thing(channel), after={"kind": kind})
    except IntegrityError:
        raise InvalidInput("There is a channel of that name already.", param="name") from None
    return channel, config.get("secret", "")


def switch(channel: NotificationChannel, active: bool) -> None:
    if not isinstance(active, bool):
        raise InvalidInput("Say true or false.", param="active")
    with transaction.atomic():
        was, channel.active = channel.active, active
        channel.save(update_fields=["active"])
        if was != active:
            audit.record("channel.change", _thing(channel), before={"active": was}, after={"active": active})


def delete(channel: NotificationChannel) -> None:
    with transaction.atomic():
        audit.record("channel.delete", _thing(channel), before={"kind": channel.kind})
        channel.delete()


def try_out(channel: NotificationChannel) -> str:
    """Sends a test by this channel now; what came of it, in a sentence. Errors: AIServiceError."""
    now = clock.now()
    told = Notification(
        event="test", type="test", title="Test of AIOps Console", text="This channel works.", created_at=now
    )
    outcome = "refused"
    try:
        delivery.send(channel, told, f"msg_test_{int(now.timestamp() * 1000)}")
        outcome = "done"
    finally:
        audit.record("channel.test", _thing(channel), outcome=outcome)
    return (
        f"{channel.name} took the test." if channel.kind != KINDS.PAGE else "You are reading it: the page works."
    )


def _thing(channel: NotificationChannel) -> audit.Thing:
    return audit.Thing("channel", str(channel.pk), channel.name)


def _known(given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in FIELDS:
            raise InvalidInput(f"There is no field {str(name)[:60]!r} of a channel.", param=str(name)[:60])


def _raise(problems: dict[str, list[str]]) -> None:
    if problems:
        first = next(iter(problems))
        raise InvalidInput(problems[first][0], param=first, errors=problems)


def _config(kind: str, given: Mapping[str, Any], problems: dict[str, list[str]]) -> dict[str, Any]:
    try:
        if kind == KINDS.EMAIL:
            return {"to": _addresses(given.get("to"))}
        if kind == KINDS.WEBHOOK:
            return {"url": _url(given.get("url")), "secret": _secret(given.get("secret"))}
    except InvalidInput as error:
        problems[error.param or "kind"] = [error.message]
    return {}


def _addresses(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").replace("\n", ",").split(",")
    found = [str(part).strip() for part in parts if str(part).strip()]
    try:
        for address in found:
            validate_email(address)
    except ValidationError:
        raise InvalidInput("One of these is no e-mail address.", param="to") from None
    if not 0 < len(found) <= MOST_ADDRESSES:
        raise InvalidInput(f"Give 1 to {MOST_ADDRESSES} addresses, separated by commas.", param="to")
    return found


def _url(value: Any) -> str:
    url = str(value or "").strip()
    if not 0 < len(url) <= 2_000:
        raise InvalidInput("Give the address that takes the webhook.", param="url")
    try:
        outbound.guard().check_url(url)
    except OutboundRefused as refused:
        raise InvalidInput(refused.message, param="url") from None
    return url


def _secret(value: Any) -> str:
    secret = str(value or "").strip() or webhook.new_secret()
    try:
        webhook.key_of(secret)
    except ValueError:
        text = "A secret is whsec_ and 24 to 64 bytes in base64; leave it empty to have one made."
        raise InvalidInput(text, param="secret") from None
    return secret
