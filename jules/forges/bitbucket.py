"""Bitbucket Cloud, API 2.0. A second POST for a branch changes the open one; labels do not exist.

The token is an access token of the repository or workspace, or a person's API token written EMAIL:TOKEN.
"""

import base64
from typing import Any

from intelligence.webhooks.words import BITBUCKET_CI, BITBUCKET_STATE
from jules.forges.base import Forge, PullRequest, together


class Bitbucket(Forge):
    kind = "bitbucket"
    most_body = 32_000

    @property
    def base_url(self) -> str:
        return self.repo.api or "https://api.bitbucket.org/2.0"

    def headers(self) -> dict[str, str]:
        token = self.repo.token
        if ":" in token:
            return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}
        return {"Authorization": f"Bearer {token}"}

    @property
    def _place(self) -> str:
        return f"/repositories/{self.repo.owner}/{self.repo.name}/pullrequests"

    async def find(self, branch: str) -> PullRequest | None:
        query = {
            "q": f'source.branch.name = "{branch}"',
            "state": ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"],
            "sort": "-created_on",
        }
        rows = await self.rows(self._place, query, "values")
        return self.one(_read, rows[0]) if rows else None

    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        made = {
            "title": title,
            "description": body,
            "source": {"branch": {"name": branch}},
            "destination": {"branch": {"name": base}},
            "close_source_branch": True,
            "draft": draft,
        }
        return self.one(_read, await self.call("POST", self._place, made))

    async def update(self, number: int, title: str, body: str) -> None:
        await self.call("PUT", f"{self._place}/{number}", {"title": title, "description": body})

    async def close(self, number: int) -> None:
        await self.call("POST", f"{self._place}/{number}/decline")

    async def checks(self, pull: PullRequest) -> str:
        rows = await self.rows(f"{self._place}/{pull.number}/statuses", {"pagelen": 100}, "values")
        return together(BITBUCKET_CI.get(one.get("state", ""), "") for one in rows)

    async def comments(self, number: int) -> dict[str, str]:
        rows = await self.rows(f"{self._place}/{number}/comments", {"pagelen": 100}, "values")
        kept = [one for one in rows if not one.get("deleted")]
        return {str(one.get("id")): (one.get("content") or {}).get("raw") or "" for one in kept}

    async def comment(self, number: int, text: str, known: str = "") -> None:
        place = f"{self._place}/{number}/comments"
        body = {"content": {"raw": text}}
        await self.call("PUT" if known else "POST", f"{place}/{known}" if known else place, body)


def _read(one: dict[str, Any]) -> PullRequest:
    head = ((one.get("source") or {}).get("commit") or {}).get("hash") or ""
    url, title = one["links"]["html"]["href"], one.get("title", "")
    state = BITBUCKET_STATE.get(one.get("state", "OPEN"), "closed")
    ended = "" if state == "open" else one.get("updated_on") or ""  # it tells no time of its end
    return PullRequest(one["id"], url, state, bool(one.get("draft")), head, title, ended)  # type: ignore[arg-type]
