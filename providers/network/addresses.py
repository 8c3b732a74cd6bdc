"""Which addresses may be called: the rules, without any connection.

Two gates with one set of rules. The text of a URL is checked when it is saved and again when it is
used; the address that a name really resolves to is checked at connect time (`providers/network/outbound.py`),
so that neither a redirect, a second spelling nor a changed DNS answer gets round it.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from providers.exceptions import InvalidInput, OutboundRefused

# Everything that is not plainly a URL is refused: what two parsers could read differently never gets in.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"(?P<host>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)")
# Databases, caches, mail and shells: an entry of AI_PRIVATE_HOSTS opens these only by naming the port.
_NEVER_BY_HOST_ALONE = frozenset({22, 23, 25, 465, 587, 1433, 2375, 3306, 5432, 6379, 9200, 11211, 27017})
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".localdomain")
# IPv6 networks whose last 32 bits are an IPv4 address: what they reach is that address.
_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case, IPv6 without brackets) and port of one upstream."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """`host:port`, as it stands in AI_PRIVATE_HOSTS."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether that address belongs to the open internet, after unwrapping IPv4 in IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in net for net in _CARRIES_IPV4):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def canonical(host: str) -> str:
    """The host in lower case, an IPv6 address without brackets and in its shortest spelling."""
    text = host.lower().strip("[]")
    address = literal_address(text) if ":" in text else None
    return str(address) if address else text


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` is; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


class Guard:
    """The rules, with the private `host` or `host:port` entries that the operator has opened.

    An entry without a port opens every port of that host but those of databases and shells. An entry also
    lifts the https rule there.
    Raises `InvalidInput` for an entry that is neither.
    """

    def __init__(self, private_hosts: Iterable[str] = ()) -> None:
        self.entries = tuple(entry.strip() for entry in private_hosts if entry.strip())
        self._private = {self._read_entry(entry) for entry in self.entries}
        self._judge = lru_cache(maxsize=1024)(self._judge_anew)  # asked for every call

    @staticmethod
    def _read_entry(entry: str) -> tuple[str, int | None]:
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise InvalidInput(
                f'AI_PRIVATE_HOSTS holds "{entry[:80]}", which is neither a host nor host:port. '
                "Write it like localhost:11434, without http://."
            )
        return canonical(found["host"]), int(found["port"]) if found["port"] else None

    def opens(self, origin: Origin) -> bool:
        """Whether the operator listed that host, or that host and port."""
        if (origin.host, origin.port) in self._private:
            return True
        return (origin.host, None) in self._private and origin.port not in _NEVER_BY_HOST_ALONE

    def env_line(self, origin: Origin) -> str:
        """The exact line for `.env` that opens this upstream beside those already open."""
        return "AI_PRIVATE_HOSTS=" + ",".join((*self.entries, origin.netloc))

    def check_url(self, url: str) -> Origin:
        """The origin of a URL that may be called; raises `OutboundRefused` with a sentence for the admin."""
        problem, origin = self._judge(url)
        if problem or origin is None:
            raise OutboundRefused(problem)
        return origin

    def clean_base_url(self, url: str, param: str = "base_url") -> str:
        """A base URL fit to be saved, without its last slash; raises `InvalidInput` for that field."""
        text = url.strip()
        problem, _ = self._judge(text)
        if not problem and "?" in text:
            problem = "A base URL ends before the question mark."
        if problem:
            raise InvalidInput(problem, param=param)
        return text.rstrip("/")

    def check_listed(self, url: str, provider: str, allowed: Collection[str]) -> Origin:
        """The origin of a URL on the plain https port of exactly one of the allowed hosts.

        Raises `OutboundRefused`, with the setting's name.
        A host that the operator also opened in AI_PRIVATE_HOSTS may have another port, and plain http.
        """
        origin = self.check_url(url)
        hosts = {host.lower() for host in allowed}
        if origin.host in hosts and (origin.port == 443 or self.opens(origin)):
            return origin
        setting = f"{provider.upper()}_ALLOWED_HOSTS"
        raise OutboundRefused(
            f"Provider '{provider}' not in {setting}. Allowed: {', '.join(sorted(hosts))}. "
            f"To use {origin.netloc}, add its host to {setting} in .env and restart."
        )

    def check_address(self, origin: Origin, address: str) -> None:
        """Raises `OutboundRefused` where the address that a name resolved to is private and not opened.

        An opened origin may be any address: its host and port are fixed by the operator, and the
        caller connects to that port alone.
        """
        if self.opens(origin) or is_public(ip_address(address.partition("%")[0])):
            return
        raise OutboundRefused(self._private_sentence(origin, f"{origin.host} leads to a private address"))

    def private_line(self, url: str) -> str:
        """The line to add to `.env` where this URL is private and not opened yet, else an empty string."""
        found = _URL.fullmatch(url.strip())
        origin = _origin(found) if found else None
        if origin is None or self.opens(origin):
            return ""
        return self.env_line(origin) if _names_private(origin.host) else ""

    def _judge_anew(self, url: str) -> tuple[str, Origin | None]:
        found = _URL.fullmatch(url)
        origin = _origin(found) if found else None
        if origin is None:
            return _shape_sentence(url), None
        if self.opens(origin):
            return "", origin
        if _names_private(origin.host):
            return self._private_sentence(origin, f"{origin.netloc} is a private address"), origin
        if origin.scheme != "https":
            return (
                f"Use https for {origin.host}. Plain http is only for hosts of your own: "
                f"to allow it there, add this line to .env and restart: {self.env_line(origin)}"
            ), origin
        return "", origin

    def _private_sentence(self, origin: Origin, reason: str) -> str:
        return f"{reason}. To allow it, add this line to .env and restart: {self.env_line(origin)}"


def _origin(found: re.Match[str]) -> Origin | None:
    """None where the host or the port can't be one."""
    scheme, host = found["scheme"].lower(), canonical(found["host"])
    port = int(found["port"]) if found["port"] else (443 if scheme == "https" else 80)
    if not 0 < port < 65536 or not _is_host(host):
        return None
    return Origin(scheme, host, port)


def _is_host(host: str) -> bool:
    if ":" in host:
        return literal_address(host) is not None
    if not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return False
    # 127.1, 0x7f.1 and 2130706433 are addresses to a C library: only the plain spelling passes.
    return not _NUMBER.fullmatch(host.rsplit(".", 1)[-1]) or str(literal_address(host)) == host


def _names_private(host: str) -> bool:
    """Whether the text alone says so: a private address, or a name that is never public."""
    address = literal_address(host)
    if address is not None:
        return not is_public(address)
    return "." not in host or host.endswith(_LOCAL_ENDINGS)


def _shape_sentence(url: str) -> str:
    if "@" in url.partition("//")[2].partition("/")[0]:
        return "Leave out the name and password before the @: a key has its own field."
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "Write the address with its scheme, like https://api.example.com/v1."
    if not url.isascii():
        return "Write the address in plain ASCII letters; an international name in its xn-- form."
    return "That is not a plain web address. Write it like https://api.example.com/v1."
