"""A proposal as plain JSON values, and back."""

from typing import Any

from jules.patch.contract import Change, Edit, Proposal


def as_json(proposal: Proposal | None) -> dict[str, Any]:
    if proposal is None:
        return {}
    changes = [
        {"path": c.path, "content": c.content, "edits": [[e.search, e.replace] for e in c.edits]}
        for c in proposal.changes
    ]
    return {"description": proposal.description, "changes": changes}


def from_json(kept: dict[str, Any]) -> Proposal:
    changes = tuple(
        Change(c["path"], c["content"], tuple(Edit(search, replace) for search, replace in c["edits"]))
        for c in kept["changes"]
    )
    return Proposal(kept["description"], changes)
