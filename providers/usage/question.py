"""What a reader of usage asks: which days, grouped how, filtered by what. Parsed from a query string.

A `Question` holds only what was asked; whose rows may answer it is decided in `providers.usage.scope`.
Days are those of the zone that is asked for (UTC without one), both ends included. Caps are always UTC days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from providers.exceptions import InvalidInput
from providers.usage.zones import UTC_NAME, zone_of

RANGES = {"today": "Today", "7d": "7 days", "30d": "30 days", "month": "Month", "custom": "Custom"}
GROUPS = {
    "provider": "Provider",
    "model": "Model",
    "user": "User",
    "operation": "Operation",
    "service": "Service",
    "session": "Session",
}
STATUSES = {
    "ok": "Succeeded",
    "failed": "Failed",
    "estimated": "Estimated usage",
    "fallback": "Fell back",
    "limited": "Rate-limited upstream",
}
FILTERS = ("provider", "model", "user", "session", "operation", "service", "status")
LONGEST_DAYS = 366
LONGEST_VALUE = 200
QUARTER_S = 900
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Question:
    """`first` and `last` are days of `zone`, both included. An empty filter means: all."""

    range: str
    first: date
    last: date
    today: date
    group: str = "provider"
    provider: str = ""
    model: str = ""
    user: str = ""
    session: str = ""
    operation: str = ""
    service: str = ""
    status: str = ""
    zone: str = UTC_NAME

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def filters(self) -> dict[str, str]:
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    def moments(self) -> tuple[datetime, datetime]:
        """The first moment of the range, and the first one after it."""
        zone = zone_of(self.zone)
        return start_of(self.first, zone), start_of(self.last + DAY, zone)

    def boundaries(self) -> list[int]:
        """Where days begin, as quarters of an hour since 1970-01-01 UTC; the last one ends the last day."""
        zone = zone_of(self.zone)
        return [quarter_of(start_of(self.first + n * DAY, zone)) for n in range(self.days + 1)]

    def span(self) -> tuple[int, int]:
        """The first and the last of the boundaries."""
        first, after = self.moments()
        return quarter_of(first), quarter_of(after)

    def before(self) -> "Question":
        """The same number of days just before; for a month, the same days of the month before it."""
        if self.range != "month":
            return replace(self, first=self.first - self.days * DAY, last=self.first - DAY)
        end = self.first - DAY
        return replace(self, first=end.replace(day=1), last=end.replace(day=min(self.last.day, end.day)))

    def this_month(self) -> "Question":
        return replace(self, range="month", first=self.today.replace(day=1), last=self.today)

    def last_month(self) -> "Question":
        end = self.today.replace(day=1) - DAY
        return replace(self, range="custom", first=end.replace(day=1), last=end)

    def shifted(self, steps: int) -> "Question":
        """Moved by whole ranges, backward for negative steps; never past today."""
        first, last = self.first + steps * self.days * DAY, self.last + steps * self.days * DAY
        if last > self.today:
            first, last = first - (last - self.today), self.today
        return replace(self, range="custom", first=first, last=last)

    def query(self, **changes: Any) -> str:
        """`?…` of this question with some parts changed; what is at its default is left out."""
        parts: dict[str, Any] = {}
        if self.range == "custom":
            parts |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        elif self.range != "30d":
            parts["range"] = self.range
        if self.zone != UTC_NAME:
            parts["zone"] = self.zone
        if self.group != "provider":
            parts["group"] = self.group
        parts |= {**self.filters, **changes}
        if "from" in changes:
            parts.pop("range", None)
        if "range" in changes:
            parts.pop("from", None)
            parts.pop("to", None)
        kept = {name: value for name, value in parts.items() if value not in ("", None)}
        return f"?{urlencode(kept)}" if kept else "?"

    def as_dict(self) -> dict[str, Any]:
        named = {"today": "Today", "7d": "7 days", "30d": "30 days", "month": f"{self.today:%B}"}
        label = named.get(self.range, f"{self.days} days" if self.days > 1 else "1 day")
        return {
            "name": self.range,
            "label": label,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "days": self.days,
            "zone": self.zone,
        }


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day: midnight, or the end of a gap in which midnight fell, or its first midnight."""
    return datetime.combine(day, time.min, zone)


def quarter_of(moment: datetime) -> int:
    return int(moment.timestamp()) // QUARTER_S


def read(given: Mapping[str, str], now: datetime, also: tuple[str, ...] = ()) -> Question:
    """The question of a query string. `also` names parameters that something else reads.

    Errors: InvalidInput that names the first parameter that can't be used.
    """
    known = {"range", "from", "to", "group", "zone", *FILTERS, *also}
    for name in given:
        if name not in known:
            raise InvalidInput(
                f"There is no parameter {name[:60]!r}. These can be used: {', '.join(sorted(known))}.",
                param=name[:60],
            )
    zone = given.get("zone", "").strip() or UTC_NAME
    today = now.astimezone(zone_of(zone)).date()
    name, first, last = _range(given, today, zone)
    group = _one_of(given, "group", GROUPS) or "provider"
    filters = {name: _text(given, name) for name in FILTERS}
    filters["status"] = _one_of(given, "status", STATUSES)
    return Question(name, first, last, today, group, zone=zone, **filters)


def _range(given: Mapping[str, str], today: date, zone: str) -> tuple[str, date, date]:
    custom = bool(given.get("from") or given.get("to"))
    name = _one_of(given, "range", RANGES) or ("custom" if custom else "30d")
    if custom and name != "custom":
        raise InvalidInput("Give either a range or from and to, not both.", param="range")
    match name:
        case "today":
            return name, today, today
        case "7d":
            return name, today - 6 * DAY, today
        case "30d":
            return name, today - 29 * DAY, today
        case "month":
            return name, today.replace(day=1), today
    return _custom(given, today, zone)


def _custom(given: Mapping[str, str], today: date, zone: str) -> tuple[str, date, date]:
    begin, last = _day(given, "from"), _day(given, "to") or today
    first = begin or last - 29 * DAY
    if first > last:
        raise InvalidInput(f"The range ends ({last}) before it begins ({first}).", param="from")
    if first > today:
        raise InvalidInput(f"The range begins on {first}, and today is {today} ({zone}).", param="from")
    last = min(last, today)
    if (last - first).days >= LONGEST_DAYS:
        raise InvalidInput(f"A range can have at most {LONGEST_DAYS} days.", param="from")
    return "custom", first, last


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"Write {name} as a day, such as 2026-11-20.", param=name) from None
    if day.year < 2000 or day.year > 9000:
        raise InvalidInput(f"There are no rows of the year {day.year}.", param=name)
    return day


def _one_of(given: Mapping[str, str], name: str, words: Mapping[str, str]) -> str:
    value = given.get(name, "").strip()
    if value and value not in words:
        raise InvalidInput(f"{name} can be {', '.join(words)}, not {value[:40]!r}.", param=name)
    return value


def _text(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "").strip()
    if len(value) > LONGEST_VALUE or "\x00" in value:
        raise InvalidInput(f"{name} can have at most {LONGEST_VALUE} characters, without NUL.", param=name)
    return value
