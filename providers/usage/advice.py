"""Where money could be saved, from the ledger's own figures. Each finding names them and leads to its rows.

Higher floors add advisers of their own with `register`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from providers.format import exact_count, money, percent
from providers.usage import calls, sums
from providers.usage.names import model_label
from providers.usage.question import Question
from providers.usage.rollup.cells import FAILED, FELL_BACK
from providers.usage.rollup.reading import Group, Kinds, Reading, snapshot
from providers.usage.scope import matching, scope_of
from providers.usage.sums import usd

FEWEST_CALLS = 30  # on each side; below that a rate of success says nothing
LEAST_PICO = 10**10  # one cent
LEAST_SHARE = 10  # percent of what was spent
NEWEST = 5_000  # calls that are looked through for equal prompts
MOST = 5  # findings of a kind
TOKENS_IN, TOKENS_OUT = 2, 3  # places in a cell's parts


@dataclass(frozen=True, slots=True)
class Finding:
    """`saves_pico` over the range that was asked for; None where it can't be told. `filters` lead to the rows, or
    `url` does."""

    kind: str
    title: str
    text: str
    saves_pico: int | None
    figures: list[tuple[str, str]]
    filters: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def as_dict(self) -> dict[str, Any]:
        saves = None if self.saves_pico is None else usd(self.saves_pico)
        figures = [{"label": label, "value": value} for label, value in self.figures]
        return {
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "saves_usd": saves,
            "figures": figures,
            "filters": self.filters,
            "url": self.url,
        }


Adviser = Callable[[Any, Question, Reading], list[Finding]]
_ADVISERS: list[Adviser] = []


def register(adviser: Adviser) -> Adviser:
    if adviser not in _ADVISERS:
        _ADVISERS.append(adviser)
    return adviser


def advice(viewer: Any, question: Question) -> dict[str, Any]:
    """Findings, the largest saving first. Errors: NotFound, InvalidInput of `scope.scope_of`."""
    with snapshot():
        reading = Reading(scope_of(viewer, question))
        found = [one for adviser in _ADVISERS for one in adviser(viewer, question, reading)]
    found.sort(key=lambda one: (-(one.saves_pico or 0), one.kind, one.title))
    return {
        "range": question.as_dict(),
        "filters": question.filters,
        "findings": [one.as_dict() for one in found],
        "looked_at": reading.whole(*question.span()).calls if not found else None,
    }


def _by_operation(reading: Reading, question: Question) -> dict[str, dict[Group, Kinds]]:
    """operation -> (provider, model) -> sums."""
    found: dict[str, dict[Group, Kinds]] = {}
    dimensions = ("provider", "model", "operation")
    for (provider, model, operation), kinds in reading.groups(dimensions, *question.span()).items():
        found.setdefault(str(operation), {})[(provider, model)] = kinds
    return found


@register
def cheaper_models(viewer: Any, question: Question, reading: Reading) -> list[Finding]:
    """Another model that did the same operation at least as reliably, for less money a token.

    Members of a deliberation are left out: they differ on purpose. What would have been paid: the cheaper one's
    own dollars per token in this operation, for the tokens that the dearer one used.
    """
    found = []
    for operation, models in _by_operation(reading, question).items():
        if operation.startswith("senate."):
            continue
        sides = {key: _Side.of(kinds) for key, kinds in models.items()}
        sides = {key: side for key, side in sides.items() if side.calls >= FEWEST_CALLS and side.tokens}
        for key, dear in sides.items():
            others = [(dear.paid_as(o), k, o) for k, o in sides.items() if k != key and o.as_good_as(dear)]
            if others:
                would, other, cheap = min(others, key=lambda one: one[:2])
                saves = dear.pico - would
                if saves >= LEAST_PICO and saves * 100 >= dear.pico * LEAST_SHARE:
                    found.append(_cheaper(operation, key, dear, other, cheap, saves))
    return _largest(found)


@dataclass(frozen=True, slots=True)
class _Side:
    calls: int
    failed: int
    pico: int
    tokens: int

    @classmethod
    def of(cls, kinds: Kinds) -> "_Side":
        tokens = sum(cell.parts[TOKENS_IN] + cell.parts[TOKENS_OUT] for cell in kinds.values())
        return cls(sums.calls(kinds), sums.calls_of(kinds, FAILED), sums.spend(kinds), tokens)

    def as_good_as(self, other: "_Side") -> bool:
        return (self.calls - self.failed) * other.calls >= (other.calls - other.failed) * self.calls

    def paid_as(self, other: "_Side") -> int:
        return self.tokens * other.pico // other.tokens

    @property
    def succeeded(self) -> str:
        return percent(str(Decimal(self.calls - self.failed) * 100 / self.calls))


def _cheaper(operation: str, key: Group, dear: _Side, other: Group, cheap: _Side, saves: int) -> Finding:
    names = [model_label(*map(str, one)) for one in (key, other)]
    would, paid = money(usd(dear.pico - saves)), money(usd(dear.pico))
    text = (
        f"{cheap.succeeded} of the calls to {names[1]} succeeded, {dear.succeeded} of those to {names[0]}. At its "
        f"price for a token these would have cost {would} instead of {paid}."
    )
    figures = [
        ("Calls now", exact_count(dear.calls)),
        ("A million tokens now", _per_million(dear)),
        ("Calls of the cheaper one", exact_count(cheap.calls)),
        ("A million tokens there", _per_million(cheap)),
    ]
    filters = {"operation": operation, "provider": str(key[0]), "model": str(key[1])}
    title = f"{operation} on {key[1]} could go to {names[1]}"
    return Finding("cheaper_model", title, text, saves, figures, filters)


def _per_million(side: _Side) -> str:
    return money(usd(side.pico * 10**6 // side.tokens))


@register
def dear_fallbacks(viewer: Any, question: Question, reading: Reading) -> list[Finding]:
    """Fallbacks that cost more a token than the models that they stood in for, operation by operation."""
    found = []
    for operation, models in _by_operation(reading, question).items():
        usual = _Side.of(sums.merge(_only(kinds, False) for kinds in models.values()))
        for key, kinds in models.items():
            fallback = _Side.of(_only(kinds, True))
            if fallback.calls < 5 or not fallback.tokens or not usual.tokens:
                continue
            more = fallback.pico - fallback.paid_as(usual)
            if more >= LEAST_PICO:
                found.append(_dear(operation, key, fallback, usual, more))
    return _largest(found)


def _only(kinds: Kinds, fell_back: bool) -> Kinds:
    return {kind: cell for kind, cell in kinds.items() if bool(kind & FELL_BACK) is fell_back}


def _dear(operation: str, key: Group, fallback: _Side, usual: _Side, more: int) -> Finding:
    name = model_label(*map(str, key))
    text = (
        f"{exact_count(fallback.calls)} calls fell back to {name} and cost {money(usd(fallback.pico))}, "
        f"{money(usd(more))} more than the same tokens cost in {operation} otherwise. A cheaper fallback, or "
        "mending what makes calls fall back, saves that."
    )
    figures = [
        ("Fell back", exact_count(fallback.calls)),
        ("A million tokens, fallback", _per_million(fallback)),
        ("A million tokens, otherwise", _per_million(usual)),
    ]
    filters = {"operation": operation, "provider": str(key[0]), "model": str(key[1]), "status": "fallback"}
    return Finding("dear_fallback", f"Fallbacks to {name} cost more in {operation}", text, more, figures, filters)


@register
def asked_again(viewer: Any, question: Question, reading: Reading) -> list[Finding]:
    """Prompts that were sent again word for word to the same model: what the repeats cost, and what of their input
    no cache of the provider has served. Of the newest calls of the range."""
    rows = matching(viewer, question, ranged=False).filter(success=True).exclude(prompt_hash="")
    names = ("operation", "provider", "model", "prompt_hash", "input_tokens", "cached_input_tokens")
    newest = calls.newest(reading, rows, question.span(), None, NEWEST, (*names, "actual_cost_usd"))
    seen: set[tuple[str, ...]] = set()
    repeats: dict[tuple[str, str, str], list[int]] = {}
    for row in reversed(newest):
        key = tuple(row[name] for name in names[:4])
        if key in seen:
            line = repeats.setdefault(key[:3], [0, 0, 0])  # type: ignore[arg-type]
            line[0] += 1
            line[1] += int(row["actual_cost_usd"].scaleb(12))
            line[2] += max(0, row["input_tokens"] - row["cached_input_tokens"])
        seen.add(key)
    found = [_repeated(*key, *line, len(newest)) for key, line in repeats.items() if line[1] >= LEAST_PICO]
    return _largest(found)


def _repeated(operation: str, provider: str, model: str, times: int, pico: int, fresh: int, of: int) -> Finding:
    name = model_label(provider, model)
    text = (
        f"{exact_count(times)} calls of {operation} asked {name} word for word what it had answered before. "
        "Keeping answers saves what they cost; a prompt cache of the provider saves most of their input."
    )
    figures = [
        ("Asked again", exact_count(times)),
        ("Paid for it", money(usd(pico))),
        ("Input tokens not from a cache", exact_count(fresh)),
        ("Looked through", f"the newest {exact_count(of)} calls"),
    ]
    filters = {"operation": operation, "provider": provider, "model": model}
    return Finding("asked_again", f"{operation} asks {name} the same again", text, pico, figures, filters)


def _largest(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (-(one.saves_pico or 0), one.title))[:MOST]
