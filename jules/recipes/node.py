"""Failures of Node services."""

import json
import re
from pathlib import PurePosixPath
from typing import Any

from jules.patch.contract import Proposal
from jules.recipes.case import Case, whole
from jules.recipes.names import NODE

MODULE = re.compile(r"(?:Cannot find (?:module|package)|Can't resolve) '(@?[a-z0-9][\w./-]*)'")
SCRIPT = re.compile(r'[Mm]issing script:? "?([\w:-]+)"?')
OUTSIDE = re.compile(r"Cannot use import statement outside a module|Unexpected token 'export'")
JSON_BROKEN = re.compile(r"EJSONPARSE|JSON\.parse|JSONDecodeError|in JSON at position|is not valid JSON")
BUILT_IN = frozenset(
    (
        "fs",
        "path",
        "http",
        "https",
        "os",
        "url",
        "util",
        "events",
        "stream",
        "crypto",
        "zlib",
        "net",
        "tls",
        "assert",
    )
)
ENTRIES = ("server.js", "index.js", "app.js", "main.js", "src/server.js", "src/index.js", "src/app.js")


def package(case: Case) -> tuple[str, dict[str, Any]] | None:
    """The package.json nearest to the root, and what it says."""
    for path in case.named("package.json"):
        try:
            value = json.loads(case.files[path])
        except ValueError:
            continue
        if isinstance(value, dict):
            return path, value
    return None


def written(before: str, value: dict[str, Any]) -> str:
    """As JSON, with the indentation that the file has."""
    found = re.search(r'^(\s+)"', before, re.M)
    indent: int | str = found.group(1).strip("\n") if found else 2
    return json.dumps(value, indent=indent or 2, ensure_ascii=False) + ("\n" if before.endswith("\n") else "")


def missing_module(case: Case) -> Proposal | None:
    """Adds a known package that is required, and not in package.json."""
    there = package(case)
    if there is None:
        return None
    path, value = there
    for name in dict.fromkeys(reversed(MODULE.findall(case.log))):
        top = "/".join(name.split("/")[:2]) if name.startswith("@") else name.split("/")[0]
        known = {**value.get("dependencies", {}), **value.get("devDependencies", {})}
        if top in BUILT_IN or top in known or top not in NODE:
            continue
        dependencies = dict(sorted({**value.get("dependencies", {}), top: _version(case, top)}.items()))
        says = f"The package {top} is required, and {path} does not name it. Adds it."
        return whole(path, written(case.files[path], {**value, "dependencies": dependencies}), says)
    return None


def _version(case: Case, name: str) -> str:
    """The version that a lock file has, else any."""
    for path in case.named("package-lock.json"):
        found = re.search(rf'"node_modules/{re.escape(name)}":\s*{{\s*"version":\s*"([^"]+)"', case.files[path])
        if found:
            return f"^{found.group(1)}"
    return "*"


def missing_script(case: Case) -> Proposal | None:
    """Adds a `start` script where there is exactly one obvious entry."""
    there = package(case)
    if there is None:
        return None
    path, value = there
    folder = str(PurePosixPath(path).parent)
    for name in SCRIPT.findall(case.log):
        if name in value.get("scripts", {}) or name != "start":
            continue
        main = value.get("main")
        candidates = [main] if isinstance(main, str) and main.endswith(".js") else list(ENTRIES)
        entries = [e for e in candidates if str(PurePosixPath(folder) / e) in case.files]
        if not entries:
            continue
        scripts = {**value.get("scripts", {}), "start": f"node {entries[0]}"}
        says = f"{path} has no script named start. Starts {entries[0]}."
        return whole(path, written(case.files[path], {**value, "scripts": scripts}), says)
    return None


def import_outside_module(case: Case) -> Proposal | None:
    """Says that the package is a module, where all of its files are written as such."""
    there = package(case)
    if there is None or not OUTSIDE.search(case.log) or there[1].get("type"):
        return None
    path, value = there
    scripts = [text for name, text in case.files.items() if name.endswith(".js")]
    if any(re.search(r"\brequire\(|\bmodule\.exports\b", text) for text in scripts):
        return None
    says = f"The code uses import, and {path} does not say that the package is a module. Says so."
    return whole(path, written(case.files[path], {**value, "type": "module"}), says)


def broken_json(case: Case) -> Proposal | None:
    """Takes out the commas before a closing bracket and the comment lines that JSON does not allow."""
    if not JSON_BROKEN.search(case.log):
        return None
    for path in case.named(".json"):
        text = case.files[path]
        if PurePosixPath(path).name not in case.log and path != "package.json":
            continue
        try:
            json.loads(text)
            continue
        except ValueError:
            mended = re.sub(r"^\s*//[^\n]*\n", "", text, flags=re.M)
            mended = re.sub(r",(\s*[}\]])", r"\1", mended)
        try:
            json.loads(mended)
        except ValueError:
            continue
        return whole(path, mended, f"{path} holds commas or comments that JSON does not allow. Takes them out.")
    return None
