"""Failures of Python services."""

import ast
import re

from jules.patch.contract import Change, Proposal
from jules.recipes.case import Case, several, swapped, whole, with_line
from jules.recipes.names import PROGRAMS, PYTHON, STANDARD

MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_][\w.]*)'?")
NO_VERSION = re.compile(
    r"Could not find a version that satisfies the requirement ([A-Za-z0-9._-]+)==([^\s(]+)"
    r" \(from versions: ([^)]*)\)"
)
NO_PACKAGE = re.compile(
    r"No matching distribution found for ([A-Za-z0-9._-]+)"
    r"|(?:'|PyPI package )?'?(sklearn)'? PyPI package is deprecated"
)
COMMAND = re.compile(
    r"(?:^|[\s:])([a-z][a-z-]+): (?:command )?not found|exec: \"?([a-z-]+)\"?: executable file not found", re.M
)
TABS = re.compile(r'File "(?:/work/|\./)?([^"]+\.py)", line \d+.*?\n(?:.*\n){0,4}?TabError', re.M)
NAME = re.compile(
    r'File "(?:/work/|\./)?([^"]+\.py)", line \d+, in [^\n]*\n(?:[^\n]*\n){0,3}?NameError: name \'(\w+)\''
)
REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.M)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(text: str) -> set[str]:
    """Normal names in a requirements file."""
    return {normal(found) for found in REQUIREMENT.findall(re.sub(r"#.*", "", text))}


def missing_module(case: Case) -> Proposal | None:
    """Adds the package of a module that can't be imported; only a known one."""
    place = case.requirements()
    if place is None:
        return None
    for module in dict.fromkeys(reversed(MODULE.findall(case.log))):
        top = module.split(".")[0]
        package = PYTHON.get(module) or PYTHON.get(top)
        if package and not case.is_own(top) and normal(package) not in listed(case.files[place]):
            line = _pinned(case, package)
            says = f"The module {module} is imported, and no requirement brings it. Adds {line} to {place}."
            return whole(place, with_line(case.files[place], line), says)
    return None


def _pinned(case: Case, package: str) -> str:
    """The version that a constraints file or another requirements file names, else the bare name."""
    for path in case.named(".txt"):
        found = re.search(rf"^{re.escape(package)}==\S+", case.files[path], re.M | re.I)
        if found and ("constraint" in path or "requirements" in path):
            return found.group()
    return package


def missing_command(case: Case) -> Proposal | None:
    """Adds the package of a server program that the start command calls."""
    place = case.requirements()
    if place is None:
        return None
    for names in COMMAND.findall(case.log):
        package = PROGRAMS.get(names[0] or names[1])
        if package and normal(package) not in listed(case.files[place]):
            says = f"{names[0] or names[1]} is called, and no requirement brings it. Adds {package} to {place}."
            return whole(place, with_line(case.files[place], package), says)
    return None


def wrong_pin(case: Case) -> Proposal | None:
    """A pin on a version that there is not: the newest one of the same major, else the newest."""
    for package, pinned, versions in NO_VERSION.findall(case.log):
        known = [v.strip() for v in versions.split(",") if re.fullmatch(r"\d+(\.\d+)*", v.strip())]
        if not known:
            continue
        newest = _nearest(known, pinned)
        for path in case.named(".txt"):
            pin = re.search(
                rf"^{re.escape(package)}(\[[^\]]*\])?==\s*{re.escape(pinned)}[^\n]*", case.files[path], re.M | re.I
            )
            if pin:
                line = pin.group().replace(pinned, newest)
                says = f"{package} {pinned} does not exist. Pins {newest}, the nearest version that does."
                return swapped(path, pin.group(), line, says)
    return None


def _nearest(known: list[str], pinned: str) -> str:
    def key(version: str) -> tuple[int, ...]:
        return tuple(int(part) for part in version.split("."))

    same = [v for v in known if v.split(".")[0] == pinned.split(".", maxsplit=1)[0]]
    return max(same or known, key=key)


def wrong_package_name(case: Case) -> Proposal | None:
    """A requirement that carries the import's name: sklearn, yaml, bs4."""
    for first, second in NO_PACKAGE.findall(case.log):
        name = first or second
        package = PYTHON.get(name)
        if package is None or normal(package) == normal(name):
            continue
        for path in case.named(".txt"):
            if found := re.search(rf"^{re.escape(name)}(?![\w-])[^\n]*", case.files[path], re.M):
                says = f"The package of the module {name} is called {package}. Names it so in {path}."
                return swapped(path, found.group(), package, says)
    return None


def mixed_tabs(case: Case) -> Proposal | None:
    """Tabs become spaces in the file that Python refuses, if it is then valid Python."""
    changes = []
    for path in dict.fromkeys(TABS.findall(case.log)):
        text = case.files.get(path, "")
        for width in (4, 8):
            spaced = re.sub(r"^[ \t]+", lambda found, w=width: found.group().expandtabs(w), text, flags=re.M)
            if spaced != text and _is_python(spaced):
                changes.append(Change(path, content=spaced))
                break
    return several(changes, "Tabs and spaces are mixed in one block. Indents with spaces.")


def forgotten_import(case: Case) -> Proposal | None:
    """A name that is a module of the standard library, used and nowhere imported in its file."""
    for path, name in reversed(NAME.findall(case.log)):
        text = case.files.get(path)
        if text is None or name not in STANDARD or not _is_python(text) or name in _bound(text):
            continue
        at = _first_line(text)
        lines = text.split("\n")
        lines.insert(at, f"import {name}")
        says = f"{path} uses the module {name} and does not import it. Imports it."
        return whole(path, "\n".join(lines), says)
    return None


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _bound(text: str) -> set[str]:
    tree = ast.parse(text)
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def _first_line(text: str) -> int:
    """Where an import may stand: after the docstring and the imports of the future."""
    at = 0
    for n, node in enumerate(ast.parse(text).body):
        doc = n == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if doc or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            at = node.end_lineno or 0
        else:
            break
    return at or (1 if text.startswith("#!") else 0)
