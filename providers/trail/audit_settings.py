"""How a change of keys, models, addresses, order or committee reads in the audit log: an entry per provider."""

from collections.abc import Mapping
from typing import Any

from providers.catalog import CATALOG, EXTRA
from providers.fields import Unreadable
from providers.trail import audit

Values = Mapping[str, Any]
_COMMITTEE = ("mode", "senate_enabled", "senate_max_members", "seats")


def record(old: Values, new: Values) -> None:
    """Column -> value before and after, of what was touched; nothing where nothing differs."""
    for row in (*CATALOG, *EXTRA):
        names = [f"{row.slug}_{part}" for part in ("api_key", "model", "base_url")]
        if row.slug == "cloudflare":
            names.append("cloudflare_account_id")
        _entry(_provider_action, audit.Thing("provider", row.slug, row.name), names, old, new)
    _entry(lambda *_: "provider.order", audit.Thing("provider order"), ["order"], old, new)
    _entry(lambda *_: "committee.change", audit.Thing("committee"), list(_COMMITTEE), old, new)


def _entry(name_of: Any, thing: audit.Thing, names: list[str], old: Values, new: Values) -> None:
    was, becomes = audit.changed({n: old[n] for n in names if n in old}, {n: new[n] for n in names if n in new})
    if becomes:
        audit.record(name_of(was, becomes), thing, before=_seen(was), after=_seen(becomes))


def _seen(values: Values) -> dict[str, Any]:
    """A key that nobody can decrypt is one that is set."""
    return {name: "unreadable" if isinstance(value, Unreadable) else value for name, value in values.items()}


def _provider_action(was: Values, becomes: Values) -> str:
    """What happened to the key, as that weighs most; else that something was changed."""
    for name in becomes:
        if name.endswith("_api_key"):
            had = bool(was[name]) or isinstance(was[name], Unreadable)
            return ("key.replace" if had else "key.save") if becomes[name] else "key.clear"
    return "provider.change"
