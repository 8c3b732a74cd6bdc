"""GitHub and GitHub Enterprise (its API under {host}/api/v3). REST version 2022-11-28."""

from typing import Any

from intelligence.webhooks.words import GITHUB_STATUS, github_check
from jules.forges.base import Forge, PullRequest, together


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
        found = await self.rows(f"{self._place}/pulls", query)
        mine = [one for one in found if (one.get("head") or {}).get("ref", branch) == branch]
        return self.one(_read, mine[0]) if mine else None

    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        made = {"title": title, "head": branch, "base": base, "body": body, "draft": draft}
        return self.one(_read, await self.call("POST", f"{self._place}/pulls", made))

    async def update(self, number: int, title: str, body: str) -> None:
        await self.call("PATCH", f"{self._place}/pulls/{number}", {"title": title, "body": body})

    async def close(self, number: int) -> None:
        await self.call("PATCH", f"{self._place}/pulls/{number}", {"state": "closed"})

    async def checks(self, pull: PullRequest) -> str:
        """Of its newest commit: check runs (Actions, apps), and statuses of the older kind."""
        commit = f"{self._place}/commits/{pull.head_sha}"
        runs = await self.rows(f"{commit}/check-runs", {"per_page": 100}, "check_runs")
        old = await self.rows(f"{commit}/status", {"per_page": 100}, "statuses")
        words = [github_check(run.get("status", ""), run.get("conclusion") or "") for run in runs]
        return together([*words, *(GITHUB_STATUS.get(one.get("state", ""), "") for one in old)])

    async def comments(self, number: int) -> dict[str, str]:
        found = await self.rows(f"{self._place}/issues/{number}/comments", {"per_page": 100})
        return {str(one.get("id")): one.get("body") or "" for one in found}

    async def comment(self, number: int, text: str, known: str = "") -> None:
        if known:
            await self.call("PATCH", f"{self._place}/issues/comments/{known}", {"body": text})
        else:
            await self.call("POST", f"{self._place}/issues/{number}/comments", {"body": text})

    async def label(self, number: int, labels: list[str]) -> None:
        await self.call("POST", f"{self._place}/issues/{number}/labels", {"labels": labels})


def _read(one: dict[str, Any]) -> PullRequest:
    ended = one.get("merged_at") or one.get("closed_at") or ""
    state = "open" if one.get("state", "open") == "open" else "closed"
    state = "merged" if one.get("merged_at") or one.get("merged") else state
    head, title = (one.get("head") or {}).get("sha", ""), one.get("title", "")
    return PullRequest(one["number"], one["html_url"], state, bool(one.get("draft")), head, title, ended)  # type: ignore[arg-type]
