"""How far the usage rows stand for good, for what reads them onward in pieces (rollups, seals).

`AIUsageLog.number` counts rows from 1 without a gap. A writer takes the next number while it holds the site's
lock and keeps that lock until its COMMIT (SQLite: it is the only writer), so numbers become visible in their
order: whoever sees a number will never meet a lower one that is new. No lock is needed to read it.
"""

from django.db import connections


def stable_frontier(using: str = "default") -> int:
    """The highest number of a usage row; every row up to it is committed and none below can still appear.

    0 where there is no row. Rows are read onward by `number > last ORDER BY number`, in any transaction.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(number), 0) FROM providers_aiusagelog")
        return int(cursor.fetchone()[0])
