"""What a person can approve: acts by name, and families of acts that are made for whoever asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from intelligence.models import Approval
from providers.exceptions import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Act:
    """`state(arguments)` reads what the act's target is like now, as plain JSON values; `run(arguments, approval)`
    does it and returns a plain JSON value. Both sync. `atomic`: all it does are rows, in one transaction with the
    approval's end; another act that is lost half-way ends as failed and is never run again."""

    name: str
    run: Callable[[dict[str, Any], Approval], Any]
    state: Callable[[dict[str, Any]], dict[str, Any]]
    atomic: bool = True


Family = Callable[[str, Mapping[str, Any]], Act]  # (name after the dot, caller) -> the act for that caller
_acts: dict[str, Act] = {}
_families: dict[str, Family] = {}


def register(act: Act) -> Act:
    """Errors: InvalidInput where the name is taken by another."""
    if _acts.get(act.name, act) != act:
        raise InvalidInput(f"There is an act {act.name} already.")
    _acts[act.name] = act
    return act


def register_family(prefix: str, make: Family) -> None:
    """Acts `<prefix>.<name>` come from `make`, for the caller that asks."""
    _families[prefix] = make


def found(name: str, caller: Mapping[str, Any]) -> Act:
    """Errors: NotFound."""
    prefix, _, rest = name.partition(".")
    if caller and prefix in _families:
        return _families[prefix](rest, caller)
    if name not in _acts:
        raise NotFound(f"There is no act {name[:80]}.", param="act")
    return _acts[name]
