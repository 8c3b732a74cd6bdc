"""What every forge gives: a pull request found, opened, changed, commented, closed. One request each."""

import asyncio
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode, urlsplit

from providers.exceptions import AIServiceError, UpstreamError
from providers.network.outbound import upstream
from providers.network.transport import FAULTS

State = Literal["open", "closed", "merged"]
TIMEOUT_S = 30.0
LIMITED_S = 60.0  # to wait where a forge limits us and does not say for how long
PART = re.compile(r"[A-Za-z0-9._-]+")
MARK = "<!-- aiops-console:{name} -->"


class ForgeError(AIServiceError):
    """`retryable`: trying again in a moment may help. `unknown`: the request may have had its effect."""

    http_status = 502
    type = "forge_error"
    code = "forge_failed"

    def __init__(
        self, message: str, *, retryable: bool = False, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retryable, self.status = retryable, status  # type: ignore[misc]
        self.unknown = status == 0 or status >= 500


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`ended_at`: when it was merged or closed, as the forge writes it (ISO 8601); empty while it is open."""

    number: int
    url: str
    state: State
    draft: bool
    head_sha: str = ""
    title: str = ""
    ended_at: str = ""


@dataclass(frozen=True, slots=True)
class Repo:
    """`owner` may have several parts (GitLab groups). `api` has no slash at its end; empty: the forge's own."""

    host: str
    owner: str
    name: str
    api: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, repository_url: str, api_url: str, token: str) -> "Repo":
        parts = urlsplit(repository_url)
        path = [part for part in parts.path.removesuffix("/").removesuffix(".git").split("/") if part]
        if len(path) < 2 or not all(PART.fullmatch(part) for part in path):
            raise ForgeError("The repository's address must name an owner and a repository, like …/team/shop.git.")
        return cls(parts.netloc, "/".join(path[:-1]), path[-1], api_url.rstrip("/"), token)


class Forge(ABC):
    """`noun` is what people there call it."""

    kind: ClassVar[str]
    noun: ClassVar[str] = "pull request"
    most_body: ClassVar[int] = 60_000

    def __init__(self, repo: Repo) -> None:
        self.repo = repo

    @abstractmethod
    async def find(self, branch: str) -> PullRequest | None:
        """The newest one of that branch, open or not."""

    @abstractmethod
    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        """Opens one. Errors: ForgeError; `status` 409 or 422 where there is one already."""

    @abstractmethod
    async def update(self, number: int, title: str, body: str) -> None: ...

    @abstractmethod
    async def comments(self, number: int) -> dict[str, str]:
        """Id -> text of its comments."""

    @abstractmethod
    async def comment(self, number: int, text: str, known: str = "") -> None:
        """Writes a comment; `known` is the id of one to write over."""

    @abstractmethod
    async def close(self, number: int) -> None: ...

    @abstractmethod
    async def checks(self, pull: PullRequest) -> str:
        """What its CI says: success, failure or pending; empty where nothing runs on it."""

    async def label(self, number: int, labels: list[str]) -> None:  # noqa: B027
        """Adds labels; a forge without labels does nothing."""

    @property
    @abstractmethod
    def base_url(self) -> str: ...

    @abstractmethod
    def headers(self) -> dict[str, str]: ...

    async def open(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        """The pull request of `branch`: the one that is there, else a new one.

        It is looked for before and, where the answer was lost or said that there is one, after creating: no
        fault in between makes a second one. Errors: ForgeError.
        """
        found = await self.find(branch)
        if found is not None and found.state == "open":
            await self.update(found.number, title, body[: self.most_body])
            return found
        try:
            return await self.create(branch, base, title, body[: self.most_body], draft)
        except ForgeError as error:
            if not (error.unknown or error.status in (409, 422)):
                raise
            made = await self.find(branch)
            if made is None or made.state != "open" or (found and made.number == found.number):
                raise
            return made

    async def say(self, number: int, name: str, text: str) -> None:
        """Writes the comment called `name`, or writes over the one that is there."""
        mark = MARK.format(name=name)
        there = await self.comments(number)
        known = next((id_ for id_, body in there.items() if mark in body), "")
        await self.comment(number, f"{text[: self.most_body]}\n\n{mark}", known)

    async def rows(self, path: str, query: dict[str, Any], key: str = "") -> list[dict[str, Any]]:
        """The objects of a list, which stands under `key` where that is given. Errors: ForgeError."""
        found = await self.call("GET", path, query=query)
        found = found.get(key) if key and isinstance(found, dict) else found
        if not isinstance(found, list):
            raise self._unreadable()
        return [one for one in found if isinstance(one, dict)]

    def one(self, read: Callable[[dict[str, Any]], PullRequest], answer: Any) -> PullRequest:
        """Errors: ForgeError where the answer is no pull request."""
        try:
            return read(answer)
        except (KeyError, TypeError, AttributeError) as error:
            raise self._unreadable() from error

    def _unreadable(self) -> ForgeError:
        said = f"{self.repo.host} does not answer like {self.kind}. Look at the service's forge and API address."
        return ForgeError(said, status=200)

    async def call(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> Any:
        """One request; the parsed answer. Errors: ForgeError with the forge's own words, without the token."""
        url = f"{self.base_url}{path}{'?' + urlencode(query, doseq=True) if query else ''}"
        headers = {**self.headers(), "User-Agent": "AIOps-Console"}
        more = {} if body is None else {"json_body": body}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await upstream(self.base_url).send(method, url, headers=headers, **more)
                try:
                    await answer.read()
                finally:
                    answer.close()
        except TimeoutError as error:
            raise ForgeError(f"{self.repo.host} did not answer in {TIMEOUT_S:.0f} s.", retryable=True) from error
        except UpstreamError as error:
            raise ForgeError(error.message, retryable=error.retryable) from error
        except FAULTS as error:
            raise ForgeError(f"{self.repo.host} can't be reached.", retryable=True) from error
        if answer.is_success:
            return _parsed(answer.text)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        raise self._refused(answer.status_code, _parsed(answer.text), headers)

    def _refused(self, status: int, body: Any, headers: dict[str, str]) -> ForgeError:
        said = said_by(body)
        for secret in (self.repo.token, self.repo.token.partition(":")[2]):
            said = said.replace(secret or "\0", "••••")
        after = waits(headers, time.time())
        limited = status == 429 or (status == 403 and (after is not None or "rate limit" in said.lower()))
        after = LIMITED_S if limited and after is None else after
        words = {
            401: "refuses the token",
            403: "does not allow this with the token",
            404: "knows no such repository, or hides it from the token",
        }
        what = (
            "asks to wait"
            if limited
            else words.get(status, "refuses" if status < 500 else "has a fault of its own")
        )
        message = f"{self.repo.host} {what} ({status}){': ' + said if said else ''}"
        return ForgeError(message, retryable=limited or status >= 500, status=status, retry_after=after)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return None


def said_by(body: Any) -> str:
    """The words of an error answer, of whatever forge, at most 300 characters."""
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    words = [body.get("message"), inner.get("message") if isinstance(inner, dict) else inner]
    for one in body.get("errors") or []:
        words.append(one.get("message") if isinstance(one, dict) else one)
    flat = ["; ".join(map(str, w)) if isinstance(w, list) else str(w) for w in words if w]
    return ". ".join(dict.fromkeys(flat))[:300]


def waits(headers: dict[str, str], now: float) -> float | None:
    """Seconds that the forge asks to wait, where it says; `now` in seconds since 1970."""
    value = headers.get("retry-after", "")
    if value.isdigit():
        return min(float(value), 3_600.0)
    for prefix in ("x-ratelimit-", "ratelimit-"):  # GitHub, GitLab
        reset = headers.get(f"{prefix}reset", "")
        if headers.get(f"{prefix}remaining") == "0" and reset.isdigit():
            return min(max(float(reset) - now, 1.0), 3_600.0)
    return None


def together(states: Iterable[str]) -> str:
    """One word for all checks: one that failed decides, then one that still runs."""
    found = set(states)
    return next((word for word in ("failure", "pending", "success") if word in found), "")
