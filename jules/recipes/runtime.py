"""What a service must take from where it runs: its port, and its database in the newest form."""

import re
from pathlib import PurePosixPath

from jules.patch.contract import Proposal
from jules.recipes.case import Case, swapped, whole, with_line

PORT_FAILED = re.compile(
    r"failed to bind to \$PORT|EADDRINUSE|Address already in use|\$?PORT\b.{0,60}(?:not|no|did)\b"
    r"|no open (?:HTTP )?ports? detected|KeyError: 'PORT'|int\(\) argument must be .*'?NoneType'?",
    re.IGNORECASE,
)
NODE_LISTEN = re.compile(r"\.listen\(\s*(\d{2,5})\b")
NODE_CONST = re.compile(r"^(\s*(?:const|let|var)\s+port\s*=\s*)(\d{2,5})(\s*;?\s*)$", re.IGNORECASE | re.M)
PYTHON_PORT = re.compile(r"\bport\s*=\s*(\d{2,5})\b", re.IGNORECASE)
PYTHON_PAIR = re.compile(r"(\(\s*(['\"])(?:0\.0\.0\.0|127\.0\.0\.1|localhost|)\2\s*,\s*)(\d{2,5})(\s*\))")
PYTHON_ENV = re.compile(
    r"os\.environ\[\s*(['\"])PORT\1\s*\]|os\.environ\.get\(\s*(['\"])PORT\2\s*\)|os\.getenv\(\s*(['\"])PORT\3\s*\)"
)
UNMIGRATED = re.compile(
    r"unapplied migration|no such table|relation \"[^\"]+\" does not exist|UndefinedTable"
    r"|Table '[^']+' doesn't exist"
    r"|P2021|The table `[^`]+` does not exist",
    re.IGNORECASE,
)
WEB = re.compile(r"^(web:\s*)(.+)$", re.M)


def node_port(case: Case) -> Proposal | None:
    if not PORT_FAILED.search(case.log):
        return None
    for path in [*case.named(".js"), *case.named(".ts")]:
        text = case.files[path]
        if "process.env.PORT" in text:
            continue
        says = f"{path} listens on a fixed port. Listens on PORT where it is set."
        if len(found := list(NODE_LISTEN.finditer(text))) == 1:
            listen = found[0].group()
            taken = listen.replace(found[0].group(1), f"process.env.PORT || {found[0].group(1)}")
            return swapped(path, listen, taken, says)
        if len(found := list(NODE_CONST.finditer(text))) == 1 and ".listen(" in text:
            line = found[0]
            return swapped(
                path, line.group(), f"{line.group(1)}process.env.PORT || {line.group(2)}{line.group(3)}", says
            )
    return None


def python_port(case: Case) -> Proposal | None:
    if not PORT_FAILED.search(case.log):
        return None
    for path in case.named(".py"):
        text = case.files[path]
        if PurePosixPath(path).name.startswith("test_"):
            continue
        if found := PYTHON_ENV.search(text):
            says = f"{path} reads PORT and fails where it is not set. Takes 8000 then."
            return swapped(path, found.group(), 'os.environ.get("PORT", "8000")', says)
        if "PORT" in text and "environ" in text:
            continue
        for pattern, group in ((PYTHON_PORT, 1), (PYTHON_PAIR, 3)):
            hits = list(pattern.finditer(text))
            if len(hits) == 1:
                taken = f'int(os.environ.get("PORT", "{hits[0].group(group)}"))'
                start, end = hits[0].span(group)
                new = _importing_os(text[:start] + taken + text[end:])
                return whole(path, new, f"{path} listens on a fixed port. Listens on PORT where it is set.")
    return None


def _importing_os(text: str) -> str:
    if re.search(r"^import os\b|^import .*\bos\b", text, re.M):
        return text
    found = re.search(r"^(?:import|from)\s(?!__future__)", text, re.M)
    return f"{text[: found.start()]}import os\n{text[found.start() :]}" if found else f"import os\n{text}"


def missing_migration(case: Case) -> Proposal | None:
    """Runs migrations before the start, where there are any and nothing runs them."""
    command = _migrates(case)
    if not command or not UNMIGRATED.search(case.log):
        return None
    says = (
        f"The database lacks what the migrations make, and nothing runs them. Runs `{command}` before the start."
    )
    if any(command.split(" --")[0] in case.files[path] for path in case.starters()):
        return None
    if "Procfile" in case.files and WEB.search(case.files["Procfile"]):
        return whole("Procfile", with_line(case.files["Procfile"], f"release: {command}"), says)
    for path in case.named(".sh"):
        lines = case.files[path].split("\n")
        starts = [
            n for n, line in enumerate(lines) if re.search(r"\b(runserver|gunicorn|uvicorn|serve|node)\b", line)
        ]
        if len(starts) == 1:
            lines.insert(starts[0], command)
            return whole(path, "\n".join(lines), says)
    return None


def _migrates(case: Case) -> str:
    if "manage.py" in case.files:
        return "python3 manage.py migrate --noinput"
    if "alembic.ini" in case.files:
        return "alembic upgrade head"
    return "npx prisma migrate deploy" if "prisma/schema.prisma" in case.files else ""
