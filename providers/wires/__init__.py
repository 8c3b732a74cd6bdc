"""The wires: one module per protocol. Which provider speaks which is a row in `providers/catalog.py`.

Imported lazily, one by one: an official SDK takes a second or two to import.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from providers.catalog import provider
from providers.exceptions import NotConfigured

if TYPE_CHECKING:
    from providers.types import Connection
    from providers.wires.base import AIProvider

WIRES = {
    "openai_chat": "providers.wires.openai_chat:OpenAIChatWire",
    "anthropic": "providers.wires.anthropic:AnthropicWire",
    "gemini": "providers.wires.gemini:GeminiWire",
    "mistral": "providers.wires.mistral:MistralWire",
    "cloudflare": "providers.wires.cloudflare:CloudflareWire",
    "ollama": "providers.wires.ollama:OllamaWire",
    "jules": "providers.wires.jules:JulesWire",
    "mock": "providers.wires.mock:MockWire",
}


def preload() -> None:
    """Imports every wire with its SDK (seconds), so that the first call of a process doesn't stand still
    for it. For a thread at start; errors of an import come out here."""
    for path in ("providers.network.transport", *WIRES.values()):
        import_module(path.partition(":")[0])


def wire_for(connection: "Connection") -> "AIProvider":
    """The wire that speaks to that connection's provider; raises `NotConfigured` where there is none yet."""
    row = provider(connection.provider)
    if not row.available or row.wire not in WIRES:
        raise NotConfigured(f"{row.name} is not available yet.")
    return _class(row.wire)(connection)


@cache
def _class(wire: str) -> "type[AIProvider]":
    module, _, name = WIRES[wire].partition(":")
    return getattr(import_module(module), name)
