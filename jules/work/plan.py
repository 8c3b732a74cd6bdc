"""Step 3: what will really be pushed. Policy, caps, no cheating; then the failing command after the change."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from jules import body, proof
from jules.engines.types import Stopped
from jules.patch import caps, cheats, packages, policy
from jules.patch.draft import Draft, broken
from jules.patch.kept import from_json
from jules.recipes.names import KNOWN
from jules.work.collect import read_sources
from jules.work.story import story

if TYPE_CHECKING:
    from jules.work.run import Run

APPROVE = "jules.plan"
Pair = tuple[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Built:
    """The commit to push, on `Run.base_sha`."""

    sha: str
    diff: str
    files: dict[str, Pair]
    left_out: tuple[dict[str, str], ...]
    truncated: bool


async def plan(run: "Run") -> dict[str, Any]:
    built = await build(run)
    found = cheats.find([cheats.File(path, text(a), text(b)) for path, (a, b) in built.files.items()])
    columns = {
        "diff": built.diff,
        "diff_bytes": len(built.diff.encode()),
        "files": counted(built.diff),
        "left_out": list(built.left_out),
        "truncated": built.truncated,
        "findings": [{"path": f.path, "rule": f.rule, "line": f.line, "says": f.says} for f in found],
        "new_packages": unvouched(run, built),
    }
    await run.keep(**columns)
    if found:
        more = f" And {len(found) - 3} more." if len(found) > 3 else ""
        raise Stopped("Stopped: " + " ".join(f.says for f in found[:3]) + more)
    size = f"{len(built.files)} of {settings.MAX_FILES_PER_JULES_PR} files, {columns['diff_bytes']:,} of "
    await run.say(f"{size}{settings.MAX_BYTES_PER_JULES_PR:,} bytes.")
    await run.keep(**await prove(run, built))
    if settings.JULES_APPROVE_PLAN:
        await run.approved(APPROVE, f"Push the fix of {run.service.name}", run.attempt.description[:500])
    return {"sha": built.sha}


async def build(run: "Run") -> Built:
    """The draft within policy and caps, as a commit in the clone. Errors: Stopped, GitError."""
    if run.built is not None:
        return run.built
    if not hasattr(run, "sources"):
        await read_sources(run)
    draft = await _patched(run) if "patch" in run.attempt.proposal else _proposed(run)
    if not draft.files or draft.errors:
        raise Stopped(" ".join(draft.errors) or "Nothing is left of the proposed fix.")
    message = body.commit_message(story(run.attempt))
    sha = await run.repository.commit(run.base_sha, {path: b for path, (_, b) in draft.files.items()}, message)
    sizes = [caps.Sized(path, len(await run.repository.diff(run.base_sha, sha, [path]))) for path in draft.files]
    most = (settings.MAX_FILES_PER_JULES_PR, settings.MAX_BYTES_PER_JULES_PR)
    taken = caps.take(sizes, run.attempt.context.get("files", ()), *most)
    left = [{"path": path, "why": why} for path, why in draft.left_out.items()]
    left += [{"path": f.path, "why": f"over the limits ({f.diff_bytes:,} bytes of diff)"} for f in taken.left_out]
    if not taken.files:
        raise Stopped(f"No file of the fix fits into {most[1]:,} bytes. The whole proposal is kept here.")
    files = {f.path: draft.files[f.path] for f in taken.files}
    if taken.truncated:
        sha = await run.repository.commit(run.base_sha, {path: b for path, (_, b) in files.items()}, message)
    diff = (await run.repository.diff(run.base_sha, sha)).decode("utf-8", "replace")
    run.built = Built(sha, diff, files, tuple(left), taken.truncated)
    return run.built


def _proposed(run: "Run") -> Draft:
    return run.draft(from_json(run.attempt.proposal))


async def _patched(run: "Run") -> Draft:
    """What a git patch changes, under the same rules as a proposal."""
    made = Draft()
    patch = run.attempt.proposal["patch"].encode()
    sha = await run.repository.patched(run.base_sha, patch, "Patch")
    modes = await run.repository.tree(sha)
    protected = (*policy.PROTECTED, *settings.JULES_PROTECTED_PATHS)
    for path in await run.repository.changed(run.base_sha, sha):
        why = policy.objection(path, run.modes, protected)
        if not why and modes.get(path) in policy.LINK_MODES:
            why = f"{path} would become a link."
        before, after = await run.repository.read(path, run.base_sha), await run.repository.read(path, sha)
        if not why and after is not None:
            why = f"{path} is binary." if b"\0" in after else broken(path, before, after)
        if why:
            made.left_out[path] = why
        else:
            made.files[path] = (before, after)
    return made


async def prove(run: "Run", built: Built) -> dict[str, Any]:
    """The check after the change; verified only where it failed before and passes now."""
    red = run.attempt.red
    if why := proof.why_not(run.service, run.deployment.failed_in):
        return {"verified": False, "unverified": why[:300], "green": None}
    place = await run.lay_out("after", built.sha)
    green = await proof.run(run.service, place, run.redactor)
    ended = "passes" if proof.passed(green) else f"still fails, exit status {green['exit_code']}"
    await run.say(f"$ {green['command']}\n{green['output']}\nAfter the change the command {ended}.")
    why = ""
    if not proof.passed(green):
        why = f"the command {ended} after the change"
    elif not red or proof.passed(red):
        why = "the command passes without the change too"
    return {"green": green, "verified": not why, "unverified": why}


def unvouched(run: "Run", built: Built) -> list[str]:
    pairs = {path: (text(a), text(b)) for path, (a, b) in built.files.items()}
    locks = [data.decode("utf-8", "replace") for path, data in run.sources.items() if packages.is_lock(path)]
    return packages.unvouched(pairs, locks, [*KNOWN, *settings.JULES_ALLOWED_PACKAGES])


def text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def counted(diff: str) -> list[dict[str, Any]]:
    """[{path, added, removed}] of a git diff."""
    made: list[dict[str, Any]] = []
    in_hunk = False
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            in_hunk = False
            made.append({"path": line.rpartition(" b/")[2], "added": 0, "removed": 0})
        elif line.startswith("@@"):
            in_hunk = True
        elif in_hunk and line.startswith(("+", "-")):
            made[-1]["added" if line[0] == "+" else "removed"] += 1
    return made


def digest(diff: str) -> str:
    return hashlib.sha256(diff.encode()).hexdigest()
