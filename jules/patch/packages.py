"""Dependencies that a patch brings in: a name that nobody vouches for may be one that an attacker published."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.M)
GROUPS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
LOCKS = (
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
)


def named(path: str, text: str | None) -> set[str]:
    """Package names in a requirements file, package.json or pyproject.toml, in lower case."""
    name = path.rpartition("/")[2]
    if not text:
        return set()
    if re.fullmatch(r"(?:.*requirements|constraints).*\.(?:txt|in)", name):
        return {_normal(found) for found in NAME.findall(re.sub(r"#.*|^\s*-.*", "", text, flags=re.M))}
    try:
        if name == "package.json":
            return _of_npm(json.loads(text))
        if name == "pyproject.toml":
            return _of_pyproject(tomllib.loads(text))
    except ValueError:
        return set()
    return set()


def unvouched(
    files: Mapping[str, tuple[str | None, str | None]], locks: Iterable[str], allowed: Iterable[str]
) -> list[str]:
    """Names that the patch adds (path -> text before and after) and that no lock file and no list knows."""
    before = {name for path, (old, _) in files.items() for name in named(path, old)}
    after = {name for path, (_, new) in files.items() for name in named(path, new)}
    known = {_normal(name) for name in allowed}
    texts = [text.lower() for text in locks]
    return sorted(
        name
        for name in after - before - known
        if not any(re.search(rf"[\"'/\s]{re.escape(name)}[\"'@\s:]", t) for t in texts)
    )


def is_lock(path: str) -> bool:
    return path.rpartition("/")[2] in LOCKS


def _normal(name: str) -> str:
    return name.lower() if name.startswith("@") else re.sub(r"[-_.]+", "-", name).lower()


def _of_npm(value: Any) -> set[str]:
    groups = [value.get(group) for group in GROUPS] if isinstance(value, dict) else []
    return {_normal(name) for group in groups if isinstance(group, dict) for name in group}


def _of_pyproject(value: dict[str, Any]) -> set[str]:
    project, poetry = value.get("project", {}), value.get("tool", {}).get("poetry", {})
    groups = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    lines = [line for group in groups for line in group]
    found = {_normal(match.group(1)) for line in lines if (match := NAME.match(str(line)))}
    return found | {_normal(name) for name in poetry.get("dependencies", {})}
