"""How figures and times read on pages, in terminals and in exports' sentences (no Django here).

Money is a Decimal or a decimal string in USD. Empty is not zero is not unknown: an unknown price says so,
a missing figure is an en dash. Nothing is rounded up to a rounder figure ($9.996 reads $9.99, never $10.00).
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache

Number = Decimal | int | float | str

UNKNOWN_PRICE = "unknown price"
MISSING = "–"
DAY = timedelta(days=1)


def money(value: Number | None, places: int | None = None) -> str:
    """`$361.78`; below one dollar four decimals; a trace that four decimals can't show is `< $0.0001`.

    Nothing spent is `$0.00`. `places` fixes the decimals (2 for caps and budgets, 4 for one call's cost).
    """
    if value is None or value == "":
        return UNKNOWN_PRICE
    amount = _decimal(value)
    if not amount:
        return f"${0:.{2 if places is None else places}f}"
    size = abs(amount)
    digits = places if places is not None else (4 if size < 1 else 2)
    smallest = _step(digits)
    if size < smallest:
        return f"< ${smallest}"
    return f"{'-' if amount < 0 else ''}${_rounded(size, digits):,.{digits}f}"


def usd(value: Decimal) -> str:
    """US dollars for JSON: exact plain digits, at least two decimals: `12.07`, `0.000098125`."""
    whole, _, rest = f"{value:f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def estimated(value: Number | None, places: int | None = None) -> str:
    """`≈ $0.0001`; an unknown price stays unknown."""
    shown = money(value, places)
    return shown if shown == UNKNOWN_PRICE else f"≈ {shown}"


def exact_money(value: Number | None) -> str:
    """Every digit that is known: `$0.000098125`."""
    if value is None or value == "":
        return UNKNOWN_PRICE
    amount = _decimal(value).normalize()
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{places}f}"


def count(value: int | None) -> str:
    """`19,372`; from 100,000 on `1.24 M`, from a billion on `1.24 bn`."""
    if value is None:
        return MISSING
    if abs(value) < 100_000:
        return f"{value:,}"
    size, unit = (10**9, "bn") if abs(value) >= 10**9 else (10**6, "M")
    return f"{_rounded(Decimal(value) / size, 2):,.2f} {unit}"


def exact_count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}"


def percent(value: Number | None, places: int | None = None) -> str:
    """A value in percent (6.8, not 0.068): `6.8 %`, from ten on `62 %`, a trace is `< 0.1 %`."""
    if value is None or value == "":
        return MISSING
    share = _decimal(value)
    if 0 < abs(share) < Decimal("0.1"):
        return "< 0.1 %"
    if share == 0:
        return "0 %"
    return f"{_rounded(share, places if places is not None else (0 if abs(share) >= 10 else 1))} %"


def seconds(value: Number | None) -> str:
    """`0.4 s`, `31.4 s`, from ten minutes on `11 m`, `9 h 46 m`, from two days on `3 d 4 h`."""
    if value is None or value == "":
        return MISSING
    length = _decimal(value)
    if 0 < length < Decimal("0.05"):
        return "< 0.1 s"
    if length < 600:
        return f"{length.quantize(Decimal('0.1'), ROUND_HALF_UP)} s"
    whole = int(length)
    if whole < 3600:
        return f"{whole // 60} m"
    if whole < 2 * 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def wait(length_s: float) -> str:
    """How long somebody has to wait, in whole seconds: `42 s`, `4 m 12 s`, from an hour on as `seconds`."""
    whole = max(1, round(length_s))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} m {whole % 60} s" if whole < 3600 else seconds(whole)


def clock(value: Number | None) -> str:
    """A running or final time as `0:41`, `3:57`, `1:02:03`."""
    if value is None or value == "":
        return MISSING
    minutes, rest = divmod(max(0, int(_decimal(value))), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(value: int | None) -> str:
    """Bytes in powers of ten: `512 B`, `48.2 kB`, `100 MB`."""
    if value is None:
        return MISSING
    if value < 1000:
        return f"{value} B"
    amount, unit = Decimal(value), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        amount, unit = amount / 1000, bigger
        if amount < 1000:
            break
    return f"{_rounded(amount, 0 if amount >= 100 else 1)} {unit}"


def when(moment: datetime, now: datetime) -> str:
    """`4 min ago` within a day, else `Nov 12, 17:20`, with the year when it is another one.

    Both are aware; the clock time shown is in `now`'s zone.
    """
    if abs(now - moment) < DAY:
        return ago(moment, now)
    local = moment.astimezone(now.tzinfo)
    year = "" if local.year == now.year else f", {local.year}"
    return f"{local:%b} {local.day}{year}, {local:%H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """Always relative: `just now`, `40 s ago`, `4 min ago`, `2 h ago`, `12 days ago`, and `in 9 h 46 m`."""
    gone = int((now - moment).total_seconds())
    if gone < 0:
        return f"in {_ahead(-gone)}"
    if gone < 10:
        return "just now"
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if gone < limit:
            return f"{gone // unit} {name} ago"
    days = gone // 86400
    return f"{days} day{'' if days == 1 else 's'} ago"


def exact_when(moment: datetime, now: datetime) -> str:
    """`Nov 12, 2026, 17:20:04 UTC+1`, in `now`'s zone."""
    local = moment.astimezone(now.tzinfo)
    return f"{local:%b} {local.day}, {local.year}, {local:%H:%M:%S} {zone(local)}"


def zone(moment: datetime) -> str:
    """`UTC`, `UTC+1`, `UTC+5:30`."""
    offset = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    if not offset:
        return "UTC"
    hours, minutes = divmod(abs(offset), 60)
    return f"UTC{'+' if offset > 0 else '-'}{hours}{f':{minutes:02}' if minutes else ''}"


def parsed(moment: datetime | str) -> datetime:
    """An aware datetime from one, or from ISO text; naive text is UTC."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


@cache
def _step(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _rounded(amount: Decimal, places: int) -> Decimal:
    """Half up, but down where rounding up would make a rounder figure than the true one."""
    step = _step(places)
    up = amount.quantize(step, ROUND_HALF_UP)
    if abs(up) <= abs(amount) or (places == 0 and abs(up) % 100):
        return up
    return amount.quantize(step, ROUND_DOWN) if up == up.to_integral_value() else up


def _ahead(gap: int) -> str:
    if gap < 60:
        return f"{gap} s"
    return f"{gap // 60} min" if gap < 3600 else seconds(gap)
