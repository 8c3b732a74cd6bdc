"""GitLab, its own and self-hosted: merge requests by API v4. A draft is one by its title."""

from typing import Any
from urllib.parse import quote

from intelligence.webhooks.words import GITLAB_CI, GITLAB_STATE
from jules.forges.base import Forge, PullRequest

DRAFT = "Draft: "


class GitLab(Forge):
    kind = "gitlab"
    noun = "merge request"

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
        found = await self.rows(self._place, query)
        return self.one(_read, found[0]) if found else None

    async def create(self, branch: str, base: str, title: str, body: str, draft: bool) -> PullRequest:
        made = {
            "source_branch": branch,
            "target_branch": base,
            "title": (DRAFT if draft else "") + title,
            "description": body,
            "remove_source_branch": True,
        }
        return self.one(_read, await self.call("POST", self._place, made))

    async def update(self, number: int, title: str, body: str) -> None:
        there = await self.call("GET", f"{self._place}/{number}")
        kept = DRAFT if str((there or {}).get("title", "")).startswith(DRAFT) else ""
        await self.call("PUT", f"{self._place}/{number}", {"title": kept + title, "description": body})

    async def close(self, number: int) -> None:
        await self.call("PUT", f"{self._place}/{number}", {"state_event": "close"})

    async def checks(self, pull: PullRequest) -> str:
        """Of its newest pipeline; one that is skipped or waits for a person says nothing."""
        there = await self.call("GET", f"{self._place}/{pull.number}")
        pipeline = (there or {}).get("head_pipeline") or {}
        return GITLAB_CI.get(pipeline.get("status"), "")

    async def comments(self, number: int) -> dict[str, str]:
        found = await self.rows(f"{self._place}/{number}/notes", {"per_page": 100})
        return {str(one.get("id")): one.get("body") or "" for one in found if not one.get("system")}

    async def comment(self, number: int, text: str, known: str = "") -> None:
        place = f"{self._place}/{number}/notes"
        await self.call("PUT" if known else "POST", f"{place}/{known}" if known else place, {"body": text})

    async def label(self, number: int, labels: list[str]) -> None:
        await self.call("PUT", f"{self._place}/{number}", {"add_labels": ",".join(labels)})


def _read(one: dict[str, Any]) -> PullRequest:
    state = GITLAB_STATE.get(one.get("state", "opened"), "closed")
    title, sha = str(one.get("title", "")), one.get("sha") or ""
    draft = bool(one.get("draft")) or title.startswith(DRAFT)
    ended = one.get("merged_at") or one.get("closed_at") or ""
    return PullRequest(one["iid"], one["web_url"], state, draft, sha, title, ended)  # type: ignore[arg-type]
