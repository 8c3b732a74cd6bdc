"""Made-up usage for benchmarks and demos: a year of a platform team's calls, the same for the same seed. Pure.

Users, models and operations are as unequal as they are in life: few do most. Every row says that it is seeded.
"""

import json
import random
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

PRICE_SOURCE = "seeded"
USERS = 200
SERVICES = ("", "checkout-api", "billing", "search", "mailer", "catalogue", "ledger-sync", "gateway", "docs-site")
# Provider, model, pico-dollars per input and output token, weight.
MODELS = (
    ("claude", "claude-sonnet-5", 3_000_000, 15_000_000, 22),
    ("claude", "claude-haiku-4-5", 1_000_000, 5_000_000, 9),
    ("openai", "gpt-6-luna", 2_000_000, 8_000_000, 20),
    ("openai", "gpt-6-nano", 100_000, 400_000, 12),
    ("gemini", "gemini-3-pro", 1_250_000, 10_000_000, 10),
    ("gemini", "gemini-3-flash", 300_000, 2_500_000, 8),
    ("mistral", "mistral-large-latest", 2_000_000, 6_000_000, 6),
    ("deepseek", "deepseek-chat", 280_000, 420_000, 6),
    ("groq", "llama-3.3-70b-versatile", 590_000, 790_000, 3),
    ("openrouter", "qwen/qwen3-coder", 220_000, 950_000, 2),
    ("grok", "grok-4-fast", 200_000, 500_000, 1),
    ("nvidia", "nvidia/nemotron-ultra", 600_000, 1_800_000, 1),
)
REPEATED, PROMPTS = "analyze_logs", 4_096  # these calls have one of so many prompts, so that equal ones are found
OPERATIONS = (("chat", 50), ("senate", 12), (REPEATED, 20), ("jules.fix", 8), ("agent.step", 10))
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 19, 15, 17, 20, 19, 16, 12, 8, 6, 4, 3, 2, 1)
FAULTS = ("upstream_timeout", "upstream_rate_limited", "upstream_unavailable")


VARYING = ("id", "cap_day", "session_id", "prompt_hash", "created_at")
CONSTANT = (
    "operation", "provider", "model", "model_version", "input_tokens", "output_tokens", "total_tokens",
    "cached_input_tokens", "cache_write_tokens", "reasoning_tokens", "usage_source", "estimated_cost_usd",
    "actual_cost_usd", "price_source", "rates", "processing_time_ms", "first_token_ms", "retry_count", "success",
    "error_message", "error_code", "used_fallback", "prompt_preview", "response_preview", "metadata",
)  # fmt: skip
POOL = 20_000  # pieces of work that are made up; years of them repeat these with other ids, times and prompts
_SOURCES = {name: json.dumps({"seeded": True, **({"service": name} if name else {})}) for name in SERVICES}


class Step(NamedTuple):
    """What of a made-up call stays the same wherever it is repeated. Money in pico-dollars."""

    user: int  # index
    tokens: int
    pico: int
    after_s: float  # since the piece of work began
    columns: tuple[Any, ...]  # as CONSTANT


class Call(NamedTuple):
    step: Step
    number: int
    session: str
    prompt: int
    at: datetime


def plan(rows: int, last: date, days: int) -> dict[date, int]:
    """How many of `rows` calls are made on each UTC day up to `last`: growing slowly, quiet at weekends."""
    dates = [last - timedelta(days=days - 1 - n) for n in range(days)]
    weights = [(1 + n / days) * (0.35 if day.weekday() > 4 else 1) for n, day in enumerate(dates)]
    reached = [round(rows * so_far / sum(weights)) for so_far in accumulate(weights)]
    return {day: now - before for day, now, before in zip(dates, reached, [0, *reached], strict=False)}


class Maker:
    """Calls of whole days out of one pool of made-up work; the same for the same seed."""

    def __init__(self, seed: int, size: int, users: int = USERS) -> None:
        self.dice = random.Random(seed)  # noqa: S311
        self.work = _Work(self.dice, users)
        self.pool = [self.work.piece() for _ in range(max(50, min(POOL, size)))]
        self.hours = list(accumulate(HOURS))

    def day(self, day: date, want: int, now: datetime) -> list[Call]:
        """`want` calls of a UTC day, none after `now`, in no order."""
        dice, midnight = self.dice, datetime(day.year, day.month, day.day, tzinfo=UTC)
        length = min(86_399.9, (now - midnight).total_seconds())
        found: list[Call] = []
        while len(found) < want:
            begun = (dice.choices(range(24), cum_weights=self.hours)[0] + dice.random()) * 3600
            if begun > length:
                begun = dice.random() * length
            number = dice.getrandbits(60)
            for step in dice.choice(self.pool)[: want - len(found)]:
                session = f"seed-{day:%y%m%d}-{number:015x}" if step.columns[0] != REPEATED else ""
                prompt = number % PROMPTS if step.columns[0] == REPEATED else dice.getrandbits(60)
                at = midnight + timedelta(seconds=min(begun + step.after_s, length))
                found.append(Call(step, dice.getrandbits(60), session, prompt, at))
        return found


class _Work:
    def __init__(self, dice: random.Random, users: int) -> None:
        self.dice = dice
        self.users = list(accumulate(1 / (n + 3) for n in range(users)))
        self.models = list(accumulate(weight for *_, weight in MODELS))
        self.operations = list(accumulate(weight for _, weight in OPERATIONS))

    def piece(self) -> list[Step]:
        """A chat of a few turns, a deliberation, a fix."""
        user = self.dice.choices(range(len(self.users)), cum_weights=self.users)[0]
        operation = self.dice.choices(OPERATIONS, cum_weights=self.operations)[0][0]
        service = SERVICES[1 + user % 8] if operation in (REPEATED, "jules.fix") else ""
        made, after = [], 0.0
        for name, model in self._parts(operation, user):
            made.append(self._step(user, name, model, service, after))
            after += self.dice.random() * 40
        return made

    def _parts(self, operation: str, user: int) -> list[tuple[str, int]]:
        """(operation, model). Users keep to a few models."""
        if operation == "senate":
            seats = [0, 2, 4, 6, 7]
            parts = [("senate.propose", seat) for seat in seats] + [("senate.review", seat) for seat in seats]
            return [*parts, ("senate.chair", 0)]
        own = random.Random(user).choices(range(len(MODELS)), cum_weights=self.models, k=3)  # noqa: S311
        return [(operation, self.dice.choice(own)) for _ in range(self.dice.choice((1, 1, 2, 3, 5)))]

    def _step(self, user: int, operation: str, model: int, service: str, after: float) -> Step:
        dice = self.dice
        provider, name, price_in, price_out, _ = MODELS[model]
        failed = dice.random() < 0.02 + 0.03 * (provider == "deepseek")
        fault = dice.choice(FAULTS) if failed else ""
        tokens_in = 0 if fault == "upstream_rate_limited" else int(dice.lognormvariate(6.8, 1))
        tokens_out = 0 if failed else int(dice.lognormvariate(5.5, 0.9))
        cached = int(tokens_in * dice.random() * 0.8) if dice.random() < 0.4 else 0
        cost = (tokens_in - cached) * price_in + cached * price_in // 10 + tokens_out * price_out
        source = "interrupted" if failed and cost else "estimated" if dice.random() < 0.004 else "reported"
        ms = 20 + int(dice.lognormvariate(7.3, 0.7))
        first = ms // 4 if operation == "chat" and not failed else None
        tokens = (tokens_in, tokens_out, tokens_in + tokens_out, cached, 0, tokens_out // 4 if model == 0 else 0)
        money = (source, cost * 3, cost, PRICE_SOURCE, "{}")
        outcome = (int(failed and dice.random() < 0.5), not failed, "Made-up fault." if fault else "", fault)
        rest = (dice.random() < 0.01, "", "", _SOURCES[service])
        columns = (operation, provider, name, name, *tokens, *money, ms, first, *outcome, *rest)
        return Step(user, tokens[2], cost, after, columns)
