"""The ledger against a model of it, in any order of its acts, under a clock that jumps, with callers that vanish.

`INTERLEAVINGS=10000 pytest tests/providers/ledger/test_machine.py` looks at as many runs; the suite at a few.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from providers import ledger
from providers.exceptions import BudgetExceeded
from providers.ledger import triggers
from providers.ledger.reconcile import differences
from providers.models import AIServiceConfig, AIUsageLog, CapDay, Reservation, SiteDay
from providers.types import Usage
from tests.providers.ledger.ledger_kit import attempt, set_cap

RUNS, STEPS = int(os.environ.get("INTERLEAVINGS", "12")), 15
TOKENS = st.integers(0, 60)
CENTS = st.integers(0, 60)
FALLBACK = Decimal("0.07")  # what was estimated, where a reported cost is none
HOSTILE = st.sampled_from([-1, -(10**12), 10**30])
CENT = 10**10  # pico-dollars
# Plain SQL where a run looks at every step: with the ORM it took four times as long, and 10,000 runs never ended.
COUNTERS = (
    "SELECT day, used_tokens, used_usd, reserved_tokens, reserved_usd FROM providers_capday WHERE user_id = %s"
)
BOOKED = "SELECT COUNT(*) FROM providers_aiusagelog"
OPEN = "SELECT COUNT(*) FROM providers_reservation WHERE closed_at IS NULL"
CAP = "UPDATE providers_useraicap SET daily_token_cap = %s, daily_cost_cap_usd = %s WHERE user_id = %s"


@dataclass
class Held:
    """A reservation as the model knows it. Money in cents."""

    key: str
    day: str
    tokens: int
    cents: int
    ends: datetime
    call: str | None
    open: bool = True


def rows(sql: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


class Machine(RuleBasedStateMachine):
    held = Bundle("held")
    user = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.cap = (200, 200)
        self.cap_changes(*self.cap)
        self.known: list[Held] = []
        self.used: dict[str, list[int]] = {}
        self.calls: set[str] = set()

    def run(self, coroutine) -> object:
        return self.loop.run_until_complete(coroutine)

    def _taken(self, day: str) -> tuple[int, int]:
        used = self.used.get(day, [0, 0])
        mine = [one for one in self.known if one.open and one.day == day]
        return used[0] + sum(one.tokens for one in mine), used[1] + sum(one.cents for one in mine)

    def _reserve(self, tokens: int, cents: int, lease: int, call: str | None):
        mark = {"id": call, "provider": "openai", "model": "m"} if call else None
        return ledger.reserve(
            user_id=self.user, operation="chat", session_id="s", tokens=tokens, usd=Decimal(cents) / 100,
            lease_s=lease, attempt=mark, now=self.now,
        )  # fmt: skip

    @rule(target=held, tokens=TOKENS, cents=CENTS, lease=st.integers(1, 600), one_call=st.booleans())
    def reserve(self, tokens: int, cents: int, lease: int, one_call: bool) -> Held | None:
        day, call = str(self.now.date()), str(uuid4()) if one_call else None
        taken = self._taken(day)
        fits = taken[0] + tokens <= self.cap[0] and (not cents or taken[1] + cents <= self.cap[1])
        try:
            key = self.run(self._reserve(tokens, cents, lease, call))
        except BudgetExceeded:
            assert not fits
            return None
        assert fits
        made = Held(key, day, tokens, cents, self.now + timedelta(seconds=lease), call)
        self.known.append(made)
        return made

    @rule(tokens=TOKENS, cents=CENTS, later=st.integers(0, 3))
    def caller_leaves_while_it_reserves(self, tokens: int, cents: int, later: int) -> None:
        async def leave() -> None:
            asked = asyncio.ensure_future(self._reserve(tokens, cents, 60, str(uuid4())))
            for _ in range(later):
                await asyncio.sleep(0)
            asked.cancel()
            with suppress(asyncio.CancelledError, BudgetExceeded):
                await ledger.release(await asked, now=self.now)

        self.run(leave())
        self.run(ledger.release(str(uuid4()), now=self.now))  # what it left behind is written before this

    @rule(of=held, tokens_in=TOKENS | HOSTILE, tokens_out=TOKENS, cents=CENTS | HOSTILE, close=st.booleans())
    def record(self, of: Held | None, tokens_in: int, tokens_out: int, cents: int, close: bool) -> None:
        """A call under a reservation, perhaps a closed one, or under none; its figures may be hostile."""
        row = (of.call if of and of.call not in self.calls else None) or str(uuid4())
        usd = Decimal(cents) / 100
        made = attempt(
            self.user, usage=Usage(tokens_in, tokens_out), actual_cost_usd=usd, estimated_cost_usd=FALLBACK,
            id=UUID(row),
        )  # fmt: skip
        self.run(ledger.record(made, of.key if of else "", close=close, now=self.now))
        self.calls.add(row)
        tokens, usd = AIUsageLog.objects.values_list("total_tokens", "actual_cost_usd").get(pk=row)
        assert tokens >= 0
        assert usd >= (0 if cents >= 0 else FALLBACK)
        self._settle(of, tokens, int(usd * 100), close)

    def _settle(self, of: Held | None, tokens: int, cents: int, close: bool) -> None:
        day = of.day if of else str(self.now.date())
        used = self.used.setdefault(day, [0, 0])
        used[0], used[1] = used[0] + tokens, used[1] + cents
        if of and of.open:
            of.tokens, of.cents, of.call = max(0, of.tokens - tokens), max(0, of.cents - cents), None
            if close:
                of.open, of.tokens, of.cents = False, 0, 0

    @rule(of=held)
    def release(self, of: Held | None) -> None:
        if of is not None:
            self.run(ledger.release(of.key, now=self.now))
            of.open, of.tokens, of.cents = False, 0, 0

    @rule(of=held, lease=st.integers(1, 600))
    def extend(self, of: Held | None, lease: int) -> None:
        if of is not None:
            assert self.run(ledger.extend(of.key, lease, now=self.now)) is of.open
            if of.open:
                of.ends = max(of.ends, self.now + timedelta(seconds=lease))

    @rule(of=consumes(held))
    def process_dies(self, of: Held | None) -> None:
        """Nobody will ever say a word about this reservation again."""

    @rule(seconds=st.integers(-90_000, 90_000))
    def clock_jumps(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def reap(self) -> None:
        late = [one for one in self.known if one.open and one.ends <= self.now]
        assert ledger.reap(self.now) == len(late)
        for one in late:
            if one.call and one.call not in self.calls:
                self.calls.add(one.call)
                used = self.used.setdefault(one.day, [0, 0])
                used[0], used[1] = used[0] + one.tokens, used[1] + one.cents
            one.open, one.tokens, one.cents = False, 0, 0
        assert rows(OPEN) == [(sum(one.open for one in self.known),)]

    @rule(tokens=st.integers(0, 300), cents=st.integers(0, 300))
    def cap_changes(self, tokens: int, cents: int) -> None:
        self.cap = (tokens, cents)
        with connection.cursor() as cursor:
            cursor.execute(CAP, [tokens, cents * CENT, self.user])

    @invariant()
    def counters_are_the_sums(self) -> None:
        assert not differences()
        for day, used_tokens, used_usd, reserved_tokens, reserved_usd in rows(COUNTERS, self.user):
            used, taken = self.used.get(str(day), [0, 0]), self._taken(str(day))
            assert [used_tokens, used_usd] == [used[0], used[1] * CENT]
            assert [used_tokens + reserved_tokens, used_usd + reserved_usd] == [taken[0], taken[1] * CENT]
            assert reserved_tokens >= 0 <= reserved_usd
        assert rows(BOOKED) == [(len(self.calls),)]

    def teardown(self) -> None:
        """Whatever happened: once every lease is over, nothing is held any more and every call has its row."""
        self.now = max([self.now, *(one.ends for one in self.known)])
        self.reap()
        self.counters_are_the_sums()
        assert rows(OPEN) == [(0,)]
        self.loop.close()
        empty()


def empty() -> None:
    """Every run begins with no row."""
    triggers.lift(connection)
    with connection.cursor() as cursor:
        for model in (AIUsageLog, Reservation, CapDay, SiteDay):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
    triggers.install(connection)


def test_any_order_of_acts_keeps_counters_rows_and_leases(transactional_db, django_user_model):
    Machine.user = django_user_model.objects.create_user("ivo").pk
    set_cap(Machine.user)
    no_limit = Decimal(1_000_000)  # of the site: a hostile figure of one run would end all others
    AIServiceConfig.objects.create(pk=1, daily_cost_limit_usd=no_limit, monthly_cost_limit_usd=no_limit)
    quick = settings(
        max_examples=RUNS, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize="INTERLEAVINGS" not in os.environ, database=None,
        phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=quick)
