"""What the providers page shows, as one dict of plain values; the API's list is its small sister."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from providers.catalog import CATALOG, EXTRA
from providers.configuration import balance
from providers.configuration.directory import Directory, Entry
from providers.configuration.provider_form import form_of, retirements
from providers.format import usd
from providers.resilience import health
from providers.resilience.health import Health

KEYS = (("Alt ↑ ↓", "Move the row"), ("e", "Edit the row"), ("t", "Test the row's key"))
TABS = (("all", "All"), ("keys", "With key"), ("trouble", "Trouble"))
SUMMARY = (
    ("working", "working"),
    ("key_refused", "refused"),
    ("failing", "failing"),
    ("resting", "resting"),
    ("probing", "probing"),
    ("unreadable", "can't be decrypted"),
    ("held", "held back"),
    ("unused", "not used yet"),
    ("not_available", "not available yet"),
)


def listed(directory: Directory) -> list[Entry]:
    """All of the catalog, in the admin's order."""
    return list(directory.entries.values())


def keyed_at(directory: Directory) -> dict[str, datetime]:
    """When each saved key was saved."""
    return {slug: datetime.fromisoformat(said["at"]) for slug, said in directory.saved.key_history.items()}


def api_list(directory: Directory, now: datetime, balances: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The providers for the API: no key, no part of one. `balances` by slug, where they were asked for."""
    entries = listed(directory)
    states = health.of(entries, now, keyed_at(directory))
    saved = directory.saved
    return {
        "providers": [
            _api_row(entry, states[entry.row.slug])
            | ({} if balances is None else {"balance": balances.get(entry.row.slug)})
            for entry in entries
        ],
        "settings": {
            "senate_enabled": saved.senate_enabled,
            "senate_max_members": saved.senate_max_members,
            "mode": saved.mode,
            "cloudflare_account_id": saved.cloudflare_account_id,
        },
    }


def _api_row(entry: Entry, state: Health) -> dict[str, Any]:
    return {
        "slug": entry.row.slug,
        "name": entry.row.name,
        "configured": entry.has_key,
        "available": entry.row.available,
        "source": entry.source,
        "model": entry.model,
        "base_url": entry.base_url,
        "state": state.state,
        "breaker": state.breaker or "closed",
        "last_success": _iso(state.last_success) or None,
        "last_failure": _iso(state.last_failure) or None,
        "latency_ms": state.p95_ms,
        "error_rate": state.error_rate,
    }


def board(
    directory: Directory, now: datetime, *, tab: str = "all", find: str = "", edit: str = ""
) -> dict[str, Any]:
    """`tab`: all, keys, trouble. `find`: words of a name. `edit`: slug whose form is open."""
    entries = listed(directory)
    states = health.of(entries, now, keyed_at(directory))
    seats = _seat_numbers(directory)
    rows = [row_of(directory, e, states[e.row.slug], seats.get(e.row.slug), edit) for e in entries]
    ends = retirements(entry for entry in entries if entry.configured)
    for row in rows:
        row["retires"] = ends.get(row["slug"], "")
    keyed = [row for row in rows if row["configured"] and row["slug"] != "mock"]
    trouble = [row for row in keyed if row["trouble"]]
    shown = {"all": rows, "keys": keyed, "trouble": trouble}.get(tab, rows)
    shown = [row for row in shown if _matches(row, find)]
    counts = {"all": len(rows), "keys": len(keyed), "trouble": len(trouble)}
    return {
        **_frame(directory, tab, find, edit, counts),
        "rows": [row for row in shown if row in keyed],
        "without": sorted((row for row in shown if row not in keyed), key=_place_in_catalog),
        "summary": {
            "with_key": len(keyed),
            "total": len(rows),
            "states": ", ".join(f"{n} {word}" for name, word in SUMMARY if (n := _count(keyed, name))),
        },
        "refused": [row for row in trouble if row["state"] in {"key_refused", "unreadable"}][:3],
        "filtered": bool(find) or tab != "all",
        "nothing": not keyed,
        "mock_on": directory.entries["mock"].configured,
    }


def _frame(directory: Directory, tab: str, find: str, edit: str, counts: dict[str, int]) -> dict[str, Any]:
    saved = directory.saved
    query = {name: value for name, value in (("tab", tab), ("q", find)) if value and value != "all"}
    return {
        "crumbs": [{"label": "Settings"}, {"label": "AI"}, {"label": "Providers"}],
        "tab": tab,
        "find": find,
        "edit": edit,
        "query": urlencode(query),
        "tabs": [
            {
                "label": label,
                "count": counts[name],
                "current": name == tab,
                "url": "?" + urlencode({"tab": name, **({"q": find} if find else {})}),
            }
            for name, label in TABS
        ],
        "page_keys": [{"key": key, "text": text} for key, text in KEYS],
        "senate": {"most": saved.senate_max_members, "by_hand": len(saved.seats), "enabled": saved.senate_enabled},
    }


def one_row(directory: Directory, slug: str, now: datetime) -> dict[str, Any]:
    """The row of one provider alone, as it is after a test."""
    entry = directory.entries[slug]
    states = health.of([entry], now, keyed_at(directory))
    return row_of(directory, entry, states[slug], _seat_numbers(directory).get(slug), "")


def row_of(directory: Directory, entry: Entry, state: Health, seat: int | None, edit: str) -> dict[str, Any]:
    """One provider as plain values. Never its key."""
    row, saved = entry.row, directory.saved
    history = saved.key_history.get(row.slug, {}) if entry.source in {"saved", "unreadable"} else {}
    return {
        "slug": row.slug,
        "name": row.name,
        "note": row.note,
        "monogram": row.monogram,
        "slot": entry.slot,
        "seat": seat,
        "available": row.available,
        "configured": entry.has_key,
        "source": entry.source,
        "env_name": entry.env_name,
        "by": history.get("by", ""),
        "at": history.get("at", ""),
        "model": entry.model,
        "base_url": entry.base_url,
        "balance": balance_of(directory, entry),
        **_health_of(state),
        **(form_of(directory, entry) if edit == row.slug else {"editing": False}),
    }


def balance_of(directory: Directory, entry: Entry) -> dict[str, Any] | None:
    """What is known of its account without asking; None where the provider tells nothing."""
    if not balance.told_by(entry):
        return None
    found, fresh = balance.known(directory, entry.row.slug)
    if found is None:
        return {"fresh": False}
    return {**found.as_dict(), "clock": _clock(found.as_of), "fresh": fresh}


def _health_of(state: Health) -> dict[str, Any]:
    return {
        "state": state.state,
        "badge": state.badge,
        "badge_text": state.badge_text or state.badge,
        "trouble": state.trouble,
        "breaker": state.breaker,
        "detail": state.detail,
        "advice": state.advice,
        "since": _iso(state.since),
        "since_words": f"Since {_clock(state.since)}." if state.since else "",
        "last_success": _iso(state.last_success),
        "last_failure": _iso(state.last_failure),
        "p95_s": None if state.p95_ms is None else state.p95_ms / 1000,
        "error_percent": None if state.error_rate is None else round(state.error_rate * 100, 2),
        "calls_24h": state.calls_24h,
        "spend_30d_usd": usd(state.spend_30d_usd),
        "spark": state.spark.as_dict() if state.spark else None,
    }


def _seat_numbers(directory: Directory) -> dict[str, int]:
    """Which places of the order sit in the Senate; none where it is seated by hand."""
    saved = directory.saved
    if saved.seats or not saved.senate_enabled:
        return {}
    able = [e for e in directory.configured() if e.row.member and e.model]
    return {entry.row.slug: n for n, entry in enumerate(able[: saved.senate_max_members], start=1)}


def _place_in_catalog(row: dict[str, Any]) -> int:
    return next(n for n, known in enumerate((*CATALOG, *EXTRA)) if known.slug == row["slug"])


def _matches(row: dict[str, Any], find: str) -> bool:
    text = f"{row['name']} {row['slug']} {row['model']}".lower()
    return all(word in text for word in find.lower().split())


def _count(rows: list[dict[str, Any]], state: str) -> int:
    return sum(1 for row in rows if row["state"] == state)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _clock(moment: datetime) -> str:
    """`13:52` today, else with the day, in the site's zone."""
    local, now = timezone.localtime(moment), timezone.localtime()
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%b} {local.day}, {local:%H:%M}"
