"""What the tests of all wires share: one question to the fake upstream, in a mode of its choice."""

from dataclasses import dataclass
from typing import Any

from providers.types import ChatMessage, Connection, Meter, Prompt, Reply
from providers.wires import wire_for
from tests.fakes.upstream import FakeUpstream

KEY = "sk-canary-0123456789abcdef0123456789abcdef"
QUESTION = "Should the cache move to Redis?"
SCHEMA = {
    "type": "object",
    "properties": {"cause": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["cause", "sure"],
    "additionalProperties": False,
}
PREFIX = {"cloudflare": "@cf/own/"}


def connection(server: FakeUpstream, provider: str, **more: Any) -> Connection:
    given = {"key": KEY, "timeout_s": 30.0, "account_id": "acc-1", "allowed_hosts": ("127.0.0.1",)}
    return Connection(provider, server.url(provider), **{**given, **more})


@dataclass
class Asked:
    """One call: `reply` is None where it failed; the meter and the pieces are there all the same."""

    meter: Meter
    pieces: list[str]
    reply: Reply | None = None


def prompt(provider: str, mode: str, **more: Any) -> Prompt:
    model = f"{PREFIX.get(provider, '')}own-engineer-{mode}"
    given = {"messages": (ChatMessage("user", QUESTION),), "max_output_tokens": 500, "system": "You are terse."}
    return Prompt(model, **{**given, **more})


async def ask(
    server: FakeUpstream,
    provider: str,
    mode: str = "ok",
    *,
    stream: bool = True,
    asked: Asked | None = None,
    options: dict[str, Any] | None = None,
    **more: Any,
) -> Asked:
    """Asks; `asked` is filled too where the call fails. `options` go to the connection, `more` to the prompt."""
    pieces: list[str] = []
    asked = asked or Asked(Meter(), pieces)
    asked.meter, asked.pieces = Meter(on_text=pieces.append if stream else None), pieces
    wire = wire_for(connection(server, provider, **(options or {})))
    asked.reply = await wire.achat(prompt(provider, mode, **more), asked.meter)
    return asked
