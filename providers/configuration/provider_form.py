"""What the open form of one provider shows beside its row: hints, warnings, the models to choose from."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from providers.configuration.directory import Directory, Entry, why_not
from providers.exceptions import PriceUnknown
from providers.format import ago, money, parsed
from providers.models import AIServiceConfig, ProviderCheck
from providers.money.pricing import FREE, price_of
from providers.network.outbound import guard

FRESH, AFTER_A_FAILURE = timedelta(days=1), timedelta(minutes=5)  # how long a list of models is good for
KEY_STATES = {"saved": "configured", "unreadable": "broken"}


def form_of(directory: Directory, entry: Entry) -> dict[str, Any]:
    """Plain values; of the key only whether there is one, and who saved it when."""
    row = entry.row
    address = entry.base_url or row.base_url
    return {
        "editing": True,
        "address_shown": address,
        "private_line": guard().private_line(address) if address else "",
        "needs_base_url": row.needs_base_url,
        "default_base_url": row.base_url,
        "account_id": directory.saved.cloudflare_account_id if "account_id" in row.extra_fields else None,
        **_key(directory, entry),
        **_model(entry),
    }


def _key(directory: Directory, entry: Entry) -> dict[str, Any]:
    row = entry.row
    state = KEY_STATES.get(entry.source, "empty")
    behind = next((name for name in row.env_names if settings.PROVIDER_ENV_KEY(name)), "")
    hint = "Stored encrypted and never shown again."
    if state == "configured":
        said = directory.saved.key_history.get(row.slug)
        by = f" by {said['by']}, {ago(parsed(said['at']), timezone.now())}" if said else ""
        hint = f"Configured{by}. Stays unless you replace it."
    elif entry.source == "environment":
        hint = "A key saved here wins over the one from the environment."
    elif entry.source == "held":
        hint = why_not(entry)
    elif row.key_optional:
        hint = "Only if your server asks for one."
    return {
        "key_state": state,
        "key_hint": hint,
        "key_label": "Key to use instead" if entry.source == "environment" else "Key",
        "env_behind": behind if state != "empty" else "",
    }


def _model(entry: Entry) -> dict[str, Any]:
    """The models of the last test, and what is worth knowing of the chosen one."""
    check = ProviderCheck.objects.filter(slug=entry.row.slug).first()
    listed = {model["id"]: model["retires_on"][:10] for model in check.listed} if check else {}
    if listed and entry.model not in listed:
        warning = f"{entry.model} is not among the {len(listed)} models that this key may use."
    elif retires := listed.get(entry.model, ""):
        warning = f"{entry.model} {retirement(retires)}. Choose another one."
    else:
        warning = ""
    price, known = _price(entry)
    return {
        "models": [
            {"id": name, "note": retirement(retires) if retires else ""} for name, retires in listed.items()
        ],
        "asks_models": entry.configured and _stale(check),
        "model_warning": bool(warning) or not known,
        "model_hint": warning or price,
        "retires_on": listed.get(entry.model, ""),
    }


def _stale(check: ProviderCheck | None) -> bool:
    """Whether its models should be asked for again: none are known, or they are of another day."""
    if check is None:
        return True
    return timezone.now() - check.at > (FRESH if check.ok else AFTER_A_FAILURE)


def retirement(day: str) -> str:
    """`retires on 2026-12-01`, or `retired on` once it is past. `day` as the upstream wrote it."""
    return f"{'retired' if day[:10] < timezone.now().date().isoformat() else 'retires'} on {day[:10]}"


def retirements(entries: Iterable[Entry]) -> dict[str, str]:
    """slug -> when its chosen model retires, as its last list of models says. One query."""
    models = {entry.row.slug: entry.model for entry in entries}
    found = {}
    for slug, listed in ProviderCheck.objects.filter(slug__in=models).values_list("slug", "listed"):
        day = next((one["retires_on"] for one in listed if one["id"] == models[slug]), "")
        if day:
            found[slug] = retirement(day)
    return found


def _price(entry: Entry) -> tuple[str, bool]:
    """What it costs in a sentence, and whether that is known: an unknown price is refused before it is spent."""
    if not entry.row.member:
        return "Sits in no committee.", True
    try:
        price = price_of(entry.row.slug, entry.model, own=AIServiceConfig.get_instance().own_prices)
    except PriceUnknown as error:
        return error.message, False
    if price.source in FREE.values():
        return "Costs nothing here: it runs on a machine of your own.", True
    return f"{_per_million(price.input_usd)} in, {_per_million(price.output_usd)} out per million tokens.", True


def _per_million(usd: Decimal) -> str:
    """Cents where they say it all: `$0.50`, `$0.0375`."""
    return money(usd, 2 if usd == round(usd, 2) else 4)
