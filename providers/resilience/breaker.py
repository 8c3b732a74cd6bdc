"""The circuit breaker of each provider and model, shared by all processes through the database.

Closed: calls go. Open, after so many failed attempts in a row or one refused key or empty account: nothing is
called. Half-open, once it has rested: exactly one call probes; its success closes, its failure opens again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from django.db.models import Q

from providers.exceptions import (
    CreditExhausted,
    KeyRefused,
    ProviderResting,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from providers.ledger.database import Database
from providers.models import AIServiceConfig, ProviderBreaker

Kind = Literal["good", "alive", "fault", "key", "credit", "neutral"]
FAULTS = (UpstreamRateLimited, UpstreamUnavailable, UpstreamTimeout, UpstreamBroken)
CLOCK_WENT_BACK = timedelta(minutes=1)  # an opening that lies further ahead than this was by another clock
WORDS = {
    "fault": "{failures} attempts in a row failed",
    "key": "its key is refused",
    "credit": "its account has no credit left",
}

FAILED = """
    INSERT INTO providers_providerbreaker (provider, model, failures, reason, detail, probe)
    VALUES (%s, %s, 1, '', '', '')
    ON CONFLICT (provider, model) DO UPDATE SET failures = providers_providerbreaker.failures + 1
    WHERE providers_providerbreaker.reset_at IS NULL OR providers_providerbreaker.reset_at <= %s"""
OPEN = """
    UPDATE providers_providerbreaker
    SET opened_at = %s, not_before = %s, reason = %s, detail = %s, probe = '', probe_until = NULL
    WHERE provider = %s AND model = %s
      AND ((probe <> '' AND probe = %s) OR (opened_at IS NULL AND failures >= %s
           AND (reset_at IS NULL OR reset_at <= %s)))"""
RECOVERED = """
    UPDATE providers_providerbreaker SET failures = 0
    WHERE provider = %s AND model = %s AND failures > 0 AND opened_at IS NULL"""
CLOSE = """
    UPDATE providers_providerbreaker
    SET failures = 0, opened_at = NULL, not_before = NULL, reason = '', detail = '', probe = '', probe_until = NULL
    WHERE provider = %s AND model = %s AND probe = %s"""
GIVE_BACK = """
    UPDATE providers_providerbreaker SET probe = '', probe_until = NULL
    WHERE provider = %s AND model = %s AND probe = %s"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt says of its provider and model. `probe` is empty but for a probing call."""

    provider: str
    model: str
    kind: Kind
    started: datetime
    threshold: int
    probe: str = ""
    detail: str = ""
    not_before: datetime | None = None


def kind_of(error: BaseException | None) -> Kind:
    """A wrong key is no outage; a question that the upstream refuses says that it is alive."""
    if error is None:
        return "good"
    if isinstance(error, CreditExhausted):
        return "credit"
    if isinstance(error, KeyRefused):
        return "key"
    if isinstance(error, FAULTS):
        return "fault"
    answered = isinstance(error, UpstreamError) and error.upstream_status is not None
    return "alive" if answered else "neutral"


def threshold_for(error: BaseException | None, config: AIServiceConfig) -> int:
    """Failed attempts in a row that open it: one where waiting changes nothing.

    A 403 may also be about what was asked, so it opens only in a row.
    """
    known = isinstance(error, CreditExhausted) or (isinstance(error, KeyRefused) and error.upstream_status != 403)
    return 1 if known else config.circuit_breaker_threshold


def feed(database: Database, verdict: Verdict, now: datetime) -> None:
    """Inside the ledger's transaction, with the attempt's row."""
    which = [verdict.provider, verdict.model]
    if verdict.kind == "good" and not verdict.probe:
        database.execute(RECOVERED, which)
    elif verdict.kind in ("good", "alive"):
        if verdict.probe:
            database.execute(CLOSE, [*which, verdict.probe])
    elif verdict.kind == "neutral":
        if verdict.probe:
            database.execute(GIVE_BACK, [*which, verdict.probe])
    else:
        database.execute(FAILED, [*which, verdict.started])
        shown = [now, verdict.not_before, verdict.kind, verdict.detail[:500]]
        database.execute(OPEN, [*shown, *which, verdict.probe, verdict.threshold, verdict.started])


def rests_until(row: ProviderBreaker, config: AIServiceConfig) -> datetime | None:
    """When a probe may go; None where it is closed. A changed setting holds at once."""
    if row.opened_at is None:
        return None
    rested = row.opened_at + timedelta(minutes=config.circuit_breaker_reset_minutes)
    return max(rested, row.not_before) if row.not_before else rested


def state_of(row: ProviderBreaker, config: AIServiceConfig, now: datetime) -> str:
    """closed, open, half_open (a probe may go) or probing (one is under way)."""
    until = rests_until(row, config)
    if until is None or row.opened_at is None:
        return "closed"
    if now < until and row.opened_at <= now + CLOCK_WENT_BACK:
        return "open"
    probing = row.probe and row.probe_until is not None and now < row.probe_until
    return "probing" if probing else "half_open"


def admit(config: AIServiceConfig, provider: str, model: str, now: datetime, lease_s: float) -> str:
    """Whether a call may go; names it where it is the probe. One query if closed. Errors: ProviderResting."""
    row = ProviderBreaker.objects.filter(provider=provider, model=model, opened_at__isnull=False).first()
    if row is None:
        return ""
    state = state_of(row, config, now)
    if state == "half_open":
        probe = uuid4().hex
        mine = ProviderBreaker.objects.filter(pk=row.pk, opened_at=row.opened_at, probe=row.probe)
        if mine.update(probe=probe, probe_until=now + timedelta(seconds=lease_s)):
            return probe
        state = "probing"
    raise resting(row, config, state, now)


def resting(row: ProviderBreaker, config: AIServiceConfig, state: str, now: datetime) -> ProviderResting:
    until = rests_until(row, config) or now
    wait_s = max(1.0, (until - now).total_seconds())
    when = "One call probes it now." if state == "probing" else f"It is tried again in {left(wait_s)}."
    slug = row.provider.partition("#")[0]  # of a connection that a caller brought: `slug#digest`
    sentence = f"Provider {slug} is resting ({row.model}): {why(row)}. {when} {row.detail}"
    return ProviderResting(sentence.strip(), provider=slug, retry_after=wait_s)


def why(row: ProviderBreaker) -> str:
    return WORDS.get(row.reason, WORDS["fault"]).format(failures=row.failures)


def left(seconds: float) -> str:
    """`11 min` as a person says it, never 0."""
    return f"{max(1, round(seconds / 60))} min" if seconds >= 60 else f"{max(1, round(seconds))} s"


def give_back(provider: str, model: str, probe: str) -> None:
    """A probe that was never made leaves its place to the next call. Sync."""
    ProviderBreaker.objects.filter(provider=provider, model=model, probe=probe).exclude(probe="").update(
        probe="", probe_until=None
    )


def reset(provider: str, now: datetime, model: str = "") -> int:
    """Closes the breakers of a provider, or of one of its models; how many were open. Sync."""
    rows = ProviderBreaker.objects.filter(provider=provider)
    if model:
        rows = rows.filter(model=model)
    opened = rows.filter(~Q(opened_at=None)).count()
    rows.update(
        failures=0, opened_at=None, not_before=None, reason="", detail="", probe="", probe_until=None, reset_at=now
    )
    return opened


def health(config: AIServiceConfig, now: datetime, providers: Iterable[str] | None = None) -> dict[str, Any]:
    """provider -> model -> {state, failures, reason, detail, opened_at, rests_until}, of all that is not well."""
    rows = ProviderBreaker.objects.filter(Q(failures__gt=0) | Q(opened_at__isnull=False)).order_by("model")
    if providers is not None:
        rows = rows.filter(provider__in=list(providers))
    found: dict[str, Any] = {}
    for row in rows:
        until = rests_until(row, config)
        found.setdefault(row.provider, {})[row.model] = {
            "state": state_of(row, config, now),
            "failures": row.failures,
            "reason": row.reason,
            "detail": row.detail,
            "opened_at": row.opened_at.isoformat() if row.opened_at else None,
            "rests_until": until.isoformat() if until else None,
        }
    return found
