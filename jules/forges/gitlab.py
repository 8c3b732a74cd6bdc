"""GitLab, its own and self-hosted: merge requests by API v4. A draft is one by its title."""

from typing import Any
from urllib.parse import quote

from jules.forges.base import Forge, PullRequest

DRAFT = "Draft: "


class GitLab(Forge):
    kind = "gitlab"
    noun = "merge request"
    git_user = "oauth2"

    @property
    def base_url(self) -> str:
        return self.repo.api or f"https://{self.repo.host}/api/v4"

    def headers(self) -> dict[str, str]:
        return {"PRIVATE-TOKEN": self.repo.token}

    @property
    def _place(self) -> str:
        return f"/projects/{quote(f'{self.repo.owner}/{self.repo.name}', safe='')}/merge_requests"

    async def find(self, branch: str) -> PullRequest | None:
        query = {"source_branch": branch, "state": "all", "order_by": "created_at", "sort": "desc"}
        found = await self.call("GET", self._place, query=query)
        return _read(found[0]) if found else None

    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        made = {
            "source_branch": branch,
            "target_branch": base,
            "title": (DRAFT if draft else "") + title,
            "description": body,
            "remove_source_branch": True,
        }
        return _read(await self.call("POST", self._place, made))

    async def update(self, number: int, title: str, body: str) -> None:
        there = await self.call("GET", f"{self._place}/{number}")
        kept = DRAFT if str((there or {}).get("title", "")).startswith(DRAFT) else ""
        await self.call("PUT", f"{self._place}/{number}", {"title": kept + title, "description": body})

    async def close(self, number: int) -> None:
        await self.call("PUT", f"{self._place}/{number}", {"state_event": "close"})

    async def comments(self, number: int) -> dict[str, str]:
        found = await self.call("GET", f"{self._place}/{number}/notes", query={"per_page": 100})
        return {str(one["id"]): one.get("body") or "" for one in found or []}

    async def comment(self, number: int, text: str, known: str = "") -> None:
        place = f"{self._place}/{number}/notes"
        await self.call("PUT" if known else "POST", f"{place}/{known}" if known else place, {"body": text})

    async def label(self, number: int, labels: list[str]) -> None:
        await self.call("PUT", f"{self._place}/{number}", {"add_labels": ",".join(labels)})


def _read(one: dict[str, Any]) -> PullRequest:
    state = {"opened": "open", "merged": "merged"}.get(one["state"], "closed")
    title = str(one.get("title", ""))
    draft = bool(one.get("draft")) or title.startswith(DRAFT)
    return PullRequest(one["iid"], one["web_url"], state, draft, one.get("sha") or "", title)  # type: ignore[arg-type]
