"""The house: imports only go down, engines know no framework, files and functions stay small."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ["providers", "senate", "intelligence", "jules", "aiops_site"]  # from the ground up
FRAMEWORKS = {"django", "channels", "celery", "rest_framework"}
PURE = [
    "providers/types.py",
    "providers/exceptions.py",
    "providers/conversation/calls.py",
    "providers/conversation/turns.py",
    "providers/conversation/structured.py",
    "providers/catalog.py",
    "providers/network/outbound.py",
    "providers/network/addresses.py",
    "providers/network/transport.py",
    "providers/runtime/loop.py",
    "providers/format.py",
    "providers/wires/*.py",
    "senate/engine/*.py",
    "intelligence/fleet/states.py",
    "intelligence/agents/seccomp.py",
    "jules/patch/*.py",
    "jules/recipes/*.py",
    "jules/body.py",
    "intelligence/analysis/advice.py",
    "intelligence/analysis/quotes.py",
    "intelligence/analysis/reducer.py",
    "intelligence/rules/*.py",
    "intelligence/rules/rows/*.py",
]
MAX_FILE, MAX_FUNCTION = 300, 40


def sources() -> list[Path]:
    tracked = [p for app in FLOORS for p in (ROOT / app).rglob("*.py")]
    return [p for p in tracked if "migrations" not in p.parts]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_only_go_down() -> None:
    wrong = {}
    for path in sources():
        own = FLOORS.index(path.relative_to(ROOT).parts[0])
        if above := sorted(name for name in imports(path) if name.split(".")[0] in FLOORS[own + 1 :]):
            wrong[relative(path)] = above
    assert wrong == {}, "these import from a floor above"


@pytest.mark.parametrize("pattern", PURE)
def test_engines_import_no_framework(pattern: str) -> None:
    places = list(ROOT.glob(pattern))
    assert places, f"{pattern} names no file any more"
    for path in places:
        known = {name.split(".")[0] for name in imports(path)} & FRAMEWORKS
        assert not known, f"{relative(path)} imports {sorted(known)}"


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_files_and_functions_stay_small() -> None:
    long = {}
    for path in [*sources(), *(ROOT / "tests").rglob("*.py")]:
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE:
            long[relative(path)] = lines
    for path in sources():
        for f in functions(path):
            if (size := f.end_lineno - f.lineno + 1) > MAX_FUNCTION:
                long[f"{relative(path)}:{f.name}"] = size
    assert long == {}


def test_every_signature_has_types() -> None:
    assert [f"{relative(p)}:{f.name}" for p in sources() for f in functions(p) if f.returns is None] == []
