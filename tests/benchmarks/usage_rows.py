"""Millions of usage rows for a benchmark, in minutes: one in COPIES is made up, the others are its copies by SQL.

A copy is a call of another user a few minutes earlier, in a session of its own. Copies carry the signature of what
they were copied from and are not in the counters: only pages are measured on them.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

from providers.usage import seed, seeding

COPIES = 10
APART = timedelta(seconds=97)
TABLE = seeding.TABLE
_MADE = {"number", "id", "user_id", "session_id", "created_at"}
_SAME = [name for name in seeding.COLUMNS if name not in _MADE]
_ID = {
    "sqlite": "printf('%%012x', number + {more}) || SUBSTR(id, 13)",
    "postgresql": "(LPAD(TO_HEX(number + {more}), 12, '0') || SUBSTR(REPLACE(id::text, '-', ''), 13))::uuid",
}
_MOMENT = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', created_at, '-{seconds} seconds')",
    "postgresql": "created_at - INTERVAL '{seconds} seconds'",
}


def fill(rows: int, days: int) -> None:
    """Writes `rows` calls over the last `days` UTC days, a transaction for each day and copy."""
    now, users = datetime.now(UTC), seeding.users_there()
    maker = seed.Maker(11, rows // COPIES // 3)
    seeding.prepare()
    for day, want in seed.plan(rows // COPIES, now.date(), days).items():
        batch = maker.day(day, want, now)
        if batch:
            first = seeding.write_batch(batch, users)
            for copy in range(1, COPIES):
                _copy(copy, first, len(batch), users[0])


def _copy(copy: int, first: int, many: int, first_user: int) -> None:
    vendor, mask = connection.vendor, copy % 8  # 200 users: an exclusive or with up to 7 gives another one of them
    user = f"(user_id - {first_user})"
    made = {
        "number": f"number + {copy * many}",
        "id": _ID[vendor].format(more=copy * many),
        "user_id": f"{first_user} + ({user} | {mask}) - ({user} & {mask})",
        "session_id": f"CASE WHEN session_id = '' THEN '' ELSE session_id || '-{copy}' END",
        "created_at": _MOMENT[vendor].format(seconds=int(copy * APART.total_seconds())),
    }
    names, values = ", ".join([*made, *_SAME]), ", ".join([*made.values(), *_SAME])
    sql = f"""INSERT INTO {TABLE} ({names}) SELECT {values} FROM {TABLE}
        WHERE number >= %s AND number < %s ORDER BY number"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [first, first + many])
