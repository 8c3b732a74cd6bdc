"""Makes the labelled logs again: runs every case of `cases/*.sh` and keeps what it printed, with its label.

A case is a block `### name | class | decisive line | other classes that may be named | signals` and a bash script
that really runs a tool. The decisive line is a regular expression (after `last:` its last match counts); signals
are expressions of lines that a shortened log must keep, with `;;` between them. Healthy cases say `healthy`.
Usage: python make.py [name ...]; needs the tools that the cases run; see README.md.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
APP = Path("/srv/app")
LONGEST = 200_000
# What belongs to the machine and not to the failure.
SCRUBBED = (
    (
        re.compile(
            r"^.*(?:Looking in (?:indexes|links)|is neither a file nor a directory|Unknown user config).*\n", re.M
        ),
        "",
    ),
    (re.compile(r"/root/\.pyenv/versions/[\d.]+/"), "/usr/local/"),
    (re.compile(r"/srv/(?:venv|node)/"), "/srv/app/.deps/"),
    (re.compile(r"/root\b"), "/home/app"),
    (re.compile(r"(https?://)[\w.-]*(?:npm|pypi|python|ruby|maven|compos)[\w.-]*"), r"\1packages.example.org"),
    (re.compile(rf"\b{re.escape(socket.gethostname())}\b"), "host1"),
)


def cases() -> dict[str, tuple[str, str, list[str], list[str], str]]:
    found = {}
    for path in sorted(HERE.glob("cases/*.sh")):
        for block in re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            head, body = block.split("\n", 1)
            name, label, needle, *more = [part.strip() for part in head.split(" | ")]
            also, signals = [*more, "", ""][:2]
            found[name] = (label, needle, also.split(), signals.split(";;") if signals else [], body)
    return found


def run(body: str) -> str:
    shutil.rmtree(APP, ignore_errors=True)
    APP.mkdir(parents=True)
    prelude = (HERE / "cases" / "prelude").read_text(encoding="utf-8")
    script = ["bash", "-c", prelude + body]
    quiet = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/srv/home", "TERM": "xterm"}
    done = subprocess.run(
        script, cwd=APP, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=170
    )
    text = done.stdout.decode("utf-8", "surrogateescape")
    for pattern, instead in SCRUBBED:
        text = pattern.sub(instead, text)
    return text


def decisive(text: str, needle: str) -> int:
    """1-based line of the log where the expression matches."""
    last = needle.startswith("last:")
    lines = [n for n, line in enumerate(text.split("\n"), 1) if re.search(needle.removeprefix("last:"), line)]
    if not lines:
        raise LookupError(f"the decisive line is not there: {needle}\n{text[-1500:]}")
    return lines[-1 if last else 0]


def main() -> None:
    labels_path = HERE / "labels.json"
    labels = json.loads(labels_path.read_text()) if labels_path.exists() else {}
    known = cases()
    for name in sys.argv[1:] or known:
        label, needle, also, signals, body = known[name]
        try:
            text = run(body)
            if len(text) > LONGEST:
                raise ValueError(f"too long: {len(text)}")
            line = None if label == "healthy" else decisive(text, needle)
            kept = [decisive(text, signal) for signal in signals]
        except (LookupError, ValueError, subprocess.TimeoutExpired) as error:
            print(f"NOT MADE {name}: {str(error)[-1200:]}")
            continue
        (HERE / f"{name}.log").write_bytes(text.encode("utf-8", "surrogateescape"))
        labels[name] = {"class": None if line is None else label, "line": line, "also": also}
        if kept:
            labels[name]["signals"] = kept
        print(f"{name}: {len(text)} characters, {label} at {line}")
    labels = {name: labels[name] for name in sorted(labels) if name in known}
    labels_path.write_text(json.dumps(labels, indent=1) + "\n")


if __name__ == "__main__":
    main()
