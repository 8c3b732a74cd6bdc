"""Reading the audit log: filters, pages by number (never an offset), the export, and how the chain stands."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet

from providers.exceptions import InvalidInput, NotFound
from providers.ledger.chains import CHAINS, Chain
from providers.models import AuditEntry, ChainCheck, Seal
from providers.trail import audit

PAGE, LARGEST_PAGE, EXPORT_AT_ONCE = 50, 200, 1_000
FILTERS = ("actor", "action", "object", "from", "to")
LONGEST = 200
NUMBERS = 2**63


@dataclass(frozen=True, slots=True)
class Asked:
    """`object`: `type` or `type:id`. Days are UTC, both included. `before`: entries with a lower number."""

    actor: str = ""
    action: str = ""
    object: str = ""
    first: date | None = None
    last: date | None = None
    before: int | None = None
    size: int = PAGE

    def query(self, **more: Any) -> str:
        """`?…` of these filters, without the page."""
        parts = {"actor": self.actor, "action": self.action, "object": self.object}
        parts |= {"from": self.first.isoformat() if self.first else "", "to": str(self.last or ""), **more}
        kept = {name: value for name, value in parts.items() if value}
        return f"?{urlencode(kept)}" if kept else "?"


def read(given: Mapping[str, str], also: tuple[str, ...] = ()) -> Asked:
    """Errors: InvalidInput that names the first parameter that can't be used."""
    known = {*FILTERS, "before", "page_size", *also}
    for name, value in given.items():
        if name not in known:
            listed = ", ".join(sorted(known))
            raise InvalidInput(f"There is no parameter {name[:60]!r}. Use {listed}.", param=name[:60])
        if len(value) > LONGEST or "\x00" in value:
            raise InvalidInput(f"{name} can have at most {LONGEST} characters, without NUL.", param=name)
    texts = {name: given.get(name, "").strip() for name in ("actor", "action", "object")}
    first, last = _day(given, "from"), _day(given, "to")
    if first and last and first > last:
        raise InvalidInput(f"The range ends ({last}) before it begins ({first}).", param="from")
    size = min(_whole(given, "page_size") or PAGE, LARGEST_PAGE)
    return Asked(**texts, first=first, last=last, before=_whole(given, "before"), size=size)


def _whole(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:19]) < NUMBERS or len(text) > 19:
        raise InvalidInput(f"Write {name} as a whole number above 0.", param=name)
    return int(text)


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "").strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(f"Write {name} as a day, such as 2026-11-20.", param=name) from None
    if day is not None and not 2000 <= day.year <= 9000:
        raise InvalidInput(f"There are no entries of the year {day.year}.", param=name)
    return day


def matching(asked: Asked) -> QuerySet[AuditEntry]:
    """Newest first. Errors: InvalidInput for a name that nobody has."""
    rows = AuditEntry.objects.order_by("-number")
    if asked.actor:
        rows = rows.filter(**_actor(asked.actor))
    if asked.action:
        rows = rows.filter(action=asked.action)
    if asked.object:
        kind, _, key = asked.object.partition(":")
        rows = rows.filter(object_type=kind, **({"object_id": key} if key else {}))
    if asked.first:
        rows = rows.filter(at__gte=datetime.combine(asked.first, time(), UTC))
    if asked.last:
        rows = rows.filter(at__lt=datetime.combine(asked.last + timedelta(days=1), time(), UTC))
    return rows


def _actor(name: str) -> dict[str, Any]:
    """A user's name, `#7` for an account by number, `nobody` for acts without one, or `shell`, `worker`."""
    if name in ("shell", "worker"):
        return {"surface": name}
    if name == "nobody":
        return {"actor_id": None}
    if name.startswith("#") and name[1:].isascii() and name[1:].isdigit() and len(name) < 20:
        return {"actor_id": int(name[1:])}
    pk = get_user_model()._default_manager.filter(username=name).values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidInput(f"There is no user named {name[:60]!r}.", param="actor")
    return {"actor_id": pk}


def page(asked: Asked) -> dict[str, Any]:
    """`entries`, newest first; `next_before` where there are older ones."""
    rows = matching(asked)
    if asked.before:
        rows = rows.filter(number__lt=asked.before)
    found = list(rows[: asked.size + 1])
    shown = found[: asked.size]
    more = shown[-1].number if len(found) > asked.size else None
    return {"entries": _plain(shown), "next_before": more}


def one(number: int) -> dict[str, Any]:
    """An entry with the seal that holds it. Errors: NotFound."""
    found = AuditEntry.objects.filter(number=number).first() if number < NUMBERS else None
    if found is None:
        raise NotFound("There is no such entry.")
    seal = Seal.objects.filter(chain="audit", first__lte=number, last__gte=number).first()
    sealed = {"number": seal.number, "hash": seal.hash, "at": seal.sealed_at.isoformat()} if seal else None
    return {**_plain([found])[0], "signature": found.signature, "seal": sealed}


def _plain(rows: list[AuditEntry]) -> list[dict[str, Any]]:
    about = {int(row.object_id) for row in rows if row.object_type == "user" and row.object_id.isdigit()}
    names = audit.names_of({row.actor_id for row in rows if row.actor_id} | about)
    return [_entry(row, names) for row in rows]


def _entry(row: AuditEntry, names: Mapping[int, str]) -> dict[str, Any]:
    label = row.object_label
    if row.object_type == "user" and row.object_id.isdigit():
        label = names.get(int(row.object_id), f"Former user {row.object_id}")
    actor = names.get(row.actor_id, f"Former user {row.actor_id}") if row.actor_id else row.surface
    return {
        "number": row.number,
        "at": row.at.isoformat(),
        "actor": {"id": row.actor_id, "name": actor, "role": row.role},
        "surface": row.surface,
        "action": row.action,
        "object": {"type": row.object_type, "id": row.object_id, "label": label},
        "before": row.was,
        "after": row.became,
        "reason": row.reason,
        "request_id": row.request_id,
        "address": row.address,
        "outcome": row.outcome,
    }


def actions() -> list[str]:
    """The words that occur, for the filter; a walk from one to the next over the index, not over the rows."""
    table = AuditEntry._meta.db_table
    walk = (
        f"WITH RECURSIVE words(word) AS (SELECT MIN(action) FROM {table} UNION ALL "  # noqa: S608  constants
        f"SELECT (SELECT MIN(action) FROM {table} WHERE action > words.word) FROM words WHERE word IS NOT NULL) "
        "SELECT word FROM words WHERE word IS NOT NULL LIMIT 200"
    )
    with connection.cursor() as cursor:
        cursor.execute(walk)
        return [word for (word,) in cursor.fetchall()]


async def chunks(asked: Asked) -> AsyncIterator[list[dict[str, Any]]]:
    """Every matching entry, for an export: memory flat, and nothing written meanwhile gets in."""
    before = asked.before
    while True:
        found = await sync_to_async(page)(replace(asked, before=before, size=EXPORT_AT_ONCE))
        if found["entries"]:
            yield found["entries"]
        before = found["next_before"]
        if before is None:
            return


def standing(chain: Chain) -> dict[str, Any]:
    """The chain as it was last verified; cheap. `checked` None: never."""
    last = ChainCheck.objects.filter(chain=chain.name).first()
    tip = Seal.objects.filter(chain=chain.name).order_by("-number").values_list("last", flat=True).first() or 0
    newest = chain.model.objects.order_by("-number").values_list("number", flat=True).first() or 0
    said: dict[str, Any] = {"chain": chain.name, "rows": newest, "unsealed": max(0, newest - tip), "checked": None}
    if last is not None:
        said |= {
            "checked": last.at.isoformat(),
            "ok": last.ok,
            "proven": last.rows + last.unsealed,
            "rows_per_s": int((last.rows + last.unsealed) / last.seconds) if last.seconds else 0,
            "first_bad": last.first_bad,
            "problem": last.problem,
            "note": last.note,
        }
    return said


def standings() -> Iterator[dict[str, Any]]:
    return (standing(chain) for chain in CHAINS.values())
