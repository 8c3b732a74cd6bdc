"""docs/configuration.md and .env.example against what the code reads from the environment."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from providers.catalog import CATALOG, EXTRA

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("aiops_site", "providers", "senate", "intelligence", "jules")
# Read by other means than `env`: before Django, by the process that starts, or by a name that is put together.
BESIDE = {"ENV_FILE", "WEB_SERVER", "WORKER_NAME", "CLOUDFLARE_ACCOUNT_ID", "OPENAI_MODEL"}
WEBHOOKS = {
    f"{name}_WEBHOOK_SECRET"
    for name in ("GITHUB", "GITLAB", "BITBUCKET", "VERCEL", "RENDER", "ALERTMANAGER", "GENERIC")
}
KEYS = {name for row in (*CATALOG, *EXTRA) for name in row.env_names}


@cache
def read_by_the_code() -> frozenset[str]:
    found = set(BESIDE | WEBHOOKS | KEYS)
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text("utf-8")
            found |= set(asked(ast.parse(text))) if "env." in text else set()
    return frozenset(found)


def asked(tree: ast.AST) -> Iterator[str]:
    """Names in calls such as env.text("NAME")."""
    for call in ast.walk(tree):
        of_env = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if of_env and isinstance(call.func.value, ast.Name) and call.func.value.id == "env" and call.args:
            if isinstance(call.args[0], ast.Constant):
                yield call.args[0].value


def documented() -> set[str]:
    rows = [line for line in (ROOT / "docs/configuration.md").read_text("utf-8").splitlines() if line[:1] == "|"]
    first = " ".join(row.split("|")[1] for row in rows)
    keys = " ".join(row.split("|")[2] for row in rows if "_API_KEY`" in row or "_TOKEN`" in row)
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", f"{first} {keys}")) - {"NAME"}


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert read_by_the_code() == documented()


def test_the_example_names_only_settings_that_there_are() -> None:
    named = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert named <= read_by_the_code() | {f"{name}_FILE" for name in read_by_the_code()}
