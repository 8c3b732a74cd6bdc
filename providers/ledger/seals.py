"""Sealing: rows that stand for good get a hash over them and over all that was sealed before.

Writers don't wait for it: it runs every few seconds beside them and reads only what is committed. Before a row is
sealed its signature is checked, so that nothing that was put into the table from outside is ever vouched for.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from providers.ledger import anchor
from providers.ledger.anchor import Broken
from providers.ledger.chains import CHAINS, Chain, Lines, check_numbers, lines
from providers.models import Seal
from providers.trail import signature

ROWS_AT_MOST = 2_000  # in one seal
DIGEST_BYTES = 8
ON_PURPOSE = "If the database was restored or replaced on purpose, run manage.py verify_ledger --accept REASON"


def hash_of(found: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(found).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(line: str) -> bytes:
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]


def link(seal: Seal) -> str:
    """The hash of a seal: over what it says and the hash of the one before."""
    said = [seal.chain, seal.number, seal.first, seal.last, seal.layout, bool(seal.adopted), seal.rows_hash]
    said += [hashlib.sha256(bytes(seal.digests)).hexdigest(), seal.previous, seal.sealed_at.astimezone(UTC)]
    return hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()


def tip(chain: Chain) -> Seal | None:
    return Seal.objects.filter(chain=chain.name).defer("digests").order_by("-number").first()


def check_anchor(chain: Chain, known: anchor.Anchor | None) -> None:
    """Raises Broken where the seal that this machine remembers is gone, or is another one now.

    `known` must have been read before the seals are, or a seal of this very moment looks cut off.
    """
    if known is None or not known.seal:
        return
    there = Seal.objects.filter(chain=chain.name, number=known.seal).values_list("hash", flat=True).first()
    if there is None:
        last = tip(chain)
        row = (last.last if last else 0) + 1
        problem = f"the tail is cut off: rows up to {known.last:,} were sealed, seals up to {row - 1:,} are there"
        raise Broken(f"{problem}. {ON_PURPOSE}", row)
    if there != known.hash:
        raise Broken(f"seal {known.seal} is not the one that was anchored: the chain was rewritten. {ON_PURPOSE}")


def seal(chain: Chain, *, adopt: bool = False, seals: int = 1_000_000) -> int:
    """Seals what is committed and not sealed yet, at most `seals` times; the number of rows.

    `adopt`: rows without this site's signature are taken over as they are. Errors: Broken.
    """
    done = 0
    for _ in range(seals):
        known = anchor.read(chain.name)
        last = tip(chain)
        check_anchor(chain, known)
        before = last.last if last else 0
        end = chain.model.objects.aggregate(end=Max("number"))["end"] or 0
        if end <= before:
            return done
        done += _seal_next(chain, last, before, min(end, before + ROWS_AT_MOST), adopt=adopt)
    return done


def _seal_next(chain: Chain, last: Seal | None, before: int, to: int, *, adopt: bool) -> int:
    """0 where another process was quicker."""
    found = lines(chain, chain.layout, before, to)
    if adopt:
        found = [pair for place, pair in enumerate(found) if pair[0] == found[0][0] + place]
    else:
        check_numbers(chain, found, before + 1, to)
    unsigned = first_unsigned(chain, before, to)
    if unsigned is not None and not adopt:
        raise Broken(not_signed(chain, unsigned), unsigned)
    made = _made(chain, last, found, adopted=adopt)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        return 0
    anchor.advance(chain.name, anchor.Anchor(made.number, made.last, made.hash))
    return len(found)


def _made(chain: Chain, last: Seal | None, found: Lines, *, adopted: bool) -> Seal:
    only = [line for _, line in found]
    made = Seal(
        chain=chain.name,
        number=(last.number if last else 0) + 1,
        first=found[0][0],
        last=found[-1][0],
        layout=chain.layout,
        adopted=adopted,
        rows_hash=hash_of(only),
        digests=b"".join(map(digest_of, only)),
        previous=last.hash if last else "",
        key=next(iter(signature.keys())),
        sealed_at=datetime.now(UTC),
    )
    made.hash = link(made)
    made.mac = signature.sign(made.hash)
    return made


def not_signed(chain: Chain, number: int) -> str:
    return f"{chain.row} {number} is not signed by this site: it was put in or changed from outside"


def first_unsigned(chain: Chain, after: int, to: int) -> int | None:
    """The number of the first row that this site did not sign."""
    names = chain.model.SIGNED
    rows = chain.model.objects.filter(number__gt=after, number__lte=to).order_by("number")
    for row in rows.values(*names, "signature").iterator(ROWS_AT_MOST):
        if not signature.is_signed(names, row, row["signature"]):
            return row["number"]
    return None


def seal_all(seals: int = 1_000_000) -> int:
    """Seals every chain; the number of rows. Errors: Broken, after the other chains were tried."""
    done, broken = 0, None
    for chain in CHAINS.values():
        try:
            done += seal(chain, seals=seals)
        except Broken as problem:
            broken = broken or problem
    if broken is not None:
        raise broken
    return done
