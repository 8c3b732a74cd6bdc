"""Sums over usage rows, exact and current however many rows there are.

`roller` adds each row once to the sums of its keys (cubes) and moves a watermark with them; `reading` answers
from the sums and adds the rows above the watermark from the ledger itself; `rebuild` makes all sums anew and
names what differs. See docs/decisions/0013-rollups.md.
"""
