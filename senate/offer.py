"""Who would sit, what it would cost, and whether the asker's cap has room for it: what is said before asking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Sum

from providers import ledger
from providers.configuration.directory import Directory, Seat
from providers.conversation.conversation import Conversation
from providers.exceptions import AIDisabled, BudgetExceeded, InvalidInput, NotConfigured, PriceUnknown
from providers.format import usd
from providers.ledger.refusal import resets_at
from providers.models import AIServiceConfig
from providers.money import caps, limits
from providers.money.pricing import cost_of, price_of
from providers.runtime import clock, loop
from providers.types import Prompt, Usage
from senate.engine import prompts
from senate.engine.plan import LABELS, MODES, MOST_MEMBERS, Plan, made_words, plan
from senate.engine.purse import Amount
from senate.models import SenateSession
from senate.quote import Planned, make_case, planned_call, planned_calls

FIRST_GATE = "first_gate"
MOST_OUTPUT = 32_000
TYPICAL_ANSWER = 400  # tokens
LATE = 100  # sessions that "usually" looks back at
UNAVAILABLE = (InvalidInput, NotConfigured, PriceUnknown)  # a member that can't be asked, or priced, now


@dataclass(frozen=True, slots=True)
class Estimate:
    """The planned calls of a question at their worst."""

    calls: list[Planned]
    worst: Amount
    answer_tokens: int | None

    @property
    def input_tokens(self) -> int:
        return sum(call.input_tokens for call in self.calls)

    @property
    def output_tokens(self) -> int:
        return sum(call.output_tokens for call in self.calls)


def seated(mode: str, members: Sequence[str] | None) -> Plan[Seat]:
    """The plan for a mode and, where given, members by name. Errors: InvalidInput, NotConfigured."""
    directory = Directory()
    if members and len(members) > MOST_MEMBERS:
        raise InvalidInput(f"At most {MOST_MEMBERS} members can sit.", param="members")
    seats = [directory.resolve(name) for name in members] if members else directory.members()
    return plan(mode, coloured(seats), directory.saved.senate_enabled, directory.saved.mode)


def auto_now(directory: Directory) -> tuple[str, str]:
    """What a question without a mode gets on this site now, and why. Errors: NotConfigured."""
    made = plan("auto", directory.members(), directory.saved.senate_enabled, directory.saved.mode)
    return made_words(made.kind, len(made.seats), made.calls), made.why


def coloured(seats: Sequence[Seat]) -> list[Seat]:
    """Each seat with a series colour of its own: its provider's, or the next free one if that is taken."""
    taken, made = {seat.slot for seat in seats if seat.slot}, []
    used: set[int] = set()
    for seat in seats:
        slot = seat.slot
        if slot in used or not slot:
            slot = next((free for free in range(1, 8) if free not in taken | used), 0)
        used.add(slot)
        made.append(Seat(seat.provider, seat.model, seat.name, seat.monogram, slot))
    return made


def estimate(
    made: Plan[Seat], question: str, messages: Sequence[dict[str, str]] = (), answer_tokens: int | None = None
) -> Estimate:
    """Errors: PriceUnknown, naming the model; InvalidInput for a limit that is none."""
    if answer_tokens is not None and not 0 < answer_tokens <= MOST_OUTPUT:
        raise InvalidInput(f"The output limit is from 1 to {MOST_OUTPUT:,} tokens.", param="max_output_tokens")
    seats = [seat.as_dict() for seat in made.seats]
    calls = planned_calls(made.kind, seats, make_case(made.kind, seats, question, messages, answer_tokens))
    return Estimate(calls, sum((call.worst for call in calls), start=Amount()), answer_tokens)


def first_gate(user: Any, made: Plan[Seat], question: str, messages: Sequence[dict[str, str]] = ()) -> None:
    """Before the reservation, never instead of it. Errors: PriceUnknown; BudgetExceeded, which is counted."""
    if reason := gated(made, question, messages, caps.standing(user)):
        raise refused(user, made.kind, FIRST_GATE, reason)


def gated(made: Plan[Seat], question: str, messages: Sequence[dict[str, str]], left: caps.CapStanding) -> str:
    """Why a Senate is not begun: what the question would take if it were asked solo, of the first member, times
    SENATE_COMMITTEE_COST_MULTIPLIER, must fit into what is left of the cap. Empty where it does, and for all else.
    """
    if made.kind != "senate":
        return ""
    times = settings.SENATE_COMMITTEE_COST_MULTIPLIER
    solo = estimate(Plan("solo", made.seats[:1], ""), question, messages).worst
    dollars, tokens = solo.usd * times, solo.tokens * times
    too_many = tokens > left.left_tokens
    if not too_many and (not dollars or dollars <= left.left_usd):
        return ""
    return (
        f"Daily {'token' if too_many else 'cost'} cap exceeded. The Senate is refused before it begins: "
        f"{times} times one answer to this takes up to ${dollars:.4f} and "
        f"{tokens:,} tokens, and ${left.left_usd:.4f} and {left.left_tokens:,} tokens of your daily cap are left. "
        "It resets at 00:00 UTC."
    )


def refused(user: Any, operation: str, code: str, words: str) -> BudgetExceeded:
    """The error of a refusal that comes before any reservation, once it is counted."""
    now = clock.now()
    loop.run(ledger.count_refusal(user.pk, operation, code, now=now))
    return BudgetExceeded(words, retry_after=(resets_at(now) - now).total_seconds())


def quote(user: Any, made: Plan[Seat], question: str, messages: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    """The offer as plain values; see `chat.quote`."""
    whole = estimate(made, question, messages)
    left = caps.standing(user)
    room = room_for(left)
    reason = too_much(whole, room) or gated(made, question, messages, left)
    return {
        **described(made, whole),
        "calls": made.calls,
        "input_tokens": whole.input_tokens,
        "max_output_tokens": whole.output_tokens,
        "max_tokens": whole.worst.tokens,
        **usually(usual(made, whole.worst.usd)),
        "allowed": not reason,
        "reason": reason,
        "left_usd": usd(left.left_usd),
        "left_tokens": left.left_tokens,
        "resets_at": left.resets_at.isoformat(),
        "why": made.why,
        "fits": smaller(made, question, messages, left) if reason and room.enabled else None,
    }


def described(made: Plan[Seat], whole: Estimate) -> dict[str, Any]:
    return {
        "plan": made.kind,
        "plan_label": LABELS[made.kind],
        "members": [seat.as_dict() for seat in made.seats],
        "max_cost_usd": usd(whole.worst.usd),
    }


@dataclass(frozen=True, slots=True)
class Room:
    """What may still be spent: of the asker's cap, and of the site's limits where it pauses at them."""

    own: Amount
    site_usd: Decimal | None
    config: AIServiceConfig

    @property
    def enabled(self) -> bool:
        return self.config.is_enabled


def room_for(left: caps.CapStanding) -> Room:
    config = AIServiceConfig.get_instance()
    site = limits.standing(config).left_usd if config.pause_on_budget_exceeded else None
    return Room(Amount(left.left_tokens, left.left_usd), site, config)


def too_much(whole: Estimate, room: Room) -> str:
    """Why it would be refused; empty where there is room for it."""
    worst = whole.worst
    if not room.enabled:
        return AIDisabled().message
    if worst.usd > room.own.usd:
        return f"This can cost up to ${worst.usd:.4f}, and ${room.own.usd:.4f} of your daily cap is left."
    if worst.tokens > room.own.tokens:
        return f"This can take up to {worst.tokens:,} tokens, and {room.own.tokens:,} of your daily cap are left."
    if room.site_usd is None:
        return ""
    if worst.usd and worst.usd > room.site_usd:
        return f"This can cost up to ${worst.usd:.4f}, and ${room.site_usd:.4f} of the site's limits is left."
    return limits.over_one_call(room.config, max(call.worst.usd for call in whole.calls))


def smaller(
    made: Plan[Seat], question: str, messages: Sequence[dict[str, str]], left: caps.CapStanding
) -> dict[str, Any] | None:
    """The largest committee of the first members, or the first member alone, that is within the cap."""
    room = room_for(left)
    for members in range(len(made.seats) - 1, 0, -1):
        fewer = plan("auto", made.seats[:members], True)
        whole = estimate(fewer, question, messages)
        if not too_much(whole, room) and not gated(fewer, question, messages, left):
            return described(fewer, whole)
    return None


def usually(late: "Usual | None") -> dict[str, Any]:
    """As the offer says it; None where no such question was asked yet."""
    return {
        "usual_cost_usd": f"{late.median_usd:.6f}" if late else None,
        "usual_p90_cost_usd": f"{late.p90_usd:.6f}" if late else None,
        "usual_of": late.of if late else 0,
    }


@dataclass(frozen=True, slots=True)
class Usual:
    """What such questions cost of late, applied to this one's ceiling; `of` sessions were looked at."""

    median_usd: Decimal
    p90_usd: Decimal
    of: int


def usual(made: Plan[Seat], worst_usd: Decimal) -> Usual | None:
    """From the newest sessions of this plan and size: which share of its quote each came to. None without any."""
    late = (
        SenateSession.objects.filter(plan=made.kind, state__in=("done", "partial"), quoted_usd__gt=0)
        .annotate(spent=Sum("calls__cost_usd"))
        .order_by("-pk")
        .values_list("quoted_usd", "spent", "seats")[:LATE]
    )
    same = [(quoted, spent or Decimal(0)) for quoted, spent, seats in late if len(seats) == len(made.seats)]
    if not same:
        return None
    shares = sorted(spent / quoted for quoted, spent in same)
    return Usual(worst_usd * Decimal(median(shares)), worst_usd * shares[ceil(len(shares) * 0.9) - 1], len(shares))


def priced_request(
    user: Any,
    model: str,
    said: Conversation,
    answer_tokens: int,
    *,
    equip: Callable[[Prompt], Prompt] | None = None,
) -> dict[str, Any]:
    """A chat request's cost before it is made; see `senate/views/estimate.py`. Money as Decimals.
    `equip` adds what only a request to one model has: its tools and its format.

    What is expected is what such questions cost of late, else a third of the input's bound and short answers.
    """
    made = seated(model, None) if model in MODES else seated("solo", [model])
    solo = made.kind == "solo"
    if equip is not None and solo:
        seat = made.seats[0]
        call = planned_call(seat.provider, equip(prompts.solo(seat.model, said.messages, answer_tokens)))
        whole = Estimate([call], call.worst, answer_tokens)
    else:
        whole = estimate(made, said.question, said.as_dicts(), answer_tokens if solo else None)
    left = caps.standing(user)
    room = room_for(left)
    reason = too_much(whole, room) or gated(made, said.question, said.as_dicts(), left)
    late = usual(made, whole.worst.usd)
    sources = {price_of(seat.provider, seat.model, own=room.config.own_prices).source for seat in made.seats}
    return {
        "mode": made.kind,
        "calls": made.calls,
        "input_tokens": whole.input_tokens,
        "max_output_tokens": whole.output_tokens,
        "expected_cost_usd": late.median_usd if late else _typical(made, whole, room.config),
        "max_cost_usd": whole.worst.usd,
        "price_source": ", ".join(sorted(sources)),
        "allowed": not reason,
        "reason": reason,
    }


def _typical(made: Plan[Seat], whole: Estimate, config: AIServiceConfig) -> Decimal:
    total = Decimal(0)
    for call in whole.calls:
        member = call.key.rpartition(":")[2]
        seat = made.seats[int(member)] if member.isdigit() else made.seats[min(1, len(made.seats) - 1)]
        usage = Usage(call.input_tokens // 3, min(call.output_tokens, TYPICAL_ANSWER))
        total += cost_of(seat.provider, seat.model, usage, own=config.own_prices).usd
    return min(total, whole.worst.usd)
