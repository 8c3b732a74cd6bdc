"""Tools that run code and that ask the Senate. Both cost something and change nothing, so nobody is asked first;
each has a scope of its own.
"""

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from uuid import UUID

from pydantic import Field

from intelligence.agents import callers, code_runner, gate, snippet
from intelligence.agents.callers import Caller
from intelligence.agents.gate import Refused
from intelligence.agents.run_socket import Ask, error
from intelligence.agents.runs import store
from intelligence.models import Approval
from providers.exceptions import NotFound
from providers.runtime.hop import hop
from providers.tools import tool
from senate import chat
from senate.models import OPEN_STATES, SenateSession

TOOLS, APPROVALS = "/api/v1/ops/tools/", "/api/v1/ops/approvals/"
NOT_INSIDE = "run_code"  # code that starts code would have no end
MOST_WAIT_S = 50.0


@tool(
    permission="engineer",
    risk="write",
    scopes=("code",),
    approval=False,
    lasts_s=snippet.LIMITS.wall_s + 75,
    most_result_chars=500_000,
)
async def run_code(
    language: Annotated[Literal["python", "shell"], Field(description="shell is POSIX sh")],
    code: Annotated[str, Field(description="The program; `import aiops` is there")],
) -> dict[str, Any]:
    """Runs code in a sandbox without network and files: {exit_code, stdout, stderr, killed_by}. 10 s CPU, 256 MB,
    32 kB of output; nothing of it is left afterwards. In Python `aiops.call(name, **arguments)` calls a tool."""
    caller = callers.current()
    return await code_runner.run(language, code, serving(caller) if caller else None)


def serving(caller: Caller) -> Ask:
    """What the sandbox's socket answers: the same gate, with the same caller. Nothing else is there."""

    async def ask(method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        try:
            if method == "GET" and path == TOOLS:
                return 200, {"tools": [plain(one) for one in await hop(gate.tools, caller)]}
            if method == "POST" and path.startswith(TOOLS):
                return await _called(caller, unquote(path[len(TOOLS) :].rstrip("/")), body)
            if method == "GET" and path.startswith(APPROVALS):
                return 200, await hop(_approval, caller, path[len(APPROVALS) :].rstrip("/"))
        except Refused as refused:
            return refused.status, {"error": refused.as_dict()}
        return 404, error("There is nothing here but tools and approvals.", "not_found")

    return ask


async def _called(caller: Caller, name: str, body: Any) -> tuple[int, dict[str, Any]]:
    given = body.get("arguments") if isinstance(body, dict) else None
    if given is not None and not isinstance(given, dict):
        return 400, error("The arguments are an object.", "invalid_input")
    if name == NOT_INSIDE:
        return 403, error("Code in the sandbox can't start more code.", "not_inside")
    outcome = await gate.acall(caller, name, given)
    if outcome.approval_id is not None:
        return 202, {"approval_id": str(outcome.approval_id)}
    return 200, {"result": outcome.result}


def plain(offered: gate.Offered) -> dict[str, Any]:
    return {"name": offered.name, "description": offered.description, "parameters": offered.parameters}


def _approval(caller: Caller, text: str) -> dict[str, Any]:
    """{state, result, error} of an approval that this caller asked for. Errors: Refused."""
    try:
        found = Approval.objects.filter(pk=UUID(text), caller=caller.as_dict()).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused(NotFound("There is no such approval of yours."))
    return {"state": found.state, "result": found.result, "error": found.error}


@tool(permission="engineer", risk="write", scopes=("senate",), approval=False, lasts_s=60)
def ask_senate(
    question: Annotated[str, Field(description="With all that is known: it sees nothing else", max_length=12_000)],
    user: Any,
) -> dict[str, Any]:
    """Puts a hard question to a committee of models that propose, vote and resolve. Costs money and takes minutes:
    read the answer with senate_answer."""
    caller = callers.current()
    run = caller.run_id if caller else None
    charge = (lambda session: store.charge(run, session.quoted_usd)) if run else None
    return _shown(chat.start(user, question=question, on_stored=charge))


@tool(scopes=("senate",), lasts_s=MOST_WAIT_S + 10)
async def senate_answer(
    session_id: Annotated[int, Field(description="As ask_senate gave it", ge=1)],
    user: Any,
    wait_s: Annotated[
        float, Field(description="How long to wait for its end", ge=0, le=MOST_WAIT_S)
    ] = MOST_WAIT_S,
) -> dict[str, Any]:
    """The state of a question to the Senate, and its resolution once there is one."""
    session = await hop(_session, user, session_id)
    try:
        async with asyncio.timeout(wait_s):
            async for _ in chat.follow(session.pk, session.last_n):
                pass
    except TimeoutError:
        pass  # it goes on; what is there so far is told
    return _shown(await hop(_session, user, session_id))


def _session(user: Any, pk: int) -> SenateSession:
    shared = SenateSession.objects.visible_to(user).filter(visibility="team")  # others read a run's steps
    found = shared.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such session for you.", param="session_id")
    return found


def _shown(session: SenateSession) -> dict[str, Any]:
    return {
        "session_id": session.pk,
        "url": f"/senate/{session.pk}/",
        "title": session.question[:80],
        "state": session.state,
        "open": session.state in OPEN_STATES,
        "plan": session.plan,
        "most_usd": f"{session.quoted_usd:f}",
        "resolution": session.resolution,
        "reason": session.reason,
    }
