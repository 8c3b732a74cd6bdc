"""Steps 4 and 5: the branch, and its one pull request. What a person did there is respected."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from intelligence.git.command import AUTHOR
from jules import body
from jules.engines.types import Stopped
from jules.forges import ForgeError, PullRequest
from jules.work import plan, redeploy, store
from jules.work.patience import patient
from jules.work.story import story
from providers.runtime.hop import hop

if TYPE_CHECKING:
    from jules.work.run import Run

LABELS = ["jules", "auto-fix"]
LEFT_ALONE = "left-alone"
TOUCHED = (
    "Somebody else committed to {branch}, so it is left alone. The new fix is kept in the console; merge or "
    "delete the branch to let auto-fix use it again."
)


async def push(run: "Run") -> dict[str, Any]:
    built = await plan.build(run)
    branch, repository = run.attempt.branch, run.repository
    there = await patient(lambda: run.forge.find(branch), run.say)
    if there is not None and there.state != "open":
        verb = "merged" if there.state == "merged" else "closed"
        raise Stopped(
            f"The {run.forge.noun} {there.number} of this fix was {verb} already; it is not offered again."
        )
    head = await patient(lambda: repository.remote_head(branch), run.say)
    if head:
        bases = await hop(store.bases_of, run.attempt)
        made = await patient(lambda: repository.commits_on(branch, bases), run.say)
        if any(commit.author != AUTHOR["EMAIL"] for commit in made):
            await _leave_alone(run, there)
        stacked = run.base_sha == head
        if not stacked and len(made) == 1 and not await repository.changed(head, built.sha):
            await run.say(f"{branch} is at {head[:12]} already.")
            return {"sha": head}
    await patient(lambda: _pushed(run, built.sha, head), run.say)
    await run.say(f"Pushed {built.sha[:12]} to {branch}.")
    return {"sha": built.sha}


async def _pushed(run: "Run", sha: str, expected: str) -> None:
    """Pushes where the branch is as it was; an answer that was lost is looked up, not repeated."""
    branch = run.attempt.branch
    if await run.repository.remote_head(branch) != sha:
        await run.repository.push(sha, branch, expected)


async def _leave_alone(run: "Run", there: PullRequest | None) -> None:
    says = TOUCHED.format(branch=run.attempt.branch)
    if there is not None:
        await patient(lambda: run.forge.say(there.number, LEFT_ALONE, body.inline(says)), run.say)
    raise Stopped(says)


async def pull_request(run: "Run") -> dict[str, Any]:
    attempt, told = run.attempt, story(run.attempt)
    draft = not attempt.verified or attempt.truncated or bool(attempt.new_packages)
    text = run.redactor.whole(body.body(told))

    async def opened() -> PullRequest:
        return await run.forge.open(attempt.branch, attempt.base_branch, body.title(told), text, draft)

    made = await patient(opened, run.say)
    await run.say(f"{run.forge.noun.capitalize()} {made.number}{' as a draft' if made.draft else ''}: {made.url}")
    await run.keep(pr_number=made.number, pr_url=made.url[:500], pr_state="open", pr_draft=made.draft)
    await _decorate(run, "labels", lambda: run.forge.label(made.number, LABELS))
    if attempt.truncated:
        note = body.left_out_comment(told)
        await _decorate(run, "the note on what was left out", lambda: run.forge.say(made.number, "left-out", note))
    await hop(redeploy.after_pull_request, attempt)
    return {}


async def _decorate(run: "Run", what: str, work: Callable[[], Awaitable[None]]) -> None:
    """The pull request is there; what hangs on it must not lose it."""
    try:
        await patient(work, run.say)
    except ForgeError as error:
        await run.say(f"Without {what}: {error}")
