"""Bitbucket Cloud, API 2.0. A second POST for a branch changes the open one; labels do not exist."""

from typing import Any

from jules.forges.base import Forge, PullRequest

STATES = {"OPEN": "open", "MERGED": "merged"}


class Bitbucket(Forge):
    kind = "bitbucket"
    git_user = "x-token-auth"
    most_body = 32_000

    @property
    def base_url(self) -> str:
        return self.repo.api or "https://api.bitbucket.org/2.0"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.repo.token}"}

    @property
    def _place(self) -> str:
        return f"/repositories/{self.repo.owner}/{self.repo.name}/pullrequests"

    async def find(self, branch: str) -> PullRequest | None:
        query = {
            "q": f'source.branch.name = "{branch}"',
            "state": ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"],
            "sort": "-created_on",
        }
        found = await self.call("GET", self._place, query=query)
        rows = (found or {}).get("values") or []
        return _read(rows[0]) if rows else None

    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        made = {
            "title": title,
            "description": body,
            "source": {"branch": {"name": branch}},
            "destination": {"branch": {"name": base}},
            "close_source_branch": True,
            "draft": draft,
        }
        return _read(await self.call("POST", self._place, made))

    async def update(self, number: int, title: str, body: str) -> None:
        await self.call("PUT", f"{self._place}/{number}", {"title": title, "description": body})

    async def close(self, number: int) -> None:
        await self.call("POST", f"{self._place}/{number}/decline")

    async def comments(self, number: int) -> dict[str, str]:
        found = await self.call("GET", f"{self._place}/{number}/comments", query={"pagelen": 100})
        rows = (found or {}).get("values") or []
        return {
            str(one["id"]): (one.get("content") or {}).get("raw") or "" for one in rows if not one.get("deleted")
        }

    async def comment(self, number: int, text: str, known: str = "") -> None:
        place = f"{self._place}/{number}/comments"
        body = {"content": {"raw": text}}
        await self.call("PUT" if known else "POST", f"{place}/{known}" if known else place, body)


def _read(one: dict[str, Any]) -> PullRequest:
    head = ((one.get("source") or {}).get("commit") or {}).get("hash") or ""
    url = one["links"]["html"]["href"]
    state = STATES.get(one["state"], "closed")
    return PullRequest(one["id"], url, state, bool(one.get("draft")), head, one.get("title", ""))  # type: ignore[arg-type]
