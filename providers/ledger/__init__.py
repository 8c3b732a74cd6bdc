"""The ledger: what may be spent is reserved first, what was spent is one row that never changes.

`reserve`, `record`, `release` and `extend` are one short transaction each, shared with whoever asks at the
same time (`writer.py`). They raise `BudgetExceeded` over a cap and `LedgerUnavailable` where the database
can't take a write: without a written reservation nothing may be called.
"""

from providers.ledger.attempt import Attempt
from providers.ledger.door import admit, count_refusal, extend, reap, record, release, reserve
from providers.ledger.jobs import Admission
from providers.ledger.triggers import triggers_present

__all__ = [
    "Admission",
    "Attempt",
    "admit",
    "count_refusal",
    "extend",
    "reap",
    "record",
    "release",
    "reserve",
    "triggers_present",
]
