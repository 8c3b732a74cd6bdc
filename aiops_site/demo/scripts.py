"""What the made-up members say, turn by turn. Pure data; who disagrees, fails or is late stands here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiops_site.demo.words import WORDS
from senate.engine.case import Spec

Votes = Mapping[int, tuple[bool, str]]  # proposal's seat -> agrees, and why
SEATS: Mapping[str, dict[str, Any]] = {
    "openai": {"provider": "openai", "model": "gpt-6-luna", "name": "OpenAI", "monogram": "OA", "slot": 1},
    "claude": {"provider": "claude", "model": "claude-sonnet-5", "name": "Claude", "monogram": "CL", "slot": 2},
    "gemini": {"provider": "gemini", "model": "gemini-3-pro", "name": "Gemini", "monogram": "GE", "slot": 3},
    "mistral": {
        "provider": "mistral",
        "model": "mistral-large-latest",
        "name": "Mistral",
        "monogram": "MI",
        "slot": 4,
    },
    "deepseek": {
        "provider": "deepseek",
        "model": "deepseek-chat",
        "name": "DeepSeek",
        "monogram": "DS",
        "slot": 5,
    },
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One call: how long it takes, and what it says, votes, or why it fails."""

    seconds: float = 9.0
    text: str = ""
    votes: Votes = field(default_factory=dict)
    answers: Mapping[int, str] = field(default_factory=dict)  # the chair's, by the dissenter's seat
    state: str = "done"
    error: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """`turns` by the call's key; a ballot that is not in it agrees with every proposal."""

    hours: float  # ago
    asked_by: str
    question: str
    plan: str
    seats: tuple[str, ...]
    turns: Mapping[str, Turn]
    mode: str = "auto"
    why: str = ""
    quoted: str = "0.148"

    def turn(self, spec: Spec) -> Turn:
        return self.turns.get(spec.key) or Turn(6.0 + spec.member * 1.7)


REASONS = {502: "Bad Gateway", 503: "Service Unavailable", 529: "Overloaded"}


def late(text: str = "") -> Turn:
    return Turn(180.0, text, state="timed_out", error="No answer within 180 s. The call was cancelled.",
                code="upstream_timeout")  # fmt: skip


def refused(provider: str, status: int) -> Turn:
    error = f"Provider {provider.lower()} failed: {status} {REASONS[status]}."
    return Turn(2.1, state="failed", error=error, code="upstream_unavailable")


def no(why: str) -> tuple[bool, str]:
    """A vote against a proposal."""
    return False, WORDS[why]


POOL_TURNS = {
    "propose:0": Turn(14.2, WORDS["pool-roll-back"]),
    "propose:1": Turn(19.8, WORDS["pool-measure"]),
    "propose:2": Turn(11.5, WORDS["pool-raise"]),
    "propose:3": Turn(9.4, WORDS["pool-roll-back-2"]),
    "propose:4": Turn(22.6, WORDS["pool-locks"]),
    "review:0": Turn(8.8, votes={2: no("no-raise"), 3: no("no-bisect"), 4: no("no-wait")}),
    "review:1": Turn(12.1, votes={2: no("no-raise"), 4: no("no-wait")}),
    "review:2": Turn(7.2, votes={seat: no("no-roll-back") for seat in (0, 1, 3)}),
    "review:3": Turn(6.9, votes={0: no("no-canary"), 2: no("no-raise"), 4: no("no-wait")}),
    "review:4": Turn(10.4, votes={seat: no("locks-first") for seat in (0, 1, 3)} | {2: no("no-raise")}),
    "chair:1": Turn(31.4, WORDS["pool-resolution"], answers={2: WORDS["answer-raise"], 4: WORDS["answer-locks"]}),
}  # fmt: skip
INDEX_TURNS = {
    "propose:0": Turn(12.0, WORDS["index-partial"]),
    "propose:1": Turn(16.7, WORDS["index-covering"]),
    "propose:2": Turn(13.3, WORDS["index-partial-2"]),
    "propose:3": late("Before an index is chosen, look at"),
    "review:0": Turn(7.4, votes={1: no("no-covering")}),
    "review:1": Turn(9.1, votes={0: no("no-partial"), 2: no("no-partial")}),
    "review:2": Turn(8.6, votes={1: no("no-covering")}),
    "chair:1": refused("Claude", 529),
    "chair:2": Turn(24.0, WORDS["index-resolution"]),
}
FIVE = ("openai", "claude", "gemini", "mistral", "deepseek")
RETRY_TURNS = {
    "propose:0": Turn(10.9, WORDS["retry-a"]),
    "propose:1": Turn(8.4, WORDS["retry-b"]),
    "review:0": Turn(7.7, WORDS["retry-review-a"]),
    "review:1": Turn(9.2, WORDS["retry-review-b"]),
}
SOLO_TURNS = {"answer:0": Turn(6.3, WORDS["solo-answer"])}
FAILED_TURNS = {
    "propose:0": refused("OpenAI", 503),
    "propose:1": refused("Gemini", 503),
    "propose:2": refused("Mistral", 502),
}
CACHE_TURNS = {
    "propose:0": Turn(13.8, WORDS["cache-a"]),
    "propose:1": Turn(12.2, WORDS["cache-b"]),
    "propose:2": Turn(9.9, WORDS["cache-c"]),
    "chair:1": Turn(22.5, WORDS["cache-resolution"]),
}
SCRIPTS = (
    Script(
        410,
        "mara",
        WORDS["cache-question"],
        "senate",
        ("claude", "openai", "mistral"),
        CACHE_TURNS,
        quoted="0.094",
    ),
    Script(
        190,
        "sam",
        WORDS["failed-question"],
        "senate",
        ("openai", "gemini", "mistral"),
        FAILED_TURNS,
        quoted="0.094",
    ),
    Script(75, "ada", WORDS["solo-question"], "solo", ("claude",), SOLO_TURNS, mode="solo", quoted="0.021"),
    Script(51, "mara", WORDS["retry-question"], "code-review", ("claude", "openai"), RETRY_TURNS, "code-review"),
    Script(27, "jun", WORDS["index-question"], "senate", (*FIVE[:3], FIVE[4]), INDEX_TURNS, quoted="0.121"),
    Script(1.4, "ivo", WORDS["pool-question"], "senate", FIVE, POOL_TURNS),
)
