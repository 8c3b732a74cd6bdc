"""Running a snippet in a cluster: one CloudEvent to the executor function (`executor.py`), one back.

The address is the site's own setting; a cluster-local one must stand in AI_PRIVATE_HOSTS like any private host.
"""

import asyncio
import json
import uuid
from typing import Any

from intelligence.agents.executor import ASKED, DONE
from intelligence.agents.sandbox_types import Killer, Run
from intelligence.agents.snippet import LIMITS, Snippet
from providers.exceptions import (
    AIServiceError,
    InvalidInput,
    NotConfigured,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from providers.network import outbound
from providers.network.transport import FAULTS

COLD_START_S = 60.0  # from no pod at all to one that is ready
KILLERS = frozenset(Killer.__args__)  # type: ignore[attr-defined]
SOURCE = "/aiops/console"


async def execute(snippet: Snippet, url: str) -> Run:
    """Errors: NotConfigured where the executor runs nothing; UpstreamError where it can't be understood."""
    about = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": SOURCE, "type": ASKED}
    data = {"language": snippet.language, "code": snippet.code}
    event = about | {"datacontenttype": "application/json", "data": data}
    status, answered = await _exchange(url, json.dumps(event).encode())
    data = answered.get("data")
    if not isinstance(data, dict) or answered.get("subject") != about["id"]:
        raise UpstreamBroken("The code executor answered something else than was asked.")
    if answered.get("type") != DONE:
        raise refusal(status, data)
    return run_of(data)


async def _exchange(url: str, body: bytes) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    try:
        async with asyncio.timeout(LIMITS.wall_s + COLD_START_S):
            answer = await outbound.upstream(url).send("POST", url, headers=headers, body=body)
            try:
                text = await answer.read()
            finally:
                answer.close()
    except TimeoutError:
        raise UpstreamTimeout("The code executor did not answer in time.") from None
    except FAULTS as error:
        raise UpstreamUnavailable(f"The code executor can't be reached ({type(error).__name__}).") from error
    try:
        event = json.loads(text)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise UpstreamBroken(f"The code executor answered {answer.status_code} without an event.")
    return answer.status_code, event


def refusal(status: int, data: dict[str, Any]) -> AIServiceError:
    """Why it ran nothing, in its words."""
    said = str(data.get("message") or f"it answered {status}")[:300]
    if data.get("code") == "sandbox_off":
        return NotConfigured(f"Code can't be run here: {said}", code="sandbox_off")
    return InvalidInput(said) if status == 400 else UpstreamBroken(f"The code executor refused: {said}")


def run_of(data: dict[str, Any]) -> Run:
    """Errors: UpstreamBroken for a result that is none."""
    code, killer = data.get("exit_code"), data.get("killed_by") or ""
    texts = [data.get(name) for name in ("stdout", "stderr")]
    if type(code) is not int or killer not in KILLERS or not all(isinstance(text, str) for text in texts):
        raise UpstreamBroken("The code executor's result can't be used.")
    stdout, stderr = (text[: LIMITS.output_bytes] for text in texts)
    return Run(code, stdout, stderr, killer, 0.0)
