"""N2: what may do harm stands only where it was looked at; the reason is beside the file. Beside the linter's own
security rules (`S` in pyproject.toml, bandit's), whose waivers are held here too.

A new entry is a decision: say what keeps it safe.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture import dangers
from tests.architecture.test_floors import FLOORS, ROOT, relative, sources, tree

LOOKED_AT = {
    "client": {
        "providers/network/transport.py": "the one client of the site, guarded",
        "providers/network/outbound.py": "its rules, and TLS that is checked",
        "providers/wires/base.py": "its errors and its answers' type",
        "providers/wires/faults.py": "its errors",
        "providers/notify/mail.py": "errors of sending; the relay is the operator's",
        "providers/runtime/desk.py": "the name of this host",
        "intelligence/git/command.py": "names are resolved and checked, git is pinned to them",
        "intelligence/agents/self_test.py": "a text that runs in the sandbox, to see that it can't connect",
        "intelligence/agents/sdk/aiops.py": "runs in the sandbox, speaks to one socket of the site",
        "aiops_site/supervisor/address.py": "whether a port of this machine is free",
        "aiops_site/supervisor/redis_server.py": "a free port of this machine",
    },
    "process": {
        "intelligence/git/command.py": "git with fixed words, `--`, an environment of its own",
        "intelligence/agents/launched.py": "the sandbox",
        "aiops_site/supervisor/child.py": "the site's own processes",
        "aiops_site/supervisor/lifeline.py": "the same",
        "aiops_site/management/commands/up.py": "errors of them",
        "aiops_site/web/static_files.py": "collectstatic of this tree",
        "aiops_site/install.py": "pip, before anything runs",
    },
    "safe": {
        "senate/reading/markdown.py": "sanitised by nh3 after rendering",
        "intelligence/logs/viewer.py": "escaped in ansi.html",
        "jules/views/diff.py": "every piece is escaped",
        "providers/usage/chart.py": "escaped in charts.svg",
        "providers/templatetags/icons.py": "drawings of a package",
    },
    "shell": {},
    "evaluates": {},
    "unpacks": {},
    "parses": {},
    "unverified": {},
    "no token": {},
    "logs a secret": {},
}
# SQL by hand: constants, names of our own tables and parameters. Never where words of people come in.
WITH_SQL = """providers/ledger/ providers/usage/rollup/ providers/usage/seeding.py providers/models/forever.py
providers/access/ providers/configuration/current.py providers/counting.py providers/resilience/health.py
providers/runtime/watching.py providers/trail/audit_log.py intelligence/agents/callers.py
intelligence/agents/credentials.py intelligence/live.py intelligence/logs/secrets.py jules/watching.py
aiops_site/overview/watching.py aiops_site/operation/readiness.py
aiops_site/management/commands/migrate.py""".split()
WORDS_COME_IN = ("/views", "serializers", "consumers", "forms", "/tools", "tasks")
WAIVED = {"S104", "S105", "S106", "S108", "S308", "S311", "S324", "S608"}
NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?")
LOOSE = re.compile(r"\|\s*safe(?:seq)?\b|{%-?\s*autoescape\s+off")
PLANTED = {
    "client": "def f(u):\n    from urllib.request import urlopen\n    return urlopen(u)",
    "process": "async def f(w):\n    return await asyncio.create_subprocess_exec(*w)",
    "shell": "def f(w):\n    return run(w, shell=w)",
    "safe": "def f(t):\n    return safestring.mark_safe(t)",
    "sql": "def f(c, name):\n    c.execute(f'SELECT {name}')",
    "evaluates": "x = eval(y)",
    "unpacks": "from pickle import loads",
    "parses": "import yaml",
    "unverified": "s.get(url, verify=path)",
    "no token": "@csrf_exempt\ndef hook(request): ...",
    "logs a secret": "logger.info('it is %s', f'{row.openai_api_key}')",
}


@cache
def found(path: Path) -> set[str]:
    return dangers.found(tree(path))


@pytest.mark.parametrize("kind", LOOKED_AT)
def test_what_may_do_harm_stands_only_where_it_was_looked_at(kind) -> None:
    assert sorted(relative(path) for path in sources() if kind in found(path)) == sorted(LOOKED_AT[kind])


def test_statements_by_hand_stand_in_few_rooms_and_never_where_words_of_people_come_in() -> None:
    waived = (path for path in sources() if "S608" in path.read_text(encoding="utf-8"))
    with_sql = {*waived, *(path for path in sources() if "sql" in found(path))}
    names = sorted(map(relative, with_sql))
    assert [name for name in names if not name.startswith(tuple(WITH_SQL))] == []
    assert [name for name in names if any(part in name for part in WORDS_COME_IN)] == []
    assert [room for room in WITH_SQL if not any(name.startswith(room) for name in names)] == [], "no more needed"


def test_no_security_rule_of_the_linter_is_waived_but_those_that_were_looked_at() -> None:
    blank, waived = [], set()
    for path in sources():
        for noqa in NOQA.finditer(path.read_text(encoding="utf-8")):
            codes = re.findall(r"[A-Z]+\d+", noqa["codes"] or "")
            waived |= {code for code in codes if re.fullmatch(r"S\d+", code)}
            blank += [] if codes else [relative(path)]
    assert (blank, waived - WAIVED, WAIVED - waived) == ([], set(), set())


def test_no_template_turns_escaping_off() -> None:
    as_text = "templates/senate/export.md"  # Markdown to keep, shown by nobody's browser
    pages = [*(ROOT / "templates").rglob("*.*"), *(p for app in FLOORS for p in (ROOT / app).rglob("*.html"))]
    assert len(pages) > 50 and LOOSE.search("{{ x |safe }}")
    assert [relative(page) for page in pages if LOOSE.search(page.read_text(encoding="utf-8"))] == [as_text]


@pytest.mark.parametrize("kind", PLANTED)
def test_each_kind_is_found_where_it_is_planted(kind) -> None:
    assert kind in dangers.found(ast.parse(PLANTED[kind]))
