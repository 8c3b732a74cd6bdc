"""GitHub and GitHub Enterprise (its API under {host}/api/v3). REST version 2022-11-28."""

from typing import Any

from jules.forges.base import Forge, PullRequest


class GitHub(Forge):
    kind = "github"

    @property
    def base_url(self) -> str:
        own = "https://api.github.com" if self.repo.host == "github.com" else f"https://{self.repo.host}/api/v3"
        return self.repo.api or own

    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.repo.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    @property
    def _place(self) -> str:
        return f"/repos/{self.repo.owner}/{self.repo.name}"

    async def find(self, branch: str) -> PullRequest | None:
        query = {"state": "all", "head": f"{self.repo.owner}:{branch}", "sort": "created", "direction": "desc"}
        found = await self.call("GET", f"{self._place}/pulls", query=query)
        mine = [one for one in found or [] if one.get("head", {}).get("ref") == branch]
        return _read(mine[0]) if mine else None

    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        made = {"title": title, "head": branch, "base": base, "body": body, "draft": draft}
        return _read(await self.call("POST", f"{self._place}/pulls", made))

    async def update(self, number: int, title: str, body: str) -> None:
        await self.call("PATCH", f"{self._place}/pulls/{number}", {"title": title, "body": body})

    async def close(self, number: int) -> None:
        await self.call("PATCH", f"{self._place}/pulls/{number}", {"state": "closed"})

    async def comments(self, number: int) -> dict[str, str]:
        found = await self.call("GET", f"{self._place}/issues/{number}/comments", query={"per_page": 100})
        return {str(one["id"]): one.get("body") or "" for one in found or []}

    async def comment(self, number: int, text: str, known: str = "") -> None:
        if known:
            await self.call("PATCH", f"{self._place}/issues/comments/{known}", {"body": text})
        else:
            await self.call("POST", f"{self._place}/issues/{number}/comments", {"body": text})

    async def label(self, number: int, labels: list[str]) -> None:
        await self.call("POST", f"{self._place}/issues/{number}/labels", {"labels": labels})


def _read(one: dict[str, Any]) -> PullRequest:
    merged = one.get("merged_at") or one.get("merged")
    state = "merged" if merged else ("open" if one["state"] == "open" else "closed")
    head = one.get("head", {}).get("sha", "")
    return PullRequest(one["number"], one["html_url"], state, bool(one.get("draft")), head, one.get("title", ""))
