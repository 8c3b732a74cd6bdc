"""Wording of tools that can't run here (Kubernetes, systemd, platforms, Docker, .NET, ...), block by block.

The blocks of `tests/data/wordings*.txt` were written by hand; `>>` marks the decisive line.
"""

import re
from pathlib import Path

import pytest

from intelligence.analyst import analyse

FOLDER = Path(__file__).resolve().parents[1] / "data"


def blocks() -> list[tuple[str, str]]:
    found = []
    for path in sorted(FOLDER.glob("wordings*.txt")):
        for block in re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name, text = block.split("\n", 1)
            found.append((name, text))
    return found


@pytest.mark.parametrize(("name", "text"), blocks(), ids=[name for name, _ in blocks()])
def test_wording_is_understood(name: str, text: str) -> None:
    code = name.split()[0]
    lines = text.split("\n")
    answer = analyse("\n".join(line.removeprefix(">>") for line in lines))
    if code == "healthy":
        assert answer.healthy, answer.patterns
        return
    (decisive,) = [number for number, line in enumerate(lines, 1) if line.startswith(">>")]
    assert answer.primary == code
    assert abs(answer.patterns[0].lines[0] - decisive) <= 3


PUT_BEFORE = {
    "GitHub Actions": "2026-11-20T10:00:00.1234567Z ",
    "Docker Compose": "web-1  | ",
    "container runtime": "2026-11-20T10:00:00.123456789Z stderr F ",
    "BuildKit": "#12 4.217 ",
    "Heroku": "2026-11-20T10:00:00.000000+00:00 app[web.1]: ",
    "syslog": "Nov 20 10:00:00 host1 web[31]: ",
    "Jenkins": "[2026-11-20T10:00:00.123Z] ",
    "GitLab": "\x1b[0;m",
}


@pytest.mark.parametrize("before", PUT_BEFORE.values(), ids=PUT_BEFORE)
def test_what_a_runner_puts_before_each_line_changes_nothing(before: str) -> None:
    changed = []
    for name, text in blocks():
        lines = text.rstrip("\n").split("\n")
        answer = analyse("\n".join(before + line.removeprefix(">>") for line in lines))
        if (answer.primary or "healthy") != name.split()[0]:
            changed.append(name)
    assert changed == []


@pytest.mark.parametrize(
    ("line", "cause", "step"),
    [
        ("fatal: repository 'https://git.example.org/shop.git/' not found", "shop.git/ can't be read", "address"),
        ("remote: Repository not found.", "The repository can't be read", "a token that may read it"),
        ("fatal: Remote branch old not found in upstream origin", "no branch, tag or commit old.", "spelling"),
    ],
)
def test_a_repository_that_cannot_be_read_has_steps_of_its_own(line: str, cause: str, step: str) -> None:
    answer = analyse(f"Cloning into 'shop'...\n{line}\n")
    assert cause in answer.cause and any(step in one for one in answer.recommendations)
    assert "environment" not in " ".join(answer.recommendations)
    assert "about" not in answer.as_dict()["patterns"][0]
