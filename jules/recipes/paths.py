"""Start and build commands that name a file by a path where it is not."""

import re
from pathlib import PurePosixPath

from jules.patch.contract import Change, Edit, Proposal
from jules.recipes.case import Case, several

MISSING = (
    re.compile(r"can't open file '(?:/work/|/app/|\./)?([^']+)'"),
    re.compile(r"Cannot find module '(?:/work/|/app/)([^']+)'"),
    re.compile(r"Could not open requirements file: \[Errno 2\] No such file or directory: '([^']+)'"),
    re.compile(r"(?:^|: )(?:\./)?([\w./-]+\.(?:sh|py|js|txt)): (?:not found|No such file or directory)", re.M),
    re.compile(r"(?:cannot open|can't open|Can't open) (?:/work/|/app/|\./)?([\w./-]+\.\w+)"),
    re.compile(r"No such file or directory: '(?:/work/|/app/|\./)?([\w./-]+\.(?:txt|py|js|sh|json))'"),
)
DENIED = re.compile(r"(?:^|[\s:])(?:\./)?([\w./-]+\.(?:sh|py))['\"]?:? [Pp]ermission denied", re.M)


def moved_file(case: Case) -> Proposal | None:
    """The one file of that name (or of nearly that name) elsewhere takes its place in every start command."""
    for pattern in MISSING:
        for named in pattern.findall(case.log):
            path = named.strip().removeprefix("/work/").removeprefix("./")
            right = _instead_of(case, path)
            if right is None:
                continue
            changes = _renamed(case, path, right)
            says = f"A start command names {path}, which is not there; {right} is. Names that one."
            if found := several(changes, says):
                return found
    return None


def _instead_of(case: Case, path: str) -> str | None:
    if path in case.files or not path:
        return None
    name = PurePosixPath(path).name
    same = [p for p in case.files if PurePosixPath(p).name == name]
    if len(same) == 1:
        return same[0]
    suffix, folder = PurePosixPath(path).suffix, str(PurePosixPath(path).parent)
    beside = [p for p in case.files if str(PurePosixPath(p).parent) == folder and p.endswith(suffix)]
    close = [p for p in beside if _nearly(PurePosixPath(p).stem, PurePosixPath(path).stem)]
    return close[0] if len(close) == 1 and not same else None


def _nearly(one: str, other: str) -> bool:
    """One letter more, less or other, or two swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    if len(short) < len(long):
        return any(long[:n] + long[n + 1 :] == short for n in range(len(long)))
    wrong = [n for n in range(len(one)) if one[n] != other[n]]
    swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and one[wrong[0]] == other[wrong[1]]
    return len(wrong) == 1 or (swapped and one[wrong[1]] == other[wrong[0]])


def _renamed(case: Case, path: str, right: str) -> list[Change]:
    """Edits of every start file, line by line where the wrong path stands."""
    word = re.compile(rf"(?<![\w./-])(?:\./)?{re.escape(path)}(?![\w/-])")
    changes = []
    for starter in case.starters():
        text = case.files[starter]
        if word.search(text):
            changes.append(Change(starter, content=word.sub(right, text)))
    return changes


def not_executable(case: Case) -> Proposal | None:
    """Calls the interpreter of a script that may not be executed: `sh start.sh`, `python3 run.py`."""
    for script in DENIED.findall(case.log):
        if script not in case.files:
            continue
        runs = "python3" if script.endswith(".py") else ("bash" if "bash" in case.files[script][:40] else "sh")
        word = re.compile(rf"(?<![\w./-])\./{re.escape(script)}(?![\w/-])")
        changes = []
        for starter in case.starters():
            lines = [line for line in case.files[starter].split("\n") if word.search(line)]
            edits = tuple(Edit(line, word.sub(f"{runs} {script}", line)) for line in dict.fromkeys(lines))
            if edits:
                changes.append(Change(starter, edits=edits))
        says = f"{script} has no permission to be executed. Starts it with {runs}."
        if found := several(changes, says):
            return found
    return None
