"""The ledger's transactions, as jobs for the writer. Plain SQL that SQLite and PostgreSQL both take.

Per user and UTC day one row of counters: what is used, and what is held by open reservations. A job that
refuses has written nothing. Money is in pico-dollars here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import NAMESPACE_OID, UUID, uuid5

from django.contrib.auth import get_user_model

from providers.exceptions import BudgetExceeded, LedgerUnavailable, NotFound
from providers.fields import from_pico, to_pico
from providers.ledger import site
from providers.ledger.attempt import Attempt, lost, row_of
from providers.ledger.database import Database, as_json, as_uuid
from providers.ledger.refusal import Refused, Standing, refuse_over_cap
from providers.models.ledger import DEFAULT_COST_CAP_USD, DEFAULT_TOKEN_CAP

DEFAULT_USD_PICO = to_pico(Decimal(DEFAULT_COST_CAP_USD))

# The cap of this moment: the temporary one until it ends, else the daily one.
IN_FORCE = "CASE WHEN temporary_until > %s THEN COALESCE(temporary_{0}, daily_{0}) ELSE daily_{0} END"
TOKEN_CAP, USD_CAP = IN_FORCE.format("token_cap"), IN_FORCE.format("cost_cap_usd")
ADMIT = f"""
    UPDATE providers_capday SET reserved_tokens = reserved_tokens + %s, reserved_usd = reserved_usd + %s
    WHERE user_id = %s AND day = %s
      AND used_tokens + reserved_tokens + %s
          <= COALESCE((SELECT {TOKEN_CAP} FROM providers_useraicap WHERE user_id = %s), %s)
      AND (%s = 0 OR used_usd + reserved_usd + %s
          <= COALESCE((SELECT {USD_CAP} FROM providers_useraicap WHERE user_id = %s), %s))"""  # noqa: S608  constants
STANDING = f"""
    SELECT {TOKEN_CAP}, {USD_CAP}, d.used_tokens, d.used_usd, d.reserved_tokens, d.reserved_usd
    FROM {{users}} u
    LEFT JOIN providers_useraicap c ON c.user_id = u.id
    LEFT JOIN providers_capday d ON d.user_id = u.id AND d.day = %s
    WHERE u.id = %s"""  # noqa: S608  constants
OPEN_DAY = """
    INSERT INTO providers_capday (user_id, day, used_tokens, used_usd, reserved_tokens, reserved_usd)
    SELECT u.id, %s, 0, 0, 0, 0 FROM {users} u WHERE u.id = %s ON CONFLICT (user_id, day) DO NOTHING"""
SETTLE = """
    UPDATE providers_capday SET used_tokens = used_tokens + %s, used_usd = used_usd + %s,
        reserved_tokens = reserved_tokens - %s, reserved_usd = reserved_usd - %s
    WHERE user_id = %s AND day = %s"""
HOLD = """
    INSERT INTO providers_reservation
        (id, user_id, day, operation, session_id, tokens_left, usd_left, attempt, created_at, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
HELD = """
    SELECT user_id, day, tokens_left, usd_left, operation, session_id, attempt
    FROM providers_reservation WHERE id = %s"""
DRAW = """
    UPDATE providers_reservation SET tokens_left = tokens_left - %s, usd_left = usd_left - %s, attempt = %s
    WHERE id = %s"""
CLOSE = """
    UPDATE providers_reservation SET tokens_left = 0, usd_left = 0, attempt = NULL, closed_at = %s WHERE id = %s"""
PROLONG = """
    UPDATE providers_reservation SET expires_at = %s WHERE id = %s AND closed_at IS NULL AND expires_at < %s"""
IS_OPEN = "SELECT 1 FROM providers_reservation WHERE id = %s AND closed_at IS NULL"
IS_OVERDUE = "SELECT 1 FROM providers_reservation WHERE id = %s AND closed_at IS NULL AND expires_at <= %s"
IS_HELD = "SELECT 1 FROM providers_reservation WHERE id = %s"
IS_BOOKED = "SELECT 1 FROM providers_aiusagelog WHERE id = %s"


def _users() -> str:
    return get_user_model()._meta.db_table


def open_day(database: Database, user_id: int, day: date) -> None:
    """The row of counters, if the user still exists (rows of a deleted user count against nobody)."""
    database.execute(OPEN_DAY.format(users=_users()), [day, user_id])


def settle(database: Database, user_id: int, day: date, used: tuple[int, int], freed: tuple[int, int]) -> None:
    """Counts (tokens, pico-dollars) as used and takes them out of what is reserved, for the user and the site."""
    values = [*used, *freed, user_id, day]
    if not database.execute(SETTLE, values):
        open_day(database, user_id, day)
        database.execute(SETTLE, values)
    site.add(database, day, used[1], -freed[1])


@dataclass(frozen=True, slots=True)
class Admission:
    """A reservation. `warning`: the site's limit that it passes, where the site goes on all the same."""

    reservation: str
    warning: str = ""


@dataclass(slots=True)
class Reserve:
    admits: ClassVar[bool] = True
    reservation: UUID
    user_id: int
    operation: str
    session_id: str
    tokens: int
    usd: int
    now: datetime
    expires_at: datetime
    attempt: str | None  # JSON

    def run(self, database: Database) -> Admission:
        try:
            return self._reserve(database)
        except BudgetExceeded as refusal:
            Refused(self.user_id, refusal.code, self.operation, self.now).run(database)
            raise

    def _reserve(self, database: Database) -> Admission:
        warning = ""
        if not (database.replay and database.one(IS_HELD, [self.reservation])):
            warning = site.check(database, self.usd, self.now)
            self._admit(database)
            held = [self.tokens, self.usd, self.attempt, self.now, self.expires_at]
            whose = [self.reservation, self.user_id, self.now.date(), self.operation, self.session_id]
            database.execute(HOLD, [*whose, *held])
            site.add(database, self.now.date(), 0, self.usd)
        return Admission(str(self.reservation), warning)

    def _admit(self, database: Database) -> None:
        """Raises BudgetExceeded, having written nothing."""
        user, day, tokens, usd = self.user_id, self.now.date(), self.tokens, self.usd
        token_cap = [tokens, self.now, user, DEFAULT_TOKEN_CAP]
        usd_cap = [usd, usd, self.now, user, DEFAULT_USD_PICO]
        for _ in range(3):
            if database.execute(ADMIT, [tokens, usd, user, day, *token_cap, *usd_cap]):
                return
            refuse_over_cap(self._standing(database), tokens=tokens, usd=usd, now=self.now)
            open_day(database, user, day)
        raise LedgerUnavailable("The cap changed while it was being checked. Try again.")

    def _standing(self, database: Database) -> Standing:
        row = database.one(STANDING.format(users=_users()), [self.now, self.now, self.now.date(), self.user_id])
        if row is None:
            raise NotFound(f"There is no user {self.user_id} to charge.")
        token_cap, usd_cap, *counters = row
        return Standing(
            DEFAULT_TOKEN_CAP if token_cap is None else token_cap,
            DEFAULT_USD_PICO if usd_cap is None else usd_cap,
            *(value or 0 for value in counters),
        )


@dataclass(slots=True)
class Held:
    """A reservation, as read in a transaction. A closed one has nothing left."""

    user_id: int
    day: date
    tokens: int
    usd: int
    operation: str
    session_id: str
    attempt: dict[str, Any] | None


def _held(database: Database, reservation: UUID | None) -> Held | None:
    """None where it is unknown."""
    row = database.one(HELD, [reservation]) if reservation else None
    if row is None:
        return None
    *rest, attempt = row
    return Held(*rest, attempt=as_json(attempt))


@dataclass(slots=True)
class Record:
    """`then`: JSON of the call that follows under the same reservation (a retry), for the reaper.
    `close`: nothing follows; the rest is freed in the same transaction. `also`: what is written with it."""

    admits: ClassVar[bool] = False
    attempt: Attempt
    reservation: UUID | None
    now: datetime
    then: str | None = None
    close: bool = False
    also: Callable[[Database], None] | None = None
    user_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.user_id = self.attempt.user_id

    def run(self, database: Database) -> str:
        if database.replay and database.one(IS_BOOKED, [self.attempt.id]):
            return str(self.attempt.id)
        held = _held(database, self.reservation)
        if held is not None and held.user_id != self.user_id:
            held = None  # not theirs to draw from: booked without it
        drawn = _book(database, self.attempt, held, self.now, all_of_it=self.close)
        if held is not None and self.close:
            database.execute(CLOSE, [self.now, self.reservation])
        elif held is not None:
            database.execute(DRAW, [*drawn, self.then, self.reservation])
        if self.also is not None:
            self.also(database)
        return str(self.attempt.id)


def _book(
    database: Database, attempt: Attempt, held: Held | None, now: datetime, *, all_of_it: bool
) -> tuple[int, int]:
    """Writes the row and counts it on its day. What is drawn from the reservation is no longer reserved."""
    day = held.day if held else now.date()
    row = row_of(attempt, number=database.next_number(), cap_day=day, now=now)
    columns, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    insert = f"INSERT INTO providers_aiusagelog ({columns}) VALUES ({marks})"  # noqa: S608  (names of `row_of`)
    database.execute(insert, list(row.values()))
    tokens, usd = row["total_tokens"], row["actual_cost_usd"]
    if held is None:
        drawn = (0, 0)
    else:
        drawn = (held.tokens, held.usd) if all_of_it else (min(held.tokens, tokens), min(held.usd, usd))
    settle(database, attempt.user_id, day, (tokens, usd), drawn)
    return drawn


@dataclass(slots=True)
class Release:
    admits: ClassVar[bool] = False
    reservation: UUID
    now: datetime
    user_id: int | None = None

    def run(self, database: Database) -> None:
        if database.one(IS_OPEN, [self.reservation]) and (held := _held(database, self.reservation)):
            settle(database, held.user_id, held.day, (0, 0), (held.tokens, held.usd))
            database.execute(CLOSE, [self.now, self.reservation])


@dataclass(slots=True)
class Extend:
    admits: ClassVar[bool] = False
    reservation: UUID
    expires_at: datetime
    user_id: int | None = None

    def run(self, database: Database) -> bool:
        database.execute(PROLONG, [self.expires_at, self.reservation, self.expires_at])
        return database.one(IS_OPEN, [self.reservation]) is not None


@dataclass(slots=True)
class Reap:
    """Frees a reservation whose lease ran out; a call in flight gets its row, charged at what was reserved."""

    admits: ClassVar[bool] = False
    reservation: UUID
    now: datetime
    user_id: int | None = None

    def run(self, database: Database) -> bool:
        if not database.one(IS_OVERDUE, [self.reservation, self.now]):
            return False
        held = _held(database, self.reservation)
        if held is None:
            return False
        if held.attempt is not None and (attempt := self._lost(database, held)):
            _book(database, attempt, held, self.now, all_of_it=True)
        else:
            settle(database, held.user_id, held.day, (0, 0), (held.tokens, held.usd))
        database.execute(CLOSE, [self.now, self.reservation])
        return True

    def _lost(self, database: Database, held: Held) -> Attempt | None:
        """None where the call was booked after all."""
        draft = held.attempt or {}
        row_id = as_uuid(draft.get("id")) or uuid5(NAMESPACE_OID, f"lost:{self.reservation}")
        if database.one(IS_BOOKED, [row_id]):
            return None
        return lost(
            draft,
            row_id=row_id,
            user_id=held.user_id,
            operation=held.operation,
            session_id=held.session_id,
            tokens=held.tokens,
            usd=from_pico(held.usd) or Decimal(0),
        )
