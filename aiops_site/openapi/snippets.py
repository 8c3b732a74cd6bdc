"""How an operation is called from a shell and from Python, to be copied. Pure."""

import json
import re
from pprint import pformat
from textwrap import indent

from aiops_site.openapi.operations import Operation

CHAT = "/api/v1/ai/chat/completions"


def curl(one: Operation, site: str) -> str:
    lines = [f"curl {'-N ' if one.streams else ''}{_method(one)}{site}{_path(one)}"]
    if needs_token(one):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if one.example:
        body = json.dumps(json.loads(one.example), ensure_ascii=False).replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)


def python(one: Operation, site: str) -> str:
    """By the OpenAI SDK where that speaks it, else by httpx."""
    if one.path.rstrip("/") == CHAT:
        return _openai(one, site)
    given = [f'"{one.method}"', f'"{site}{_path(one)}"']
    if needs_token(one):
        given.append('headers={"Authorization": f"Bearer {token}"}')
    if one.example:
        given.append(f"json={_literal(one.example)}")
    inside = "".join(f"{indent(each, '    ')},\n" for each in given)
    return f"import httpx\n\nanswer = httpx.request(\n{inside})\nanswer.raise_for_status()"


def _openai(one: Operation, site: str) -> str:
    body = json.loads(one.example)
    given = [f'model="{body.get("model", "auto")}"', f"messages={body['messages']!r}"]
    inside = "".join(f"    {each},\n" for each in given)
    return (
        f'from openai import OpenAI\n\nclient = OpenAI(base_url="{site}/api/v1/ai", api_key=token)\n'
        f"answer = client.chat.completions.create(\n{inside})\nprint(answer.choices[0].message.content)"
    )


def needs_token(one: Operation) -> bool:
    return not one.path.startswith("/api/v1/webhooks/") and one.name != "ops_token"


def _literal(example: str) -> str:
    return pformat(json.loads(example), sort_dicts=False, width=72)


def _path(one: Operation) -> str:
    """With what is to be put in in capitals: a shell and curl would read braces in their own way."""
    return re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), one.path)


def _method(one: Operation) -> str:
    usual = "POST" if one.example else "GET"
    return "" if one.method == usual else f"-X {one.method} "
