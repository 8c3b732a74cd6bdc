"""How each provider does: its state with reason and since when, latency, errors, spend, a small drawing.

Read from the ledger and the last key test in six queries (the state alone: three), whatever the number of
providers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, Q, Sum
from django.db.models.functions import TruncHour

from providers import exceptions
from providers.configuration.directory import Entry, why_not
from providers.models import AIServiceConfig, AIUsageLog, ProviderCheck
from providers.resilience import breaker
from providers.sparkline import Spark, drawn

SAMPLE = 200  # newest calls of a provider that its state, p95 and error rate are read from
DAY, MONTH = timedelta(hours=24), timedelta(days=30)
# What counts against a provider; a cancelled call or a cap of ours does not.
FAULTS = frozenset(
    kind.code
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, exceptions.UpstreamError)
)
COLUMNS = "id, provider, created_at, processing_time_ms, success, error_code, error_message"
# What a connection met that a caller brought itself says nothing of the saved key.
SAVED = """CAST(metadata AS text) NOT LIKE '%%"own_connection": true%%'"""
MASTER_KEY = "Saved with another master key. Enter it again or restore the old master key."


@dataclass(frozen=True, slots=True)
class Health:
    """`state` is the word of the API, `badge` the word on pages, `detail` the reason and `advice` the next step.

    `p95_ms` and `error_rate` (0 to 1) are of the newest calls within 24 hours; None: no call.
    """

    state: str
    badge: str
    badge_text: str = ""
    detail: str = ""
    advice: str = ""
    since: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    p95_ms: int | None = None
    error_rate: float | None = None
    calls_24h: int = 0
    spend_30d_usd: Decimal = Decimal(0)
    spark: Spark | None = None
    breaker: str = ""  # open, half_open or probing; empty where calls go

    @property
    def trouble(self) -> bool:
        return self.state in {"key_refused", "failing", "unreadable", "held", "resting", "probing"}


@dataclass(frozen=True, slots=True)
class Event:
    """A call, or a test of the key."""

    at: datetime
    ok: bool
    code: str
    message: str


def of(entries: Iterable[Entry], now: datetime, keyed_at: Mapping[str, datetime]) -> dict[str, Health]:
    """The health of each of them, by slug. `keyed_at`: since when its present key is saved; what happened
    before says nothing about that key."""
    asked = {entry.row.slug: entry for entry in entries}
    calls = _newest_calls(list(asked), now - DAY)
    found = _states(asked, calls, now, keyed_at, AIServiceConfig.get_instance())
    hours = _hours(list(asked), now)
    spend = _spend(list(asked), now)
    return {
        slug: replace(
            state,
            **_figures(calls.get(slug, [])),
            calls_24h=sum(count for count, _, _ in hours.get(slug, {}).values()),
            spend_30d_usd=spend.get(slug, Decimal(0)),
            spark=drawn(hours.get(slug, {})),
        )
        for slug, state in found.items()
    }


def states(
    entries: Iterable[Entry], now: datetime, keyed_at: Mapping[str, datetime], config: AIServiceConfig
) -> dict[str, Health]:
    """As `of`, without the figures: for a page that shows the state alone."""
    asked = {entry.row.slug: entry for entry in entries}
    return _states(asked, _newest_calls(list(asked), now - DAY), now, keyed_at, config)


def _states(
    asked: Mapping[str, Entry],
    calls: Mapping[str, Sequence[AIUsageLog]],
    now: datetime,
    keyed_at: Mapping[str, datetime],
    config: AIServiceConfig,
) -> dict[str, Health]:
    checks = {check.slug: check for check in ProviderCheck.objects.filter(slug__in=asked).defer("listed")}
    resting = breaker.health(config, now, asked)
    found = {}
    for slug, entry in asked.items():
        events = _events(calls.get(slug, []), checks.get(slug), keyed_at.get(slug))
        found[slug] = _rested(_state(entry, events), entry, resting.get(slug, {}), now)
    return found


def _newest_calls(slugs: Sequence[str], since: datetime) -> dict[str, list[AIUsageLog]]:
    """The newest calls per provider, newest first: one statement that walks one index range per provider."""
    if not slugs:
        return {}
    one = (
        f"SELECT {COLUMNS} FROM {AIUsageLog._meta.db_table} "  # noqa: S608  constants; values are parameters
        f"WHERE provider = %s AND created_at >= %s AND {SAVED} ORDER BY created_at DESC LIMIT {SAMPLE}"
    )
    pieces = [f"SELECT * FROM ({one}) AS newest_{number}" for number in range(len(slugs))]  # noqa: S608  likewise
    moment = connection.ops.adapt_datetimefield_value(since)
    found: dict[str, list[AIUsageLog]] = {}
    for row in AIUsageLog.objects.raw(
        " UNION ALL ".join(pieces), [value for slug in slugs for value in (slug, moment)]
    ):
        found.setdefault(row.provider, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row.created_at, reverse=True)
    return found


def _hours(slugs: Sequence[str], now: datetime) -> dict[str, dict[int, tuple[int, float, int]]]:
    """slug -> hours ago (0 to 23) -> (calls, mean milliseconds, failures)."""
    rows = (
        AIUsageLog.objects.filter(provider__in=slugs, created_at__gte=now - DAY, created_at__lte=now)
        .order_by()
        .annotate(hour=TruncHour("created_at"))
        .values("provider", "hour")
        .annotate(
            calls=Count("id"),
            mean=Avg("processing_time_ms"),
            failed=Count("id", filter=Q(success=False, error_code__in=FAULTS)),
        )
    )
    found: dict[str, dict[int, tuple[int, float, int]]] = {}
    for row in rows:
        ago = min(23, int((now - row["hour"]) / timedelta(hours=1)))
        found.setdefault(row["provider"], {})[ago] = (row["calls"], float(row["mean"] or 0), row["failed"])
    return found


def _spend(slugs: Sequence[str], now: datetime) -> dict[str, Decimal]:
    rows = (
        AIUsageLog.objects.filter(provider__in=slugs, created_at__gte=now - MONTH)
        .order_by()
        .values("provider")
        .annotate(spent=Sum("actual_cost_usd"))
    )
    return {row["provider"]: row["spent"] or Decimal(0) for row in rows}


def _events(calls: Sequence[AIUsageLog], check: ProviderCheck | None, keyed_at: datetime | None) -> list[Event]:
    """What tells something of the provider with its present key, newest first."""
    events = [
        Event(call.created_at, call.success, call.error_code, call.error_message)
        for call in calls
        if call.success or call.error_code in FAULTS
    ]
    if check is not None:
        events.append(Event(check.at, check.ok, check.code, check.error))
    events = [event for event in events if keyed_at is None or event.at > keyed_at]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _figures(calls: Sequence[AIUsageLog]) -> dict[str, float | int | None]:
    took = sorted(call.processing_time_ms for call in calls if call.success)
    failed = sum(1 for call in calls if not call.success and call.error_code in FAULTS)
    told = len(took) + failed
    return {
        "p95_ms": took[max(0, -(-len(took) * 95 // 100) - 1)] if took else None,
        "error_rate": failed / told if told else None,
    }


def _state(entry: Entry, events: Sequence[Event]) -> Health:
    fixed = _state_without_calls(entry)
    if fixed is not None:
        return fixed
    good = next((event.at for event in events if event.ok), None)
    bad = next((event.at for event in events if not event.ok), None)
    known = {"last_success": good, "last_failure": bad}
    if not events:
        return Health("unused", "Waiting", "Not used yet")
    if events[0].ok:
        return Health("working", "Working", **known)
    streak = [event for event in events if good is None or event.at > good]
    since, newest = streak[-1].at, events[0]
    if newest.code == exceptions.KeyRefused.code:
        advice = f"Calls to {entry.row.name} fail until a new key is saved."
        return Health("key_refused", "Key refused", "", _sentence(newest.message), advice, since, **known)
    text = "Failing" if len(streak) == 1 else f"Failing, {len(streak)} in a row"
    advice = "Test it again, or look at the provider's status page."
    return Health("failing", "Failed", text, _sentence(newest.message), advice, since, **known)


def _rested(state: Health, entry: Entry, models: Mapping[str, Any], now: datetime) -> Health:
    """The state with its circuit breaker: the present model's, else that of another model that rests."""
    away = {name: told for name, told in models.items() if told["state"] != "closed"}
    if not away or not entry.configured:
        return state
    name = entry.model if entry.model in away else next(iter(away))
    told = away[name]
    state = replace(state, breaker=told["state"], since=datetime.fromisoformat(told["opened_at"]))
    if told["reason"] == "key":
        return state
    why = breaker.WORDS[told["reason"] or "fault"].format(failures=told["failures"])
    detail = _sentence(f"{name}: {why}. {told['detail']}".strip())
    advice = "Nothing is called until it has rested; a reset lets calls go again now."
    if told["state"] != "open":
        return replace(state, state="probing", badge="Probing", badge_text="", detail=detail, advice=advice)
    left_s = (datetime.fromisoformat(told["rests_until"]) - now).total_seconds()
    text = f"Resting, {max(1, round(left_s / 60))} m left"
    return replace(state, state="resting", badge="Resting", badge_text=text, detail=detail, advice=advice)


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _state_without_calls(entry: Entry) -> Health | None:
    """The states that no call decides."""
    if entry.row.slug == "mock":
        if entry.configured:
            return Health("test_answers", "Test answers", advice="Everything it says is labelled.")
        return Health("no_key", "No key", "Off", why_not(entry))
    if entry.source == "unreadable":
        return Health("unreadable", "Can't decrypt", "", MASTER_KEY)
    if not entry.row.available:
        advice = "Its key is kept for the version that can." if entry.has_key else ""
        return Health("not_available", "Not available yet", detail="This version can't call it.", advice=advice)
    if entry.source == "held":
        return Health("held", "No key", "Key held back", why_not(entry))
    if entry.lacks_account and entry.source != "none":
        return Health("no_key", "No key", "No account id", why_not(entry))
    if not entry.configured:
        return Health("no_key", "No key", detail=why_not(entry))
    return None
