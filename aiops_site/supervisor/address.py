"""The address that the site listens on, and the one that a person types."""

import http.client
import json
import socket
from collections.abc import Sequence
from typing import Any

EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104  every interface: this machine is one of them
LOCAL = {"localhost", "127.0.0.1", "[::1]"}


def shown(host: str, port: int, named: Sequence[str]) -> str:
    """A URL that works in a browser. `named`: under which names the site answers (ALLOWED_HOSTS)."""
    if host in EVERYWHERE:
        host = "localhost" if "localhost" in named or not named else named[0].strip("[].")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def only_here(host: str, named: Sequence[str]) -> bool:
    """It listens to others, and answers under no name that they could type."""
    return host in EVERYWHERE and set(named) <= LOCAL | EVERYWHERE


def why_not_free(host: str, port: int) -> str:
    """Empty when the address can be listened on, else the reason in a few words."""
    if not 0 < port < 65536:  # the resolver would take it modulo 65536
        return "a port is a number from 1 to 65535"
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
            probe.listen(1)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""


def readiness(host: str, port: int, named: list[str]) -> dict[str, Any]:
    """The parts that `/readyz` tells there, name -> {ok, detail}; empty where nothing of ours answers. `named`:
    under which names the site answers."""
    if host in EVERYWHERE:
        host = "::1" if host == "::" else "127.0.0.1"
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", "/readyz", headers={"Host": named[0].lstrip(".") if named else "localhost"})
        return dict(json.loads(connection.getresponse().read())["parts"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return {}
    finally:
        connection.close()
