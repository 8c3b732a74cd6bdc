"""The door of code execution: a snippet goes into the sandbox that the site has, and what it said comes back.

    await run("python", "print(6 * 7)")      {"exit_code": 0, "stdout": "42\\n", "stderr": "", "killed_by": None}

SANDBOX_BACKEND is `bubblewrap` (here) or `knative` (KNATIVE_EXECUTOR_URL). Where that one can't be had, or its
last trial failed, nothing runs: there is no other way. `off()` says why it can't be had.
"""

from contextlib import AsyncExitStack
from typing import Any

from django.conf import settings

from intelligence.agents import knative, snippet, trial
from intelligence.agents.confine import confinement
from intelligence.agents.run_socket import Ask, served
from providers.exceptions import NotConfigured

BACKENDS = ("bubblewrap", "knative")


def off() -> str:
    """Why code can't be run on this site, in a sentence; empty where it can."""
    if settings.SANDBOX_BACKEND == "knative":
        return (
            ""
            if settings.KNATIVE_EXECUTOR_URL
            else "SANDBOX_BACKEND is knative and KNATIVE_EXECUTOR_URL is empty."
        )
    if settings.SANDBOX_BACKEND != "bubblewrap":
        return f"SANDBOX_BACKEND is {' or '.join(BACKENDS)}, not {settings.SANDBOX_BACKEND[:40]!r}."
    return confinement().missing


async def run(language: Any, code: Any, ask: Ask | None = None) -> dict[str, Any]:
    """Runs it. `ask` answers what the code asks the console through `import aiops`; without it nothing does, nor
    in a cluster. Errors: InvalidInput, NotConfigured, UpstreamError (of the cluster's executor)."""
    given = snippet.checked(language, code)
    if reason := off():
        raise NotConfigured(f"Code can't be run here: {reason}", code="sandbox_off")
    if settings.SANDBOX_BACKEND == "knative":
        return snippet.as_result(await knative.execute(given, settings.KNATIVE_EXECUTOR_URL))
    if reason := await trial.ensured():
        raise NotConfigured(f"Code can't be run here: {reason}", code="sandbox_off")
    async with AsyncExitStack() as stack:
        socket = await stack.enter_async_context(served(ask)) if ask else None
        return snippet.as_result(await snippet.execute(given, socket))
