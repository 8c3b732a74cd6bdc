"""What a scope lets through: a tool by its name, all tools of an area (`services:read`), a risk (`read`)."""

from collections.abc import Collection, Iterable
from typing import Any, get_args

from providers.exceptions import InvalidInput, NotAllowed
from providers.tools import Risk, Tool, ToolRegistry

RISKS: tuple[str, ...] = get_args(Risk)
MOST = 64


def fits(tool: Tool, scopes: Collection[str]) -> bool:
    """Whether any of the scopes lets this tool through; a tool without an area needs its name or its risk."""
    return tool.name in scopes or tool.risk in scopes or any(scope in scopes for scope in tool.scopes)


def known() -> frozenset[str]:
    tools = ToolRegistry.tools()
    return frozenset(RISKS) | {tool.name for tool in tools} | {scope for tool in tools for scope in tool.scopes}


def checked(given: Any) -> frozenset[str]:
    """A list of scopes, or words in a text. Errors: InvalidInput for what is none of them."""
    words = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(words, Iterable) or not all(isinstance(word, str) for word in words):
        raise InvalidInput("Scopes are a list of words.", param="scopes")
    found = frozenset(words)
    if strange := sorted(found - known()):
        areas = sorted(known() - {tool.name for tool in ToolRegistry.tools()})
        raise InvalidInput(
            f"There is no scope {strange[0][:60]!r}. Scopes are {', '.join(areas)}, and the names of tools.",
            param="scopes",
        )
    if not found or len(found) > MOST:
        raise InvalidInput(f"Name 1 to {MOST} scopes.", param="scopes")
    return found


def narrowed(granted: frozenset[str], asked: frozenset[str]) -> frozenset[str]:
    """What was asked for. Errors: NotAllowed where it lets anything through that the grant does not."""
    through = {tool.name for tool in ToolRegistry.tools() if fits(tool, granted)}
    for scope in sorted(asked - granted):
        if not {tool.name for tool in ToolRegistry.tools() if fits(tool, {scope})} <= through:
            raise NotAllowed(f"The scope {scope} was not granted.", code="scope_not_granted")
    return asked
