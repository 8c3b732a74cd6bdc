"""A committee: the question is put to the Senate, its resolution is read like any model's answer."""

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from jules.engines import words
from jules.engines.chat import usable
from jules.engines.types import Answer, Desk, Failure, Stopped
from providers.guard import mark
from providers.hop import hop
from senate import chat
from senate.models import SenateCall

ROOM = 18_000  # characters: a Senate question has the site's input limit


async def ask(failure: Failure, desk: Desk, remote_session: str) -> Answer:
    """One deliberation, and one more with the exact errors. `remote_session`: one that a lost worker began."""
    user = await hop(get_user_model().objects.get, pk=failure.user_id)
    errors: list[str] = []
    digest = hashlib.sha256(words.question(failure, "", []).encode()).hexdigest()
    for attempt in range(2):
        pk = int(remote_session) if remote_session and not attempt else await _begin(user, failure, errors)
        await desk.keep(remote_session=str(pk), prompt_hash=digest)
        await desk.say(f"The Senate deliberates: session {pk}.")
        async for _ in chat.follow(pk, every_s=1.0):
            continue
        ended = await hop(chat.outcome, pk)
        if ended.error:
            raise Stopped(f"The Senate gave no answer: {ended.error}")
        cost = await hop(_spent, pk)
        proposal, errors = usable(ended.content, desk)
        if proposal is not None:
            return Answer(proposal, "", proposal.description, f"senate session {pk}", digest, cost, str(pk))
        await desk.say("The resolution can't be used:\n" + "\n".join(f"- {error}" for error in errors))
    raise Stopped(f"The Senate's resolution could not be used, twice: {' '.join(errors)[:600]}")


async def _begin(user: Any, failure: Failure, errors: list[str]) -> int:
    """A session with as much of the failure as a question may hold."""
    short, log = failure, failure.log
    while len(text := f"{words.SYSTEM}\n\n{words.question(short, mark(), errors)}") > ROOM:
        if short.files and short.named:
            short = replace(
                short,
                named=short.named[:-1],
                files={p: t for p, t in short.files.items() if p in short.named[:-1]},
            )
        elif short.files:
            short = replace(short, files={})
        else:
            log = log[len(log) // 4 :]
            short = replace(short, log=log, output=short.output[-2_000:])
    return (await hop(chat.start, user, question=text, mode="senate", service=failure.service_id)).pk


def _spent(pk: int) -> Decimal:
    return sum(SenateCall.objects.filter(session_id=pk).values_list("cost_usd", flat=True), Decimal(0))
