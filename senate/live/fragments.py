"""The live parts of a session page, rendered by the partials that the page itself is made of.

A part's root element has an `id` and `data-n`, the last event that it includes. The same for every reader.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string

from senate import chat
from senate.models import SenateSession

PARTS = ("head", "stepper", "resolution", "dissent", "votes", "order")
EVERYTHING = "everything"
UNCHOSEN: dict[str, Any] = {
    "wide": None,
    "vote": "",
    "sort": "seats",
}  # what a page's address may choose; live.js keeps it


def regions_of(events: Iterable[dict[str, Any]]) -> set[str]:
    """Ids of the parts that these events change by more than appended text."""
    regions: set[str] = set()
    for event in events:
        regions |= _regions(event)
    return regions


def _regions(event: dict[str, Any]) -> set[str]:
    kind, phase, member = event["type"], event["phase"], event["member"]
    match kind:
        case "call.text" if event["data"].get("offset"):
            return set()
        case "call.text" | "call.started":
            return _column(phase, member)
        case "call.done" | "call.failed":
            return _column(phase, member) | {"head", "stepper"}
        case "vote" | "abstention":
            return {"votes", "dissent", "stepper", "resolution"}
        case "chair.rotated":
            return {"head", "stepper", "resolution"}
    return {EVERYTHING}


def _column(phase: str, member: int | None) -> set[str]:
    """Where a call's text stands: the member's column, the votes, or the resolution."""
    if phase == "chair" or member is None:
        return {"resolution"}
    if phase == "review":
        return {"votes", f"member-{member}"}
    return {"resolution", f"member-{member}"}


def read(session: SenateSession, at: int | None = None) -> dict[str, Any]:
    """The transcript as the templates take it: each member has a `title` that no other has, where that can be.

    It is the provider's name, or the model where several seats share the provider. `at`: as after that event.
    """
    found: dict[str, Any] = {**chat.transcript(session, at)}
    often = Counter(member["name"] for member in found["members"])
    for member in found["members"]:
        member["title"] = member["name"] if often[member["name"]] == 1 else member["model"]
    return found


def fragments(session_id: int, regions: set[str]) -> list[dict[str, str]]:
    """[{id, html}] of the named parts as the rows are now."""
    transcript: dict[str, Any] = {**UNCHOSEN, **read(SenateSession.objects.get(pk=session_id))}
    solo = transcript["plan"] == "solo"
    wanted = [part for part in PARTS if regions & {part, EVERYTHING} and not (solo and part == "order")]
    found = [{"id": part, "html": render_to_string(f"senate/_{part}.html", transcript)} for part in wanted]
    if solo:
        return found
    for member in transcript["members"]:
        part = f"member-{member['index']}"
        if regions & {part, EVERYTHING}:
            context = {**transcript, "member": member}
            found.append({"id": part, "html": render_to_string("senate/_member.html", context)})
    return found
