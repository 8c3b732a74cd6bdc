"""What an answer may point at: addresses of rows that stood in the results of its own calls. Pure.

A model's word that something shows something counts only with such an address; the rest is kept as unproven.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from intelligence.agents.runs.types import Step

PLACE = re.compile(r"/[a-z]+(?:/[a-z]+)*/[0-9a-f-]{1,36}/")
LINES = re.compile(r"#L[0-9]{1,9}(?:-L?[0-9]{1,9})?")
MOST, LONGEST = 12, 400
NAMES = ("name", "title", "service_name", "cause", "status")


def seen(steps: Iterable[Step]) -> dict[str, str]:
    """Address -> what it is, of every row that a call gave, and of every deployment that a call read."""
    found: dict[str, str] = {}
    for step in steps:
        if step.kind != "tool" or step.state != "done":
            continue
        if isinstance(of := step.arguments.get("deployment_id"), str) and PLACE.fullmatch(f"/deployments/{of}/"):
            found.setdefault(f"/deployments/{of}/", f"Deployment {of[:8]}")
        if step.tool == "usage_summary":
            found.setdefault(usage(step), "Usage")
        for row in _rows(step.result):
            if PLACE.fullmatch(str(row["url"])):
                found.setdefault(row["url"], _label(row))
    return found


def usage(step: Step) -> str:
    """The page that shows what a usage_summary showed."""
    asked = {"range": "7d", "group": "provider"} | {n: str(v) for n, v in step.arguments.items()}
    return f"/usage/?{urlencode({name: asked[name] for name in ('range', 'group')})}"


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in the result that has an address of its own."""
    if isinstance(value, Mapping):
        if isinstance(value.get("url"), str):
            yield value
        for inner in value.values():
            yield from _rows(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _rows(inner)


def _label(row: Mapping[str, Any]) -> str:
    kind = str(row["url"]).split("/")[1].rstrip("s").capitalize()
    name = next((str(row[key]) for key in NAMES if row.get(key)), "")
    return f"{kind}: {name[:80]}" if name else kind


def checked(
    claims: Iterable[Mapping[str, Any]], steps: Iterable[Step]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(proven, unproven): claims whose address stood in a result, with its label; the others, without a link."""
    known = seen(steps)
    proven: list[dict[str, str]] = []
    unproven: list[dict[str, str]] = []
    for claim in list(claims)[:MOST]:
        place, mark, lines = str(claim.get("url", "")).partition("#")
        says = str(claim.get("says", ""))[:LONGEST]
        if place not in known:
            unproven.append({"url": (place + mark + lines)[:200], "says": says})
            continue
        line = mark + lines if LINES.fullmatch(mark + lines) else ""
        proven.append({"url": place + line, "label": known[place], "says": says})
    return proven, unproven


def named_in(text: str, steps: Iterable[Step]) -> list[dict[str, str]]:
    """Claims for an answer in plain words: the addresses of rows that it names itself."""
    known = seen(steps)
    return [{"url": place, "says": ""} for place in dict.fromkeys(PLACE.findall(text)) if place in known]
