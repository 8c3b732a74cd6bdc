"""Zones that usage can be shown in. Caps and budgets are always by UTC day."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from providers.exceptions import InvalidInput

UTC_NAME = "UTC"
# One for each offset that is in use, for the form; an address can name any other.
OFFERED = (
    "UTC",
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Halifax",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Stockholm",
    "Europe/Athens",
    "Africa/Johannesburg",
    "Africa/Nairobi",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Kabul",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dhaka",
    "Asia/Yangon",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
)


@cache
def known() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"} | {UTC_NAME}


def zone_of(name: str) -> ZoneInfo:
    """Errors: InvalidInput for a name that is no zone."""
    if name not in known():
        raise InvalidInput(f"There is no zone {name[:40]!r}. Write it as Europe/Stockholm or UTC.", param="zone")
    return ZoneInfo(name)
