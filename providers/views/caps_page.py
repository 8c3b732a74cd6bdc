"""How a standing reads: who, how much of the cap, in which tone, in which words.

`CapStanding` comes from `providers.money.caps`; here it becomes plain values (money as exact text).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from providers.format import exact_count, money, percent, seconds
from providers.models import CapDay
from providers.models.ledger import DEFAULT_COST_CAP_USD, DEFAULT_TOKEN_CAP
from providers.money import caps
from providers.usage.calls import usd_of
from providers.usage.scope import sees_everyone

MOST_PEOPLE = 1_000
WARN, FULL = 80, 95  # percent of a cap


def standings(viewer: Any, now: datetime) -> list[dict[str, Any]]:
    """Today's standings, fullest first: everybody's for managers and admins, else the viewer's own."""
    found_people = people(viewer, now)
    by_id = caps.standings(found_people, now)
    found = [plain(user, by_id[user.pk], now) for user in found_people]
    return sorted(found, key=lambda one: (-fullest(one), one["username"]))


def people(viewer: Any, now: datetime) -> list[Any]:
    """Whose standings the viewer may see. Accounts that can't sign in (such as that of the site's own work) are
    there once they spend something."""
    spent_today = Exists(CapDay.objects.filter(user_id=OuterRef("pk"), day=now.date()))
    users = get_user_model().objects.filter(Q(is_active=True) | spent_today).order_by("username")
    return list(users[:MOST_PEOPLE] if sees_everyone(viewer) else users.filter(pk=viewer.pk))


def default_cap() -> dict[str, Any]:
    return {"daily_cost_cap_usd": DEFAULT_COST_CAP_USD, "daily_token_cap": DEFAULT_TOKEN_CAP}


def plain(user: Any, standing: caps.CapStanding, now: datetime) -> dict[str, Any]:
    """A standing as the API gives it."""
    return {
        "username": user.get_username(),
        "name": user.get_full_name() or user.get_username(),
        "daily_cost_cap_usd": usd_of(standing.cost_cap_usd),
        "used_usd": usd_of(standing.used_usd),
        "reserved_usd": usd_of(standing.reserved_usd),
        "left_usd": usd_of(standing.left_usd),
        "daily_token_cap": standing.token_cap,
        "used_tokens": standing.used_tokens,
        "reserved_tokens": standing.reserved_tokens,
        "left_tokens": standing.left_tokens,
        "usual_cost_cap_usd": usd_of(standing.usual_cost_cap_usd),
        "usual_token_cap": standing.usual_token_cap,
        "temporary_until": standing.temporary_until.isoformat() if standing.temporary_until else None,
        "resets_at": standing.resets_at.isoformat(),
        "resets_in_s": max(0, int((standing.resets_at - now).total_seconds())),
    }


def shares(one: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Percent of the money cap and of the token cap that is used."""
    return (
        share(Decimal(one["used_usd"]), Decimal(one["daily_cost_cap_usd"])),
        share(one["used_tokens"], one["daily_token_cap"]),
    )


def fullest(one: dict[str, Any]) -> Decimal:
    return max(shares(one))


def share(part: Decimal | int, cap: Decimal | int) -> Decimal:
    """In percent; a cap of zero is full from the start."""
    return Decimal(part) * 100 / Decimal(cap) if cap else Decimal(100)


def shown(one: dict[str, Any], calls: str) -> dict[str, Any]:
    """With widths, tones and a sentence for a page; `calls` is the address of the person's calls today."""
    usd_share, token_share = shares(one)
    reserved = share(Decimal(one["reserved_usd"]), Decimal(one["daily_cost_cap_usd"]))
    return {
        **one,
        "used_percent": str(usd_share),
        "reserved_percent": str(reserved) if usd_share < 100 else "0",
        "token_percent": str(token_share),
        "tone": tone(usd_share),
        "token_tone": tone(token_share),
        "sentence_tone": tone(max(usd_share, token_share)),
        "sentence": sentence(one, usd_share, token_share),
        "calls_url": calls,
        "edit_url": reverse("providers:cap", args=[one["username"]]),
        "left": left(one, usd_share, token_share),
    }


def left(one: dict[str, Any], usd_share: Decimal, token_share: Decimal) -> str:
    """What may still be spent, under both caps."""
    if max(usd_share, token_share) >= 100:
        return "nothing left"
    return f"{money(one['left_usd'], 2)} and {exact_count(one['left_tokens'])} tokens left"


def tone(used: Decimal) -> str:
    return "bad" if used >= FULL else "warn" if used >= WARN else ""


def sentence(one: dict[str, Any], usd_share: Decimal, token_share: Decimal) -> str:
    """`83 %, $0.15 reserved`; at the cap: when it goes on."""
    reset = f"resets in {seconds(one['resets_in_s'])}"
    if usd_share >= 100:
        return f"Stopped, {reset}"
    if token_share >= 100:
        return f"Stopped at the token cap, {reset}"
    said = percent(str(usd_share))
    if Decimal(one["reserved_usd"]):
        said += f", {money(one['reserved_usd'], 2)} reserved"
    if token_share > usd_share and token_share >= WARN:
        said += f", {percent(str(token_share))} of tokens"
    return said


def told(one: dict[str, Any]) -> str:
    """What a change means, said once after it."""
    cap = money(one["daily_cost_cap_usd"], 2)
    said = f"{one['name']} has {cap} and {exact_count(one['daily_token_cap'])} tokens a day from the next call on"
    if one["temporary_until"]:
        said += f", until {datetime.fromisoformat(one['temporary_until']):%b %-d, %H:%M} UTC"
    said += "."
    if fullest(one) >= 100:
        used = f"{money(one['used_usd'], 2)} and {exact_count(one['used_tokens'])} tokens"
        said += f" Already used {used} today, so calls stop until 00:00 UTC."
    return said
