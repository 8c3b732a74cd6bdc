"""docs/ai.md and docs/api-reference.md against the schema: whole, and nothing that there is not."""

import re
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator

from aiops_site.openapi.reference import markdown
from intelligence.agents.mcp_server import PATH as MCP

DOCS = Path(__file__).resolve().parents[2] / "docs"
AI = (DOCS / "ai.md").read_text("utf-8")
ARGUMENT = re.compile(r"\{\w+\}|<\w+>")


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_reference_is_what_the_schema_says(schema) -> None:
    assert (DOCS / "api-reference.md").read_text("utf-8") == markdown(schema), "manage.py api_reference --write"


def test_the_guide_names_every_endpoint(schema) -> None:
    """In full, or shortened after another of its table: `…/{id}/`, `.../matrix/`."""
    said = ARGUMENT.sub("{}", AI)
    missing = []
    for path in schema["paths"]:
        plain = ARGUMENT.sub("{}", path)
        ends = [plain] + [dots + plain[at:] for dots in ("…", "...") for at in range(len("/api/v1"), len(plain))]
        if not any(re.search(rf"{re.escape(end.rstrip('/'))}(?![\w-])", said) for end in ends):
            missing.append(path)
    assert missing == []


def test_the_guide_names_no_endpoint_that_there_is_not(schema) -> None:
    known = {ARGUMENT.sub("{}", path).rstrip("/") for path in schema["paths"]}
    for path in re.findall(r"(?<![\w.…])/api/v1/[\w/{}.-]+", AI):
        plain = ARGUMENT.sub("{}", path).rstrip("/.")
        if plain.removesuffix("{}").rstrip("/") in known or plain in known:
            continue
        assert any(one.startswith(plain) for one in known) or served(path), path


def served(path: str) -> bool:
    """By Django, or beside it (MCP has its own protocol, so the schema has no place for it)."""
    try:
        return path == MCP or bool(resolve(ARGUMENT.sub("generic", path)))
    except Resolver404:
        return False
