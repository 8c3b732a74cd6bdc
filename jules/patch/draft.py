"""A proposal laid on the files that are there: what would change, what is left out and why, what does not fit."""

import ast
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jules.patch import policy
from jules.patch.contract import Proposal
from jules.patch.edits import NotApplied, apply


@dataclass(slots=True)
class Draft:
    """`files`: path -> (bytes before, bytes after), None where there is none. `left_out`: path -> why.
    `errors`: sentences for whoever proposed it."""

    files: dict[str, tuple[bytes | None, bytes | None]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def drafted(
    proposal: Proposal, before: Mapping[str, bytes | None], modes: Mapping[str, str], protected: Iterable[str]
) -> Draft:
    """`before`: the bytes of every file that the proposal names and the policy allows."""
    made = Draft()
    rules = tuple(protected)
    for change in proposal.changes:
        if why := policy.objection(change.path, modes, rules):
            made.left_out[change.path] = why
            continue
        there = before.get(change.path)
        try:
            after = apply(change, there)
        except NotApplied as error:
            made.errors.append(str(error))
            continue
        if fault := broken(change.path, there, after):
            made.errors.append(fault)
        elif after != there:
            made.files[change.path] = (there, after)
    if not made.errors and not made.files:
        made.errors.append(_nothing(made))
    return made


def _nothing(made: Draft) -> str:
    if made.left_out:
        return " ".join(["Nothing may be changed of what was proposed.", *list(made.left_out.values())[:3]])
    return "The proposed fix changes nothing."


def broken(path: str, before: bytes | None, after: bytes) -> str:
    """Why the new text is no valid Python, JSON or TOML, where the old one was (or there was none); else empty."""
    fault = _fault(path, after)
    if not fault or (before is not None and _fault(path, before)):
        return ""
    return f"{path} would no longer be valid: {fault}"


def _fault(path: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
        if path.endswith(".py"):
            ast.parse(text)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}."
    except (ValueError, RecursionError) as error:
        return f"{str(error)[:200]}."
    return ""
