"""Jules (Google), API v1alpha: sessions that work on a repository for minutes and hand over a patch.

It is no chat model. A session here never opens a pull request by itself (no AUTO_CREATE_PR) and waits for its
plan to be approved; what it hands over is a unified diff, which the caller checks, bounds and pushes.
Each method is one exchange and raises an `UpstreamError`; none is tried again here, `poll` excepted.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote

from providers.exceptions import InvalidInput, UpstreamError, UpstreamTimeout
from providers.network.outbound import guard
from providers.types import Meter, ModelInfo, Prompt
from providers.wires.base import HttpWire, words
from providers.wires.usage import section

POLL_SECONDS = 5.0
PAGE = 100
MAX_PAGES = 50
MAX_TEXT = 20_000
_ENDED = {"COMPLETED", "FAILED"}
_WAITING = {"AWAITING_PLAN_APPROVAL", "AWAITING_USER_FEEDBACK", "PAUSED"}
_KINDS = (
    "planGenerated",
    "planApproved",
    "userMessaged",
    "agentMessaged",
    "progressUpdated",
    "sessionCompleted",
    "sessionFailed",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A connected repository. Take `name` as it is: its form is not documented reliably."""

    name: str
    owner: str
    repo: str


@dataclass(frozen=True, slots=True)
class Patch:
    """What a session hands over: a unified diff against a commit."""

    diff: str
    base_commit: str
    message: str


@dataclass(frozen=True, slots=True)
class Session:
    """`state` is the upstream's word; `url` its page for people; `patches` are there once it is completed."""

    id: str
    state: str
    url: str
    title: str
    patches: tuple[Patch, ...]

    @property
    def ended(self) -> bool:
        return self.state in _ENDED

    @property
    def waits_for_us(self) -> bool:
        """It goes on only after an approval, a message, or a click on its page."""
        return self.state in _WAITING


@dataclass(frozen=True, slots=True)
class Activity:
    """One step of a session. `kind` as the upstream names it, empty for one that this version doesn't know;
    `text` is what it says: a plan's steps, a message, a reason, cut at `MAX_TEXT` characters."""

    id: str
    at: str
    originator: str
    kind: str
    text: str


class JulesWire(HttpWire):
    async def achat(self, prompt: Prompt, meter: Meter) -> NoReturn:
        raise InvalidInput("Jules is no chat model. It works on a repository in a session of its own.")

    async def list_models(self) -> list[ModelInfo]:
        """The test of a key; there are no models to choose from."""
        await self._call(self._get("/sources?pageSize=1"))
        return []

    async def sources(self) -> list[Source]:
        """The repositories that were connected in Jules' own web app."""
        rows = await self._pages("/sources", "sources")
        repos = [(words(row.get("name")), section(row, "githubRepo")) for row in rows]
        return [Source(name, words(repo.get("owner")), words(repo.get("repo"))) for name, repo in repos if name]

    async def create(self, prompt: str, *, source: str, branch: str, title: str = "") -> Session:
        """Starts a session on that branch of that source (its `name`). Not tried again by anybody who doesn't
        know whether the first one exists: a session works and opens its page at once."""
        body: dict[str, Any] = {
            "prompt": prompt,
            "sourceContext": {"source": source, "githubRepoContext": {"startingBranch": branch}},
            "requirePlanApproval": True,
        }
        if title:
            body["title"] = title
        return self._session(await self._sent("/sessions", body))

    async def session(self, session_id: str) -> Session:
        return self._session(await self._call(self._get(_path(session_id))))

    async def approve_plan(self, session_id: str) -> None:
        await self._sent(f"{_path(session_id)}:approvePlan", {})

    async def send_message(self, session_id: str, text: str) -> None:
        await self._sent(f"{_path(session_id)}:sendMessage", {"prompt": text})

    async def activities(self, session_id: str) -> list[Activity]:
        """All steps so far, oldest first as the upstream gives them."""
        rows = await self._pages(f"{_path(session_id)}/activities", "activities")
        return [_activity(row) for row in rows if words(row.get("name"))]

    async def poll(self, session_id: str, *, seconds: float, every: float = POLL_SECONDS) -> Session:
        """Asks until the session has ended or waits for us; raises `UpstreamTimeout` after `seconds`.

        A failure that may pass is no news about the session: it is asked again, after the wait that the
        upstream wants. A state that is the same as before an approval is seen again at once, so approve first.
        """
        end = time.monotonic() + seconds
        while True:
            pause = every
            try:
                found = await self.session(session_id)
                if found.ended or found.waits_for_us:
                    return found
            except UpstreamError as fault:
                if not fault.retryable or time.monotonic() >= end:
                    raise
                pause = max(every, fault.retry_after or 0)
            if time.monotonic() + pause > end:
                raise UpstreamTimeout(
                    f"Provider jules failed: the session did not end within {seconds:g} seconds.", provider="jules"
                )
            await asyncio.sleep(pause)

    async def _sent(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._call(self._post(path, body))
        return self._json(answer) if answer.text.strip() else {}

    async def _pages(self, path: str, name: str) -> list[dict[str, Any]]:
        """The rows of every page, up to `MAX_PAGES`."""
        rows: list[dict[str, Any]] = []
        token = ""
        for _ in range(MAX_PAGES):
            more = f"&pageToken={quote(token, safe='')}" if token else ""
            data = await self._call(self._get(f"{path}?pageSize={PAGE}{more}"))
            found = data.get(name)
            rows += [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            token = words(data.get("nextPageToken"), 2000)
            if not token:
                break
        return rows

    def _session(self, data: dict[str, Any]) -> Session:
        found = words(data.get("id")) or words(data.get("name")).removeprefix("sessions/")
        if not found:
            raise self._broken("its answer names no session")
        outputs = data.get("outputs")
        patches = [_patch(one) for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
        return Session(
            id=found,
            state=words(data.get("state")) or "STATE_UNSPECIFIED",
            url=words(data.get("url"), 500),
            title=words(data.get("title")),
            patches=tuple(patch for patch in patches if patch.diff),
        )

    def _base_url(self) -> str:
        own = self.connection
        guard().check_listed(own.base_url, "jules", own.allowed_hosts)
        return own.base_url

    def _headers(self) -> dict[str, Any]:
        return {"x-goog-api-key": self.connection.key} if self.connection.key else {}


def _path(session_id: str) -> str:
    return f"/sessions/{quote(session_id.removeprefix('sessions/'), safe='')}"


def _patch(output: dict[str, Any]) -> Patch:
    patch = section(section(output, "changeSet"), "gitPatch")
    diff = patch.get("unidiffPatch")
    return Patch(
        diff=diff if isinstance(diff, str) else "",
        base_commit=words(patch.get("baseCommitId")),
        message=words(patch.get("suggestedCommitMessage"), MAX_TEXT),
    )


def _activity(row: dict[str, Any]) -> Activity:
    kind = next((name for name in _KINDS if name in row), "")
    return Activity(
        id=words(row.get("name")).rpartition("/")[2],
        at=words(row.get("createTime")),
        originator=words(row.get("originator")),
        kind=kind,
        text=_said(kind, section(row, kind))[:MAX_TEXT],
    )


def _said(kind: str, what: dict[str, Any]) -> str:
    if kind == "planGenerated":
        steps = section(what, "plan").get("steps")
        titles = [words(step.get("title")) for step in steps or () if isinstance(step, dict)]
        return "\n".join(title for title in titles if title)
    found = [words(what.get(name), MAX_TEXT) for name in _TEXTS]
    return "\n".join(text for text in found if text)


_TEXTS = ("title", "description", "agentMessage", "userMessage", "reason")
