"""Step 1: what is known of the failure, and the failing command seen to fail."""

import asyncio
from typing import TYPE_CHECKING, Any

from jules import proof
from jules.context import _collect_failure_context
from providers.runtime.hop import hop

if TYPE_CHECKING:
    from jules.work.run import Run


async def collect(run: "Run") -> dict[str, Any]:
    """Context, the commit that is mended, and the check before."""
    place = await read_sources(run)
    red = await red_run(run, place)
    said = red["output"] if red and not proof.passed(red) else ""
    deployment = run.deployment
    context = await hop(_collect_failure_context, deployment, run.redactor, list(run.modes), said)
    cause = context["cause"] or context["reason"] or "The deployment failed"
    await run.say(f"{len(context['log']):,} characters of log, {len(context['files'])} files named in it. {cause}")
    return {"context": context, "cause": cause[:300], "base_sha": run.base_sha, "red": red}


async def read_sources(run: "Run") -> Any:
    """The tree laid out, its readable files in `run.sources`; the folder."""
    place = await run.lay_out(f"tree-{run.step}", run.base_sha)
    run.sources = await asyncio.to_thread(proof.read_tree, place, run.modes)
    await run.say(f"Commit {run.base_sha[:12]}, {len(run.modes)} files.")
    return place


async def red_run(run: "Run", place: Any) -> dict[str, Any] | None:
    if why := proof.why_not(run.service, run.deployment.failed_in):
        await run.say(f"The failure is not run again: {why}")
        return None
    red = await proof.run(run.service, place, run.redactor)
    ended = "passes without a change" if proof.passed(red) else f"fails, exit status {red['exit_code']}"
    await run.say(f"$ {red['command']}\n{red['output']}\nBefore the change the command {ended}.")
    return red
