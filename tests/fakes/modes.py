"""What the fake upstream does in each of its modes, whatever the dialect."""

import asyncio
import gzip
import json
from typing import Any

from aiohttp import web

from tests.fakes.calling import composed
from tests.fakes.dialect import Answer, written

MODES = {
    "ok": "a good answer",
    "slow": "a pause before each piece of the stream (`pause` seconds)",
    "hold": "waits for `release()` before it answers",
    "hang": "takes the request and never answers",
    "hangmid": "half a stream, then nothing more",
    "endless": "a stream that never ends (`pause` seconds between its pieces)",
    "loris": "an answer of one byte each `pause` seconds",
    "reset": "drops the connection without an answer",
    "html": "a web page with status 200",
    "badjson": "broken JSON with status 200",
    "empty": "status 200 and nothing",
    "cut": "half an answer, then drops the connection",
    "nodone": "a stream that ends without its end",
    "nousage": "reports no usage",
    "negusage": "reports negative usage",
    "hugeusage": "reports absurd usage",
    "strusage": "reports usage as text",
    "badargs": "calls a tool with arguments that are cut off",
    "saycall": "says something before it calls a tool",
    "errorevent": "an error inside a status 200",
    "nullcontent": "an answer without text",
    "nochoices": "an answer without choices",
    "echokey": "a 401 that echoes the Authorization header",
    "echoquestion": "a 400 that repeats the question",
    "huge": "more than 8 MB",
    "bomb": "a small gzip that holds 64 MB",
    "redirect": "a 302 to another place",
}
CUT_POINTS = {f"cut{n}": n / 10 for n in range(1, 10)}  # of a stream's events
MODES |= {name: f"drops the connection after {part:.0%} of a stream" for name, part in CUT_POINTS.items()}
USAGE_LIES = {"negusage": -5, "hugeusage": 10**15, "strusage": "twelve"}


def is_mode(word: str) -> bool:
    return word in MODES or (word.isdigit() and 400 <= int(word) < 600)


async def early(
    request: web.Request, dialect: Any, mode: str, release: asyncio.Event
) -> web.StreamResponse | None:
    """The answers that need no dialect's shape; None goes on."""
    if mode == "hold":
        await release.wait()
    elif mode == "hang":
        await asyncio.Event().wait()
    elif mode == "reset":
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError
    elif mode.isdigit():
        body = dialect.error(int(mode), "The fake upstream was told to fail.")
        return web.json_response(body, status=int(mode), headers=dialect.headers(int(mode)))
    elif mode == "echokey":
        sent = request.headers.get(dialect.key_header, "")
        return web.json_response(dialect.error(401, f"Rejected: {sent}"), status=401)
    elif mode == "echoquestion":
        asked = dialect.question(await request.json())
        return web.json_response(dialect.error(400, f"Can't read: {asked}"), status=400)
    elif mode == "html":
        return web.Response(text="<!doctype html><html><body>Sign in</body></html>", content_type="text/html")
    elif mode == "empty":
        return web.Response(body=b"", content_type="application/json")
    elif mode == "loris":
        slow = web.StreamResponse(headers={"Content-Type": "application/json"})
        await slow.prepare(request)
        while True:
            await slow.write(b" ")
            await asyncio.sleep(0.05)
    elif mode == "redirect":
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    elif mode == "huge":
        return web.Response(text=json.dumps({"pad": "x" * (9 * 1024 * 1024)}), content_type="application/json")
    elif mode == "bomb":
        packed = gzip.compress(b'"' + b"x" * (64 * 1024 * 1024) + b'"', compresslevel=6)
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
    return None


def asked_schema(dialect: Any, body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that is asked for, in the mode of the dialect or in the words of the prompt."""
    _, told, schema = dialect.prompt_text(body).partition("JSON schema:\n")
    return dialect.schema(body) or (json.JSONDecoder().raw_decode(schema)[0] if told else None)


def compose(dialect: Any, body: dict[str, Any], model: str, mode: str, number: int) -> Answer:
    """What is answered: prose or JSON, and the usage that the mode reports."""
    text = written(model, dialect.question(body), dialect.system(body), asked_schema(dialect, body))
    words, limit = text.split(" "), dialect.limit(body)
    calls = composed(dialect.offer(body), dialect.call_ids, mode)
    kept = words[: 0 if calls and mode != "saycall" else limit]
    pieces = [word if at == 0 else f" {word}" for at, word in enumerate(kept)]
    lie = USAGE_LIES.get(mode)
    return Answer(
        id=f"fake-{number}",
        model=model,
        text=None if mode == "nullcontent" or not kept else "".join(pieces),
        tokens_in=len(dialect.prompt_text(body).split()) + 4 if lie is None else lie,
        tokens_out=len(kept) + 7 * len(calls) if lie is None else lie,
        finish="tool_calls" if calls else "stop" if len(kept) == len(words) else "length",
        reports_usage=mode != "nousage",
        pieces=[] if mode == "nullcontent" else pieces,
        calls=calls,
    )


async def cut(request: web.Request, text: str) -> web.StreamResponse:
    answer = web.StreamResponse(
        headers={"Content-Type": "application/json", "Content-Length": str(len(text.encode()))}
    )
    await answer.prepare(request)
    await answer.write(text.encode()[: len(text) // 2])
    raise ConnectionResetError


async def stream(
    request: web.Request, dialect: Any, body: dict[str, Any], answer: Answer, mode: str, pause: float
) -> web.StreamResponse:
    head, deltas, tail = dialect.stream(answer, body)
    half = deltas[: len(deltas) // 2]
    plans = {
        "cut": [*head, *half],
        "hangmid": [*head, *half],
        "endless": head,
        "nodone": [*head, *deltas],
        "nochoices": [*head, *tail[-1:]],
        "errorevent": [*head, *half, dialect.error_event()],
        "badjson": [*head, *half, dialect.broken_event, *tail],
    }
    if mode in CUT_POINTS:
        events = [*head, *deltas, *tail]
        plans[mode] = events[: round(len(events) * CUT_POINTS[mode])]
    response = web.StreamResponse(headers={"Content-Type": dialect.content_type})
    await response.prepare(request)
    for event in plans.get(mode, [*head, *deltas, *tail]):
        if mode == "slow":
            await asyncio.sleep(pause)
        await response.write(event)
    while mode == "endless":
        for event in deltas:
            await response.write(event)
            await asyncio.sleep(pause)
    if mode == "hangmid":
        await asyncio.Event().wait()
    if mode == "cut" or mode in CUT_POINTS:
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError
    await response.write_eof()
    return response
