"""The fixed list of looks that answers where no model can: status, deployments, incidents, samples, the log. Pure.

It calls the same tools through the same gate as a model would, so a run looks the same; it costs nothing.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from intelligence.agents.runs import evidence
from intelligence.agents.runs.types import Asked, Case, Step, Turn

FIRST = {  # cause -> the tools that are called at first, with their arguments; {service} is filled in
    "service": (
        ("get_service", {"service": "{service}"}),
        ("list_deployments", {"service": "{service}", "limit": 5}),
        ("list_incidents", {"service": "{service}"}),
        ("service_samples", {"service": "{service}"}),
    ),
    "site": (
        ("list_services", {}),
        ("list_deployments", {"failed": True, "limit": 5}),
        ("list_incidents", {}),
    ),
    "cost": (
        ("usage_summary", {"range": "7d", "group": "provider"}),
        ("usage_summary", {"range": "7d", "group": "operation"}),
        ("provider_health", {}),
    ),
}
NOTHING = "Nothing that the fixed rules know explains it."


class Runbook:
    """A mind without a model."""

    async def next(self, case: Case) -> Turn:
        return turn(case)


def turn(case: Case) -> Turn:
    """The first looks, then the log that they point at, then the answer."""
    wanted = [*_first(case), *_then(case)]
    offered, done = {tool.name for tool in case.tools}, {(s.tool, _key(s.arguments)) for s in _calls(case)}
    todo = [(name, given) for name, given in wanted if name in offered and (name, _key(given)) not in done]
    if todo and not case.last:
        n = len(case.steps) + 1
        asked = tuple(_asked(n + at, name, given) for at, (name, given) in enumerate(todo[: case.steps_left], 1))
        return Turn("runbook", _why(asked), asked)
    text, claims = summary(case)
    return Turn("runbook", answer=text, evidence=tuple(claims))


def _first(case: Case) -> list[tuple[str, dict[str, Any]]]:
    service = _service(case)
    kind = "cost" if case.cause == "cost" else "service" if service else "site"
    found = []
    if kind == "service" and not case.service:  # it was named in the question: that it is one was looked up
        found = [(name, dict(given)) for name, given in FIRST["site"]]
    return found + [
        (name, {key: service if value == "{service}" else value for key, value in given.items()})
        for name, given in FIRST[kind]
    ]


def _then(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """The log of the newest deployment that failed, among those of the service where one is meant."""
    for one in sorted(_deployments(case), key=lambda row: str(row.get("created_at")), reverse=True):
        if one.get("status") == "FAILED" and one.get("id"):
            return [("analyze_log", {"deployment_id": str(one["id"])})]
    return []


def _service(case: Case) -> str:
    """The service that is meant: given with the question, or named in it."""
    if case.service:
        return case.service["name"]
    words = case.question.casefold()
    names = [str(one.get("name", "")) for one in _listed(case, "list_services", "services")]
    return next((name for name in sorted(names, key=len, reverse=True) if name and name.casefold() in words), "")


def _deployments(case: Case) -> list[Mapping[str, Any]]:
    service = _service(case)
    calls = [
        s for s in _done(case) if s.tool == "list_deployments" and (s.arguments.get("service") or "") == service
    ]
    return [row for step in calls for row in _rows(step.result, "deployments")]


def _listed(case: Case, tool: str, key: str) -> list[Mapping[str, Any]]:
    return [row for step in _done(case) if step.tool == tool for row in _rows(step.result, key)]


def _rows(result: Any, key: str) -> list[Mapping[str, Any]]:
    found = result.get(key) if isinstance(result, Mapping) else None
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def _calls(case: Case) -> Iterable[Step]:
    return (step for step in case.steps if step.kind == "tool")


def _done(case: Case) -> Iterable[Step]:
    return (step for step in _calls(case) if step.state == "done")


def _key(arguments: Mapping[str, Any]) -> str:
    return repr(sorted(arguments.items()))


def _asked(n: int, name: str, given: dict[str, Any]) -> Asked:
    return Asked(f"runbook-{n}", name, given)


def _why(asked: tuple[Asked, ...]) -> str:
    names = ", ".join(one.name.replace("_", " ") for one in asked)
    return f"Fixed list: {names}."


def summary(case: Case) -> tuple[str, list[dict[str, str]]]:
    """What the calls so far tell, in sentences, and where each stands; also the end of a run without budget."""
    said: list[tuple[str, str]] = []
    for step in _done(case):
        said += TELL[step.tool](step) if step.tool in TELL else []
    said = list(dict.fromkeys(said))
    failed = [f"{step.tool} could not be asked: {step.error}" for step in _calls(case) if step.state == "failed"]
    sentences = list(dict.fromkeys(text for text, _ in said)) or [NOTHING]
    claims = [{"url": url, "says": text} for text, url in said if url]
    return "\n".join([*sentences, *dict.fromkeys(failed)]), claims


def _tell_service(step: Step) -> list[tuple[str, str]]:
    one = step.result
    words = {"RUNNING": "runs", "FAILED": "failed at its last deployment", "NONE": "was never deployed"}
    state = words.get(str(one.get("state")), f"is {str(one.get('state')).lower()}")
    return [(f"{one.get('name')} {state}.", str(one.get("url", "")))]


def _tell_deployments(step: Step) -> list[tuple[str, str]]:
    rows = _rows(step.result, "deployments")
    newest = next((row for row in rows if row.get("status") == "FAILED"), None)
    if newest is None:
        return []
    count = sum(1 for row in rows if row.get("status") == "FAILED")
    what = newest.get("commit", "")[:8] or newest.get("branch") or "its branch"
    reason = str(newest.get("reason") or "nobody said why").rstrip(".")
    many = f"{count} of the last {len(rows)} deployments failed; the newest of them"
    text = f"{many if len(rows) > 1 else 'Its only deployment failed'}, {what}: {reason}."
    return [(text, str(newest.get("url", "")))]


def _tell_incidents(step: Step) -> list[tuple[str, str]]:
    return [
        (f"Open incident: {one.get('title')} ({one.get('count')}×).", str(one.get("url", "")))
        for one in _rows(step.result, "incidents")[:3]
    ]


def _tell_samples(step: Step) -> list[tuple[str, str]]:
    return [
        (str(one.get("sentence")), str(step.result.get("url", ""))) for one in _rows(step.result, "findings")[:3]
    ]


def _tell_log(step: Step) -> list[tuple[str, str]]:
    found, place = step.result, f"/deployments/{step.arguments.get('deployment_id')}/"
    if not found.get("patterns"):
        return [("The rules find no failure in its log.", place)]
    first = found["patterns"][0]
    lines = first.get("lines") or [1]
    told = [(f"Cause by the rules: {found.get('cause')}", f"{place}#L{lines[0]}")]
    return told + [(f"To do: {one}", "") for one in found.get("recommendations", [])[:3]]


def _tell_usage(step: Step) -> list[tuple[str, str]]:
    """What was spent, against the range before, and the largest parts of it."""
    found = step.result
    now, before = _usd(found.get("totals"), "spend_usd"), _usd(found.get("before"), "spend_usd")
    told = [(f"Spent in seven days: ${now:.2f}, in the seven before ${before:.2f}.", evidence.usage(step))]
    for one in _rows(found, "groups")[:3]:
        if spent := _usd(one, "spend_usd"):
            told.append((f"{found.get('group')} {one.get('label')}: ${spent:.2f}, {one.get('calls')} calls.", ""))
    return told


def _usd(of: Any, name: str) -> Decimal:
    try:
        return Decimal(str(of[name]))
    except (KeyError, TypeError, ArithmeticError):
        return Decimal(0)


def _tell_providers(step: Step) -> list[tuple[str, str]]:
    rows = [one for one in _rows(step.result, "providers") if one.get("advice")]
    return [(f"{one.get('name')} is {one.get('state')}: {one.get('advice')}", "") for one in rows[:3]]


TELL = {
    "usage_summary": _tell_usage,
    "provider_health": _tell_providers,
    "get_service": _tell_service,
    "list_deployments": _tell_deployments,
    "list_incidents": _tell_incidents,
    "service_samples": _tell_samples,
    "analyze_log": _tell_log,
}
