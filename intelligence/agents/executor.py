"""The Knative function that runs snippets: one CloudEvent in, one out. It holds nothing and reaches nothing.

`docs/deploy/knative/` makes a cluster-local service of it. It runs the same sandbox inside its pod; where that
does not hold, it is never ready and refuses every event: code is not run without it. No Django here.
"""

import asyncio
import json
import uuid
from typing import Any

from intelligence.agents import snippet
from intelligence.agents.self_test import off_because, self_test
from providers.exceptions import AIServiceError

ASKED, DONE, REFUSED = "dev.aiops.code.run", "dev.aiops.code.done", "dev.aiops.code.refused"
SOURCE = "/aiops/executor"


class Executor:
    """`off`: why it runs nothing, in a sentence; it says so until its self-test has passed."""

    def __init__(self) -> None:
        self.off = "The sandbox is being tried out."
        self._trial: asyncio.Task[None] | None = None

    def start(self, environment: dict[str, str]) -> None:
        self._trial = asyncio.get_running_loop().create_task(self._try())

    async def _try(self) -> None:
        try:
            self.off = off_because(await self_test())
        except OSError as error:
            self.off = f"The sandbox could not be tried out: {error.strerror}."

    def alive(self) -> tuple[bool, str]:
        return True, "alive"

    def ready(self) -> tuple[bool, str]:
        return not self.off, self.off or "ready"

    async def handle(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """`scope["event"]` is the event; its data {language, code}. Answers `dev.aiops.code.done` with
        {exit_code, stdout, stderr, killed_by}, or `dev.aiops.code.refused` with {message, code, param}."""
        event = scope["event"]
        try:
            kind, data, status = await self._answer(event.get_type(), event.get_data())
        except AIServiceError as error:
            kind, data, status = REFUSED, error.as_dict(), error.http_status
        await send(_event(kind, str(event.get_id()), data), status)

    async def _answer(self, kind: str, data: Any) -> tuple[str, dict[str, Any], int]:
        if self.off:
            return REFUSED, {"message": self.off, "code": "sandbox_off"}, 503
        given = _values(data)
        if kind != ASKED or not isinstance(given, dict):
            return REFUSED, {"message": f"Send {ASKED} with language and code.", "code": "invalid_input"}, 400
        done = await snippet.execute(snippet.checked(given.get("language"), given.get("code")))
        return DONE, snippet.as_result(done), 200


def _values(data: Any) -> Any:
    """The event's data, also where it came as JSON text."""
    if isinstance(data, bytes | str):
        try:
            return json.loads(data)
        except ValueError:
            return None
    return data


def _event(kind: str, subject: str, data: dict[str, Any]) -> Any:
    from cloudevents.core.v1.event import CloudEvent  # there with the function's runtime, not with the console

    about = {"type": kind, "source": SOURCE, "id": uuid.uuid4().hex, "subject": subject, "specversion": "1.0"}
    return CloudEvent(attributes=about | {"datacontenttype": "application/json"}, data=data)


def new() -> Executor:
    """What the runtime calls once."""
    return Executor()
