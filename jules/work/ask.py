"""Step 2: one engine proposes a fix. All that it proposed is kept."""

from typing import TYPE_CHECKING, Any

from jules.context import texts
from jules.engines import chat, jules, local, senate
from jules.engines.types import Engine, Failure
from jules.patch.kept import as_json
from jules.work.collect import read_sources

if TYPE_CHECKING:
    from jules.work.run import Run

ENGINES: dict[str, Engine] = {"local": local.ask, "chat": chat.ask, "senate": senate.ask, "jules": jules.ask}


async def ask(run: "Run") -> dict[str, Any]:
    if not hasattr(run, "sources"):
        await read_sources(run)
    attempt = run.attempt
    answer = await ENGINES[attempt.engine](failure_of(run), run, attempt.remote_session)
    kept = {"patch": answer.patch} if answer.patch else as_json(answer.proposal)
    return {
        "proposal": kept,
        "description": run.redactor.whole(answer.description)[:4_000],
        "model": answer.model[:120],
        "prompt_hash": answer.prompt_hash,
        "cost_usd": max(answer.cost_usd, attempt.cost_usd),
    }


def failure_of(run: "Run") -> Failure:
    attempt, context = run.attempt, run.attempt.context
    red = attempt.red or {}
    readable = texts(run.sources)
    return Failure(
        attempt_id=attempt.pk,
        user_id=attempt.requested_by_id or run.service.owner_id,
        service=run.service.name,
        repository_url=run.service.repository_url,
        branch=attempt.base_branch,
        log=context["log"],
        reason=context["reason"],
        cause=attempt.cause,
        command=red.get("command", ""),
        output=red.get("output", ""),
        files={path: run.redactor.whole(text) for path, text in readable.items()}
        if attempt.engine != "local"
        else readable,
        named=tuple(context["files"]),
        service_id=str(run.service.pk),
        monitoring=tuple(context.get("monitoring", ())),
    )
