"""Jules' session API as the fake upstream speaks it. A session goes on by one state at each look at it."""

from typing import Any

from aiohttp import web

from tests.fakes.google import GeminiDialect

DIFF = "diff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-old\n+new\n"
SOURCE = "sources/github/acme/shop"
PLAN = {"plan": {"id": "p1", "steps": [{"id": "s1", "title": "Look at the log"}, {"id": "s2", "title": "Pin it"}]}}
ACTIVITIES = [
    {"originator": "agent", "planGenerated": PLAN},
    {"originator": "user", "planApproved": {"planId": "p1"}},
    {"originator": "agent", "progressUpdated": {"title": "Ran the tests", "description": "42 passed"}},
    {"originator": "agent", "agentMessaged": {"agentMessage": "Done."}},
    {"originator": "system", "somethingNew": {"x": 1}},
    {"originator": "system", "sessionCompleted": {}},
]


class JulesServer(GeminiDialect):
    """Errors and keys are Google's; the rest is its own."""

    key_header = "X-Goog-Api-Key"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.ending = "COMPLETED"

    def key_refusal(self, shown: str) -> tuple[int, dict[str, Any]]:
        return 401, self.error(401, "Request had invalid authentication credentials.")

    def answer(self, request: web.Request, body: Any) -> web.Response:
        path, query = request.match_info["tail"], request.query
        if request.method == "GET" and path == "sources":
            repo = {"owner": "acme", "repo": "shop", "isPrivate": True}
            return web.json_response({"sources": [{"name": SOURCE, "id": "github/acme/shop", "githubRepo": repo}]})
        if request.method == "POST" and path == "sessions":
            return self._create(body)
        _, _, rest = path.partition("sessions/")
        name, _, verb = rest.partition(":")
        found = self.sessions.get(name.removesuffix("/activities"))
        if found is None:
            return web.json_response(self.error(404, "Requested entity was not found."), status=404)
        if verb:
            return self._do(found, verb, body)
        return self._activities(found, query) if name.endswith("/activities") else self._look(found)

    def _create(self, body: dict[str, Any]) -> web.Response:
        unknown = set(body) - {"prompt", "sourceContext", "title", "requirePlanApproval", "automationMode"}
        context = body.get("sourceContext") or {}
        if unknown or not body.get("prompt") or context.get("source") != SOURCE:
            return web.json_response(self.error(400, "Request contains an invalid argument."), status=400)
        number = str(len(self.sessions) + 1)
        made = {"name": f"sessions/{number}", "id": number, "title": body.get("title", ""), "state": "QUEUED"}
        made["url"] = f"https://jules.google.com/session/{number}"
        self.sessions[number] = made
        return web.json_response(made)

    def _do(self, session: dict[str, Any], verb: str, body: Any) -> web.Response:
        if verb == "approvePlan" and session["state"] == "AWAITING_PLAN_APPROVAL":
            session["state"] = "IN_PROGRESS"
        elif verb != "sendMessage" or not body.get("prompt"):
            return web.json_response(self.error(400, "Precondition check failed."), status=400)
        return web.json_response({})

    def _look(self, session: dict[str, Any]) -> web.Response:
        shown = dict(session)
        following = {"QUEUED": "PLANNING", "PLANNING": "AWAITING_PLAN_APPROVAL", "IN_PROGRESS": self.ending}
        session["state"] = following.get(session["state"], session["state"])
        if session["state"] == "COMPLETED":
            patch = {"unidiffPatch": DIFF, "baseCommitId": "abc123", "suggestedCommitMessage": "Pin redis"}
            session["outputs"] = [{"changeSet": {"source": SOURCE, "gitPatch": patch}}]
        return web.json_response(shown)

    def _activities(self, session: dict[str, Any], query: Any) -> web.Response:
        start = int(query.get("pageToken", 0))
        rows = [
            {"name": f"sessions/{session['id']}/activities/a{n}", "createTime": "2026-11-20T10:00:00Z", **row}
            for n, row in enumerate(ACTIVITIES)
        ]
        page = {"activities": rows[start : start + 4]}  # fewer than asked for, as APIs may give
        return web.json_response(page | ({"nextPageToken": "4"} if start + 4 < len(rows) else {}))
