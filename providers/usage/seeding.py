"""Writes made-up usage into the ledger: numbered rows through the triggers, and the counters that go with them.

So that nobody takes it for real: the users are called seed-001 and so on and can't sign in, each row's price
source is `seeded`, and its metadata says so. Rows can't be deleted, so a site with real ones is refused.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Max

from providers.exceptions import InvalidInput
from providers.models import AIUsageLog
from providers.models.forever import hold_numbers
from providers.trail.signature import USAGE, sign_row
from providers.usage import seed
from providers.usage.rollup.store import chunks

BATCH = 20_000
TABLE = AIUsageLog._meta.db_table
COLUMNS = ("number", "user_id", *seed.VARYING, *seed.CONSTANT, "signature")
MOMENT = COLUMNS.index("created_at")
_DAYS = f"""
    INSERT INTO providers_capday (user_id, day, used_tokens, used_usd, reserved_tokens, reserved_usd)
    SELECT user_id, cap_day, SUM(total_tokens), SUM(actual_cost_usd), 0, 0 FROM {TABLE}
    WHERE number >= %s AND number < %s GROUP BY user_id, cap_day ON CONFLICT (user_id, day) DO UPDATE SET
    used_tokens = providers_capday.used_tokens + excluded.used_tokens,
    used_usd = providers_capday.used_usd + excluded.used_usd"""  # noqa: S608
_SITE = f"""
    INSERT INTO providers_siteday (day, used_usd, reserved_usd)
    SELECT cap_day, SUM(actual_cost_usd), 0 FROM {TABLE} WHERE number >= %s AND number < %s GROUP BY cap_day
    ON CONFLICT (day) DO UPDATE SET used_usd = providers_siteday.used_usd + excluded.used_usd"""  # noqa: S608


def refuse_beside_real_rows() -> None:
    """Errors: InvalidInput where the ledger holds calls that were really made."""
    if AIUsageLog.objects.order_by().exclude(price_source=seed.PRICE_SOURCE)[:1].exists():
        raise InvalidInput(
            "This site has real usage rows. Made-up ones can never be deleted again, so they are only added "
            "with --force."
        )


def write(
    rows: int,
    days: int,
    *,
    number: int = 1,
    people: Sequence[int] = (),
    told: Callable[[int], None] | None = None,
) -> int:
    """Adds `rows` calls over the last `days` UTC days; the number written. A transaction per BATCH rows.

    `people`: ids of the users that they are of, the first spends the most; without them the made-up seed-001 ...
    """
    users, now, written = list(people) or users_there(), datetime.now(UTC), 0
    wanted = seed.plan(rows, now.date(), days)
    maker = seed.Maker(number, rows // 3, len(users))
    prepare()
    for day, want in wanted.items():
        for batch in chunks(maker.day(day, want, now), BATCH):
            write_batch(batch, users)
            written += len(batch)
            if told:
                told(written)
    return written


def prepare() -> None:
    """Indexes of millions of rows are filled in memory: 400 MB for this connection."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -400000")


def users_there() -> list[int]:
    """Ids of the made-up users, in order."""
    model = get_user_model()
    names = [f"seed-{n:03}" for n in range(1, seed.USERS + 1)]
    have = dict(model.objects.filter(username__in=names).values_list("username", "pk"))
    missing = [model(username=name, is_active=False, password="!") for name in names if name not in have]  # noqa: S106
    model.objects.bulk_create(missing)
    have = dict(model.objects.filter(username__in=names).values_list("username", "pk"))
    return [have[name] for name in names]


def write_batch(batch: list[seed.Call], users: list[int]) -> int:
    """In one transaction; the number of its first row."""
    with transaction.atomic():
        hold_numbers(AIUsageLog.LOCK)
        first = 1 + (AIUsageLog._base_manager.aggregate(last=Max("number"))["last"] or 0)
        _insert([_line(number, call, users) for number, call in enumerate(batch, first)])
        _count(first, first + len(batch))
    return first


def _line(number: int, call: seed.Call, users: list[int]) -> list[Any]:
    """In the order of COLUMNS, signed as the ledger signs."""
    # Ids in the order of time: an index that grows at its end is filled many times faster.
    key, day = f"{number:012x}4{call.number:015x}000a", call.at.date().isoformat()
    row = [
        number,
        users[call.step.user],
        key,
        day,
        call.session,
        f"{call.prompt:064x}",
        call.at,
        *call.step.columns,
    ]
    row.append(sign_row(USAGE, dict(zip(COLUMNS, row, strict=False))))
    moment = call.at.replace(tzinfo=None).isoformat(" ", "microseconds")
    row[MOMENT] = moment if connection.vendor == "sqlite" else f"{moment}+00"
    return row


def _insert(lines: list[list[Any]]) -> None:
    columns = ", ".join(COLUMNS)
    if connection.vendor == "sqlite":
        sql = f"INSERT INTO {TABLE} ({columns}) VALUES ({', '.join(['?'] * len(COLUMNS))})"  # noqa: S608
        connection.connection.executemany(sql, lines)
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY {TABLE} ({columns}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row(line)


def _count(first: int, after: int) -> None:
    """What the ledger itself counts with each row, so that `reconcile` stays true."""
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [first, after])
        cursor.execute(_SITE, [first, after])
