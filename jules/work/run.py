"""Works one claimed attempt to its end, step by step. What is stored is taken, the rest is done, nothing twice.

The clone is a folder of its own and is gone in any case. Every failure ends with its step and a sentence.
"""

import asyncio
import logging
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError

from intelligence.approval import approvals
from intelligence.git import GitError, Repository
from intelligence.git.remotes import remote_of
from intelligence.logs.secrets import redactor
from intelligence.models import Approval
from jules import proof
from jules.engines.types import Stopped, Waits
from jules.forges import forge_of
from jules.models import STEPS, FixAttempt
from jules.patch.contract import Proposal
from jules.patch.draft import drafted
from jules.patch.policy import PROTECTED
from jules.work import ask, collect, plan, publish, store
from jules.work.patience import patient
from jules.work.store import LeaseLost
from providers.exceptions import AIServiceError
from providers.network import outbound
from providers.runtime.hop import hop

logger = logging.getLogger(__name__)
LONGEST_S = 3_600.0 * 2
LATE = "It did not end within two hours."
UNFORESEEN = (
    "The console failed while it worked on this; its log says more. Retry, or give an admin the fix's number."
)
DOING = {"collect": collect.collect, "ask": ask.ask, "plan": plan.plan, "push": publish.push}
DOING |= {"pull_request": publish.pull_request}


class Run:
    """One claim on one attempt. `repository`, `modes` and `sources` are there from the clone on."""

    repository: Repository
    base: Path
    modes: dict[str, str]
    sources: dict[str, bytes]

    def __init__(self, attempt: FixAttempt) -> None:
        self.attempt, self.pk, self.token = attempt, attempt.pk, attempt.claimed_by
        self.service, self.deployment = attempt.service, attempt.deployment
        self.step = attempt.step or STEPS[0]
        self.built: plan.Built | None = None

    async def go(self) -> None:
        """Runs to the end. Errors: DatabaseError, where not even that can be written."""
        try:
            async with asyncio.timeout(LONGEST_S), AsyncExitStack() as stack:
                await self._work(stack)
        except Waits:
            await hop(store.hand_back, self.pk, self.token)
        except LeaseLost as lost:
            logger.info("fix %s is no longer worked on here: %s", self.pk, lost)
        except TimeoutError:
            await self._fail(LATE)
        except GitError as error:
            await self._fail(error.message, error.detail)
        except AIServiceError as error:
            await self._fail(error.message)
        except DatabaseError:
            raise
        except Exception:
            logger.exception("fix %s failed here", self.pk)
            await self._fail(UNFORESEEN)

    async def _fail(self, error: str, detail: str = "") -> None:
        try:
            clean = self.redactor.whole if hasattr(self, "redactor") else str
            if detail:
                await self.say(clean(detail))
            await hop(store.end, self.pk, self.token, clean(error))
        except LeaseLost as lost:
            logger.info("fix %s ended elsewhere: %s", self.pk, lost)

    async def _work(self, stack: AsyncExitStack) -> None:
        todo = await hop(self._todo)
        await self.start(todo[0])
        self.redactor = await hop(redactor)
        self.forge = self._forge()
        self.base = await stack.enter_async_context(proof.workplace(self.pk))
        await self._clone(stack)
        if self.attempt.base_sha not in ("", self.base_sha):
            await self.say(f"The branch has moved to {self.base_sha[:12]}; the check before is run anew.")
            if self._rewrites() and "ask" not in todo:
                await self.keep(remote_session="")
                todo = STEPS
            todo = tuple(name for name in STEPS if name != "ask" or "ask" in todo)
        for name in todo:
            await self.start(name)
            found = await DOING[name](self)
            await self.keep(**found)
            await hop(store.end_step, self.pk, self.token, name)
        await hop(store.end, self.pk, self.token)

    def _todo(self) -> tuple[str, ...]:
        """The steps that are not done, in their order; all that follow one that is not done."""
        done = {step.name for step in self.attempt.steps.filter(state="done")}
        first = next((n for n, name in enumerate(STEPS) if name not in done), len(STEPS) - 1)
        return STEPS[first:]

    def _rewrites(self) -> bool:
        """Whether it has whole files for ones that are there: on a newer base they would undo what others did."""
        changes = self.attempt.proposal.get("changes", ())
        return any(one.get("content") is not None and one["path"] in self.modes for one in changes)

    def _forge(self) -> Any:
        service = self.service
        if not service.repository_url:
            raise Stopped("The service has no repository address. Add it on the service's page.")
        if not service.forge_token:
            raise Stopped("The service has no token for its forge. Add one that may push and open pull requests.")
        return forge_of(service.forge, service.repository_url, service.forge_api_url, service.forge_token)

    async def _clone(self, stack: AsyncExitStack) -> None:
        """Clones the branch that the fix goes to; where a fix of this lineage failed, that fix is gone on from."""
        target = self.attempt.base_branch
        remote = remote_of(self.service)
        await self.say(f"Cloning {target} of {self.service.repository_url}.")
        folder = settings.DATA_DIR / "clones" / f"fix-{self.pk}"
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)  # what a lost worker left
        stack.callback(shutil.rmtree, folder, ignore_errors=True)

        async def clone() -> Repository:
            return await stack.enter_async_context(
                Repository.cloned(remote, target, outbound.guard(), folder=folder)
            )

        self.repository = await patient(clone, self.say)
        self.base_sha = await self.repository.head()
        if self.deployment.branch == self.attempt.branch and (
            made := await self.repository.commits_on(self.attempt.branch)
        ):
            begun_on = self.attempt.base_sha in {commit.sha for commit in made}
            self.base_sha = self.attempt.base_sha if begun_on else made[0].sha
        self.modes = await self.repository.tree(self.base_sha)

    async def lay_out(self, name: str, sha: str) -> Path:
        place = self.base / name
        await proof.laid_out(self.repository, sha, place)
        return place

    def objections(self, proposal: Proposal) -> list[str]:
        """Why a proposal can't be applied: sentences for whoever made it."""
        return self.draft(proposal).errors

    def draft(self, proposal: Proposal) -> Any:
        protected = (*PROTECTED, *settings.JULES_PROTECTED_PATHS)
        return drafted(proposal, {path: self.sources.get(path) for path in self.modes}, self.modes, protected)

    async def start(self, name: str) -> None:
        self.step = name
        await hop(store.begin_step, self.pk, self.token, name)

    async def say(self, text: str) -> None:
        await hop(store.say, self.pk, self.token, self.step, text)

    async def keep(self, **columns: Any) -> None:
        """Stores what was found, in the row and in this copy."""
        if columns:
            await hop(self.write, **columns)

    def write(self, **columns: Any) -> None:
        """The same, sync. Errors: LeaseLost."""
        store.write(self.pk, self.token, **columns)
        for name, value in columns.items():
            setattr(self.attempt, name, value)

    async def approved(self, act: str, title: str, why: str) -> None:
        """Returns where a person has approved this act for this attempt and this diff. Errors: Waits, Stopped."""
        asked, wanted = self.attempt.approval, self._arguments()
        if asked is None or (asked.act, asked.arguments) != (act, wanted):
            asked = await hop(self._request, act, wanted, title, why)
            await self.say("Waiting for a person to approve the plan.")
            await self.keep(approval=asked)
            raise Waits
        await hop(approvals.expire)
        asked = await hop(Approval.objects.get, pk=asked.pk)
        if asked.state == "pending":
            raise Waits
        if asked.state != "done":
            ends = {"denied": "was denied", "expired": "was not approved in time"}
            reason = f": {asked.decision_why}" if asked.decision_why else "."
            raise Stopped(f"The plan {ends.get(asked.state, asked.state)}{reason}")

    def _arguments(self) -> dict[str, Any]:
        attempt = self.attempt
        return {"attempt": attempt.pk, "service": self.service.name, "diff_sha256": plan.digest(attempt.diff)}

    def _request(self, act: str, arguments: dict[str, Any], title: str, why: str) -> Approval:
        attempt = self.attempt
        touches = [
            ["Repository", self.service.repository_url],
            ["Branch", attempt.branch],
            ["Engine", attempt.engine],
        ]
        touches += [["File", f"{f['path']} +{f['added']} -{f['removed']}"] for f in attempt.files]
        return approvals.request(
            act,
            arguments,
            user=attempt.requested_by,
            requester=attempt.requester,
            target=self.service.name,
            title=title,
            why=why,
            evidence_url=f"/jules/{attempt.pk}/",
            touches=touches,
        )
