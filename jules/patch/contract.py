"""The answer that a model is asked for, read strictly: `{fix_description, files_to_change, suggested_changes}`.

A change is a whole file (`content`) or search/replace pairs (`edits`). Line-numbered diffs are not asked for:
models get the numbers wrong. What can't be used becomes sentences to ask again with.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_CHANGES = 50
MOST_CHARS = 400_000
FENCE = re.compile(r"^```[a-zA-Z]*\s*\n(.*?)\n```\s*$", re.DOTALL | re.MULTILINE)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["fix_description", "files_to_change", "suggested_changes"],
    "properties": {
        "fix_description": {"type": "string", "description": "what is wrong and what the fix does, two sentences"},
        "files_to_change": {"type": "array", "items": {"type": "string"}},
        "suggested_changes": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path"],
                "properties": {
                    "path": {"type": "string"},
                    "content": {"type": "string", "description": "the whole new file, for a new or a small one"},
                    "edits": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["search", "replace"],
                            "properties": {"search": {"type": "string"}, "replace": {"type": "string"}},
                        },
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Edit:
    """`search` stands exactly once in the file; `replace` takes its place."""

    search: str
    replace: str


@dataclass(frozen=True, slots=True)
class Change:
    """One file: its whole new text, or edits of the one that is there."""

    path: str
    content: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    description: str
    changes: tuple[Change, ...]


class Unusable(Exception):
    """Why an answer can't be used: sentences for the model and for the page."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors


def read(answer: str) -> Proposal:
    """The proposal that an answer holds, also inside one code fence. Errors: Unusable, with every fault found."""
    if len(answer) > MOST_CHARS:
        raise Unusable([f"The answer has {len(answer):,} characters; {MOST_CHARS:,} are allowed."])
    value = _json(answer)
    if not isinstance(value, Mapping):
        raise Unusable(["The answer must be one JSON object, nothing around it."])
    errors = [f"Unknown field {name!r}." for name in sorted(set(value) - set(SCHEMA["properties"]))]
    description = value.get("fix_description")
    if not isinstance(description, str) or not description.strip():
        errors.append("`fix_description` must be a sentence.")
    changes = _changes(value.get("suggested_changes"), errors)
    errors += _listed(value.get("files_to_change"), changes)
    if errors:
        raise Unusable(errors[:20])
    return Proposal(str(description).strip(), tuple(changes))


def _json(answer: str) -> Any:
    text = answer.strip()
    fenced = FENCE.search(text)
    for candidate in (text, fenced.group(1) if fenced else ""):
        try:
            return json.loads(candidate, strict=False)
        except (json.JSONDecodeError, RecursionError):
            continue
    return None


def _changes(raw: Any, errors: list[str]) -> list[Change]:
    if not isinstance(raw, list) or not raw:
        errors.append("`suggested_changes` must be a list with at least one change.")
        return []
    if len(raw) > MOST_CHANGES:
        errors.append(f"{len(raw)} changes are too many; {MOST_CHANGES} at most.")
        return []
    made = [change for n, one in enumerate(raw, 1) if (change := _change(n, one, errors))]
    twice = sorted({c.path for c in made if [d.path for d in made].count(c.path) > 1})
    errors += [f"{path} is changed twice; put all its edits into one change." for path in twice]
    return made


def _change(n: int, raw: Any, errors: list[str]) -> Change | None:
    place = f"Change {n}"
    if not isinstance(raw, Mapping) or not isinstance(raw.get("path"), str) or not raw["path"].strip():
        errors.append(f"{place} needs a `path`.")
        return None
    path, content, edits = raw["path"].strip(), raw.get("content"), raw.get("edits")
    place = f"{place} ({path})"
    if unknown := sorted(set(raw) - {"path", "content", "edits"}):
        errors.append(f"{place} has unknown fields: {', '.join(map(str, unknown))}.")
    if (content is None) == (not edits):
        errors.append(f"{place} needs either `content` or `edits`, not both and not neither.")
        return None
    if content is not None:
        if not isinstance(content, str):
            errors.append(f"{place}: `content` must be text.")
            return None
        return Change(path, content=content)
    found = _edits(place, edits, errors)
    return Change(path, edits=found) if found else None


def _edits(place: str, raw: Any, errors: list[str]) -> tuple[Edit, ...]:
    whole = isinstance(raw, list) and all(
        isinstance(e, Mapping) and isinstance(e.get("search"), str) and isinstance(e.get("replace"), str)
        for e in raw
    )
    if not whole:
        errors.append(f"{place}: each edit needs `search` and `replace` as text.")
        return ()
    made = tuple(Edit(e["search"], e["replace"]) for e in raw)
    if any(not e.search.strip() for e in made):
        errors.append(f"{place}: `search` must quote the lines that are replaced; for a new file give `content`.")
    return made


def _listed(raw: Any, changes: list[Change]) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(path, str) for path in raw):
        return ["`files_to_change` must be a list of paths."]
    paths, listed = {c.path for c in changes}, {path.strip() for path in raw}
    if changes and paths != listed:
        return [
            f"`files_to_change` and `suggested_changes` name different files: {', '.join(sorted(paths ^ listed))}."
        ]
    return []
