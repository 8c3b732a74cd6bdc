"""What a question's mode comes to: solo, code review or Senate, who sits, and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from providers.exceptions import InvalidInput

S = TypeVar("S")
Kind = Literal["solo", "code-review", "senate"]

MODES = ("auto", "solo", "code-review", "senate")
LABELS: dict[Kind, str] = {"solo": "Solo", "code-review": "Code review", "senate": "Senate"}
MOST_MEMBERS = 26  # proposals are labelled A to Z


@dataclass(frozen=True, slots=True)
class Plan(Generic[S]):
    """`seats` are the members that take part, in seat order. `why` is a sentence for the page."""

    kind: Kind
    seats: tuple[S, ...]
    why: str

    @property
    def calls(self) -> int:
        """Calls when nothing fails: 1, 4, or 2 n + 1."""
        n = len(self.seats)
        return {"solo": 1, "code-review": 2 * n, "senate": 2 * n + 1}[self.kind]


def made_words(kind: Kind, members: int, calls: int) -> str:
    """`Senate, 5 members, 11 calls`"""
    who = f"{members} member{'' if members == 1 else 's'}"
    return f"{LABELS[kind]}, {who}, {calls} call{'' if calls == 1 else 's'}"


def plan(mode: str, seats: Sequence[S], senate_enabled: bool, site_mode: str = "auto") -> Plan[S]:
    """Chooses. `auto` follows the site's mode, and where that is `auto` too, the number of members.

    Errors: InvalidInput for an unknown mode, no member, or an explicit mode that can't be had.
    """
    if mode not in MODES:
        raise InvalidInput(f"There is no mode {mode[:40]!r}. Modes: {', '.join(MODES)}.", param="mode")
    if not seats:
        raise InvalidInput("No member was named.", param="members")
    if len(seats) > MOST_MEMBERS:
        raise InvalidInput(f"At most {MOST_MEMBERS} members can sit.", param="members")
    if mode in {"code-review", "senate"}:
        _refuse(mode, len(seats), senate_enabled)
    if mode != "auto":
        return _seated(mode, seats, f"{LABELS[mode]} was asked for.")
    if not senate_enabled:
        return _seated("solo", seats, "The Senate is switched off on this site, so this is solo.")
    if site_mode == "solo":
        return _seated("solo", seats, "This site asks one member unless a question says otherwise.")
    if site_mode in LABELS and len(seats) > 1:
        return _seated(site_mode, seats, f"{LABELS[site_mode]} is this site's mode.")
    return by_number(seats)


def by_number(seats: Sequence[S]) -> Plan[S]:
    """What `auto` gives: one member solo, two code review, three and more the Senate."""
    match len(seats):
        case 1:
            return _seated("solo", seats, "One member can sit, so this is solo.")
        case 2:
            return _seated("code-review", seats, "Two members can sit, so they review each other.")
        case n:
            return _seated("senate", seats, f"{n} members can sit, so they deliberate as a Senate.")


def _refuse(mode: str, members: int, senate_enabled: bool) -> None:
    """Raises where an explicit request for several members can't be honoured."""
    label = LABELS[mode]
    if not senate_enabled:
        raise InvalidInput(
            f"The Senate is switched off on this site, so {label} is not to be had. Ask solo, "
            "or an admin switches it on in Settings > AI > Senate.",
            param="mode",
            code="senate_disabled",
        )
    if members < 2:
        raise InvalidInput(
            f"{label} needs at least two members, and one can sit. Add an API key in Settings > AI.",
            param="mode",
            code="too_few_members",
        )


def _seated(kind: Kind, seats: Sequence[S], why: str) -> Plan[S]:
    most = {"solo": 1, "code-review": 2, "senate": len(seats)}[kind]
    left = len(seats) - most
    if kind == "code-review" and left:
        why += f" The first two of {len(seats)} members take part."
    return Plan(kind, tuple(seats[:most]), why)
