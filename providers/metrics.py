"""Figures for Prometheus, read from the database at each scrape, so they are those of all processes together.

Counters are the ledger's own sums (rollups and what came after them): they equal the usage rows, survive restarts
and never go back. A floor above adds its own gauges with `register`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from providers.fields import from_pico
from providers.ledger.frontier import stable_frontier
from providers.models import AIServiceConfig, NotificationDelivery, Reservation
from providers.money import limits, refusals
from providers.resilience import breaker
from providers.runtime import clock
from providers.telemetry import export
from providers.usage.rollup.cells import BINS, BOUNDS_MS, FAILED, LIMITED, TOKENS, Cell
from providers.usage.rollup.reading import Kinds, Reading, Scope, snapshot

MOST_MODELS = 200  # series a metric: what was called less is summed as `other`
FOREVER = 96 * 100_000  # quarters of an hour since 1970, far ahead
EVERY_NTH = 4  # class of times that is a bucket: from 20 ms to 12 minutes in 13 steps
STATES = {"closed": 0, "half_open": 1, "probing": 1, "open": 2}
Values = Iterable[tuple[Sequence[str], float]]


@dataclass(frozen=True, slots=True)
class Gauge:
    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Values]


_more: dict[str, Gauge] = {}


def register(name: str, help_: str, labels: tuple[str, ...], read: Callable[[], Values]) -> None:
    """`read`: sync, gives (label values, value); called at each scrape."""
    _more[name] = Gauge(name, help_, labels, read)


def text() -> bytes:
    """Everything, in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Site())
    return generate_latest(registry)


class _Site(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _calls()
        yield from _held()
        yield from _breakers()
        for gauge in (*_own_gauges(), *_more.values()):
            found = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.read():
                found.add_metric(list(labels), value)
            yield found


def _calls() -> Iterator[Metric]:
    with snapshot():
        reading = Reading(Scope())
        found, spent_ms = reading.groups(("provider", "model"), 0, FOREVER), reading.milliseconds()
    calls = CounterMetricFamily(
        "aiops_calls", "Upstream calls (attempts).", labels=["provider", "model", "outcome"]
    )
    tokens = CounterMetricFamily("aiops_tokens", "Tokens, as booked.", labels=["provider", "model", "type"])
    cost = CounterMetricFamily("aiops_cost_usd", "US dollars, as booked.", labels=["provider", "model"])
    times: dict[str, Cell] = {}
    for (provider, _), kinds in found.items():
        times.setdefault(str(provider), Cell()).add(_whole(kinds))
    for (provider, model), kinds in _bounded(found).items():
        whole = _whole(kinds)
        for outcome, number in _outcomes(kinds).items():
            calls.add_metric([provider, model, outcome], number)
        for name, number in zip(TOKENS, whole.tokens, strict=True):
            tokens.add_metric([provider, model, name.removesuffix("_tokens")], number)
        cost.add_metric([provider, model], float(from_pico(whole.pico) or 0))
    yield from (calls, tokens, cost, _latency(times, spent_ms))


def _bounded(found: dict[tuple[int | str, ...], Kinds]) -> dict[tuple[str, str], Kinds]:
    ranked = sorted(found, key=lambda group: (-_whole(found[group]).calls, group))
    kept: dict[tuple[str, str], Kinds] = {}
    for place, (provider, model) in enumerate(ranked):
        group = (str(provider), str(model)) if place < MOST_MODELS else ("other", "other")
        into = kept.setdefault(group, {})
        for kind, cell in found[provider, model].items():
            into.setdefault(kind, Cell()).add(cell)
    return kept


def _whole(kinds: Kinds) -> Cell:
    total = Cell()
    for cell in kinds.values():
        total.add(cell)
    return total


def _outcomes(kinds: Kinds) -> dict[str, int]:
    """Every outcome, so that a rate has a first point; `limited` is an upstream's own rate limit."""
    found = {"ok": 0, "failed": 0, "limited": 0}
    for kind, cell in kinds.items():
        found["limited" if kind & LIMITED else "failed" if kind & FAILED else "ok"] += cell.calls
    return found


def _latency(times: dict[str, Cell], spent_ms: dict[str, int] | None) -> Metric:
    """`spent_ms` None: sums that a rebuild will complete; then without a sum."""
    histogram = HistogramMetricFamily("aiops_upstream_seconds", "Time of an upstream call.", labels=["provider"])
    for provider, cell in times.items():
        buckets, below = [], 0
        for place in range(BINS):
            below += cell.times.get(place, 0)
            if place < len(BOUNDS_MS) and place % EVERY_NTH == 0:
                buckets.append((f"{BOUNDS_MS[place] / 1000:g}", float(below)))
        total = None if spent_ms is None else spent_ms.get(provider, 0) / 1000
        histogram.add_metric([provider], [*buckets, ("+Inf", float(below))], sum_value=total)
    return histogram


def _held() -> Iterator[Metric]:
    held = Reservation.objects.filter(closed_at=None).aggregate(rows=Count("pk"), usd=Sum("usd_left"))
    yield GaugeMetricFamily("aiops_reservations_open", "Reservations that are open.", value=held["rows"])
    yield GaugeMetricFamily("aiops_reserved_usd", "US dollars that they hold.", value=float(held["usd"] or 0))
    refused = CounterMetricFamily(
        "aiops_refusals", "Calls and deliberations that a cap or budget had no room for.", labels=["reason"]
    )
    for code, times in refusals.by_reason().items():
        refused.add_metric([code], times)
    yield refused
    config = AIServiceConfig.get_instance()
    stands = limits.standing(config, clock.now())
    spent = GaugeMetricFamily("aiops_budget_used_usd", "The site's spend, with what is held.", labels=["period"])
    most = GaugeMetricFamily("aiops_budget_limit_usd", "The site's budget.", labels=["period"])
    for period, used, limit in (
        ("day", stands.today_usd, stands.daily_limit_usd),
        ("month", stands.month_usd, stands.monthly_limit_usd),
    ):
        spent.add_metric([period], float(used))
        most.add_metric([period], float(limit))
    yield from (spent, most)


def _breakers() -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "aiops_breaker_state", "0 closed, 1 open for one probe, 2 open.", labels=["provider", "model"]
    )
    for provider, models in breaker.health(AIServiceConfig.get_instance(), clock.now()).items():
        if "#" not in provider:  # a connection that a caller brought is nobody's alarm
            for model, told in list(models.items())[:MOST_MODELS]:
                found.add_metric([provider, model], STATES[told["state"]])
    yield found


def _own_gauges() -> list[Gauge]:
    waiting = NotificationDelivery.objects.exclude(next_at=None)
    return [
        Gauge("aiops_ledger_rows", "Usage rows.", (), lambda: [((), stable_frontier())]),
        Gauge("aiops_notifications_waiting", "Notifications not sent yet.", (), lambda: [((), waiting.count())]),
        Gauge("aiops_telemetry_lag_rows", "Usage rows not exported yet.", ("target",), export.lags),
    ]
