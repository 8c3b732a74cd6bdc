"""The door for agents: which tools a caller has, and calling one.

    gate.tools(caller)                                     what it may call now
    outcome = gate.call(caller, "logs", {"deployment_id": …})
    outcome.result, or outcome.approval_id where a person must say yes first

Each call passes, in this order: kill switch and standing, rate, scope and role, the tool's schema, approval where
the tool needs one, the audit log, the tool under its time limit, redaction and its size limit, the audit log.
Whatever refuses or fails is one `Refused`. `acall` is the same for async code.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from intelligence.agents import admission, callers
from intelligence.agents.admission import Admitted, Offered, Outcome, Refused
from intelligence.agents.callers import Caller, standing
from providers.exceptions import AIServiceError, ToolFailed
from providers.runtime import loop
from providers.runtime.hop import hop
from providers.tools import ToolRegistry

__all__ = ["Caller", "Offered", "Outcome", "Refused", "acall", "call", "earlier", "tools"]
logger = logging.getLogger(__name__)


def tools(caller: Caller) -> list[Offered]:
    """What it may call now, by name. Errors: Refused where it may do nothing at all."""
    try:
        found = standing(caller)
    except AIServiceError as error:
        raise Refused(error) from None
    return [Offered.of(tool) for tool in ToolRegistry.tools() if found.may(tool)]


def call(
    caller: Caller, name: str, arguments: Mapping[str, Any] | str | None, *, idempotency_key: str | None = None
) -> Outcome:
    """`acall` for code that is not async; blocks until the tool has ended."""
    return loop.run(acall(caller, name, arguments, idempotency_key=idempotency_key))


async def acall(
    caller: Caller, name: str, arguments: Mapping[str, Any] | str | None, *, idempotency_key: str | None = None
) -> Outcome:
    """Calls a tool for a caller, or asks a person to allow it. The same idempotency key with the same arguments
    gives what the first call gave, for a day.

    Errors: Refused, with the status, type, code and sentence of what refused it or of what failed in the tool.
    """
    step = await _hop(admission.admit, caller, name, arguments, idempotency_key)
    if isinstance(step, Outcome):
        return step
    try:
        async with asyncio.timeout(step.tool.lasts_s):
            with callers.calling(caller):
                result = await ToolRegistry.arun(step.tool, step.given, step.mask)
    except TimeoutError:
        sentence = f"The tool {step.tool.name} took longer than {step.tool.lasts_s:g} s and was stopped."
        raise await _ended(step, ToolFailed(sentence, code="tool_timeout")) from None
    except AIServiceError as error:
        raise await _ended(step, error) from None
    except asyncio.CancelledError:
        await _ended(step, ToolFailed("Its caller went away.", code="tool_cancelled"))
        raise
    return await _hop(admission.succeeded, step, result)


def earlier(caller: Caller, idempotency_key: str) -> Outcome | None:
    """What a call with that key gave within the last day; None where it gave nothing, or where that was lost."""
    return admission.earlier(caller, idempotency_key)


async def _ended(step: Admitted, error: AIServiceError) -> Refused:
    return await _hop(admission.failed, step, error)


async def _hop(function: Callable[..., Any], *args: Any) -> Any:
    """A database hop that knows whose request this is, for the audit log."""
    return await hop(copy_context().run, function, *args)
