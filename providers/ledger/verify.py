"""The proof that rows are what they were when they were sealed, that none is missing and none was put in."""

import hmac
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Min

from providers.ledger import anchor, triggers
from providers.ledger.anchor import Broken
from providers.ledger.chains import Chain, Lines, check_numbers, lines
from providers.ledger.seals import (
    DIGEST_BYTES,
    ROWS_AT_MOST,
    check_anchor,
    digest_of,
    first_unsigned,
    hash_of,
    link,
    not_signed,
    seal,
    tip,
)
from providers.models import ChainCheck, Seal
from providers.trail import signature

SEALS_AT_ONCE = 64
ROWS_AT_ONCE = 8_000
LOOK_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rows`: sealed and proven. `unsealed`: newer than the last seal, proven by their signatures alone.
    `first_bad`: the first row that is not proven; rows before it are."""

    chain: str
    rows: int
    unsealed: int
    seconds: float
    at: datetime
    problem: str = ""
    first_bad: int | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem

    @property
    def rows_per_s(self) -> float:
        return (self.rows + self.unsealed) / self.seconds if self.seconds else 0.0


class _Walk:
    """One verification: how far it came, also where it stops."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.rows = self.unsealed = 0
        self.known: anchor.Anchor | None = None
        self._keys = signature.keys()
        self._seal_number, self._last, self._previous = 0, 0, ""

    def run(self) -> str:
        """Raises Broken. Returns a note about what can't be told."""
        self.known = anchor.read(self.chain.name)  # before the seals: see `check_anchor`
        gone = triggers.missing()
        self._begins_at_one()
        for group in self._groups():
            self._check_group(group)
        check_anchor(self.chain, self.known)
        self._check_unsealed()
        if gone:
            raise Broken(f"triggers that refuse changes are missing ({', '.join(gone)}): run manage.py migrate")
        if self.known is None and self._seal_number:
            return "No anchor file was on this machine, so a tail cut off before now could not be seen."
        return ""

    def _begins_at_one(self) -> None:
        first = self.chain.model.objects.aggregate(first=Min("number"))["first"]
        if first is not None and first < 1:
            raise Broken(f"{self.chain.row} {first} has a number below 1: it was put in", first)

    def _groups(self) -> Iterator[list[Seal]]:
        """Seals in order, as many at once as keep memory flat."""
        after = 0
        while page := list(
            Seal.objects.filter(chain=self.chain.name, number__gt=after).order_by("number")[:SEALS_AT_ONCE]
        ):
            group: list[Seal] = []
            for made in page:
                if group and made.last - group[0].first >= ROWS_AT_ONCE:
                    yield group
                    group = []
                group.append(made)
            yield group
            after = page[-1].number

    def _check_group(self, group: list[Seal]) -> None:
        found: Lines = []
        at = 0
        for made in group:
            self._check_seal(made)
            if not at or made.layout != group[0].layout:
                found, at = lines(self.chain, made.layout, self._last, group[-1].last), 0
            count = made.last - made.first + 1
            self._check_rows(made, found[at : at + count])
            at += count

    def _check_seal(self, made: Seal) -> None:
        row = self._last + 1
        if made.number != self._seal_number + 1:
            raise Broken(f"seal {self._seal_number + 1} is missing", row)
        as_it_was = (
            made.previous == self._previous
            and (made.first == row or (made.adopted and made.first > row))
            and made.first <= made.last < made.first + ROWS_AT_MOST
            and made.layout in self.chain.layouts
            and link(made) == made.hash
        )
        key = self._keys.get(made.key)
        if not as_it_was or (key and not hmac.compare_digest(signature.sign(made.hash, key), made.mac)):
            raise Broken(f"seal {made.number} was changed (rows {made.first:,} to {made.last:,})", row)
        if key is None and (self.known is None or self.known.seal < made.number):
            problem = f"seal {made.number} was made with a SECRET_KEY that is not here (SECRET_KEY_FALLBACKS)"
            raise Broken(problem, row)

    def _check_rows(self, made: Seal, found: Lines) -> None:
        if hash_of([line for _, line in found]) != made.rows_hash:
            raise self._bad_row(made, found)
        self.rows += len(found)
        self._seal_number, self._last, self._previous = made.number, made.last, made.hash

    def _bad_row(self, made: Seal, found: Lines) -> Broken:
        """Which row it is, by the digests in the seal."""
        digests, there = bytes(made.digests), dict(found)
        for place, number in enumerate(range(made.first, made.last + 1)):
            if number not in there:
                return Broken(f"{self.chain.row} {number} is missing", number)
            at = place * DIGEST_BYTES
            if digest_of(there[number]) != digests[at : at + DIGEST_BYTES]:
                return Broken(f"{self.chain.row} {number} was changed", number)
            self.rows += 1
        return Broken(f"rows {made.first:,} to {made.last:,} are not what was sealed", made.first)

    def _check_unsealed(self) -> None:
        end = self.chain.model.objects.aggregate(end=Max("number"))["end"] or 0
        while self._last < end:
            to = min(end, self._last + ROWS_AT_MOST)
            found = lines(self.chain, self.chain.layout, self._last, to)
            check_numbers(self.chain, found, self._last + 1, to)
            unsigned = first_unsigned(self.chain, self._last, to)
            if unsigned is not None:
                raise Broken(not_signed(self.chain, unsigned), unsigned)
            self.unsealed += len(found)
            self._last = to


def verify(chain: Chain, *, seal_first: bool = True) -> Verdict:
    """Looks at every row of a chain and keeps the verdict as its last check. About 10 microseconds a row."""
    began = time.monotonic()
    walk, problem, first_bad, note = _Walk(chain), "", None, ""
    if seal_first:
        with suppress(Broken):  # what it stumbled over is named below, and by row
            seal(chain)
    try:
        note = walk.run()
        if walk.known is None and (last := tip(chain)):
            anchor.advance(chain.name, _anchor_of(last))
    except Broken as broken:
        problem, first_bad = broken.problem, broken.row
    verdict = Verdict(
        chain=chain.name,
        rows=walk.rows,
        unsealed=walk.unsealed,
        seconds=time.monotonic() - began,
        at=datetime.now(UTC),
        problem=problem,
        first_bad=first_bad,
        note=note,
    )
    _keep(verdict)
    return verdict


def _anchor_of(seal: Seal) -> anchor.Anchor:
    return anchor.Anchor(seal.number, seal.last, seal.hash)


def _keep(verdict: Verdict) -> None:
    said = {**asdict(verdict), "ok": verdict.ok}
    ChainCheck.objects.update_or_create(chain=said.pop("chain"), defaults=said)


def last_took(chain: Chain) -> float:
    """Seconds of the last verification; 0 where there was none."""
    last = ChainCheck.objects.filter(chain=chain.name).first()
    return last.seconds if last else 0.0


def due(chain: Chain, now: datetime) -> bool:
    """Whether it is time to look again: every quarter of an hour, but never more than 1 % of the time."""
    last = ChainCheck.objects.filter(chain=chain.name).first()
    if last is None:
        return True
    return now - last.at >= max(LOOK_AGAIN, timedelta(seconds=100 * last.seconds))


def accept(chain: Chain) -> None:
    """After somebody looked into what happened: the seals that are there are the chain again, and what is not
    sealed is taken over as it is. Rows that were changed under a seal stay named."""
    last = tip(chain)
    anchor.advance(chain.name, _anchor_of(last) if last else anchor.Anchor(0, 0, ""), back=True)
    seal(chain, adopt=True)
