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
from providers.runtime.hop import hop
from senate import chat
from senate.models import SenateCall, SenateSession

ROOM = 18_000  # characters: a Senate question has the site's input limit


async def ask(failure: Failure, desk: Desk, remote_session: str) -> Answer:
    """One deliberation, and one more with the exact errors. `remote_session`: one that a lost worker began."""
    user = await hop(get_user_model().objects.get, pk=failure.user_id)
    errors: list[str] = []
    cost, digest = Decimal(0), hashlib.sha256(words.question(failure, "", []).encode()).hexdigest()
    for attempt in range(2):
        pk = int(remote_session) if remote_session and not attempt else await _begin(user, failure, desk, errors)
        await desk.say(f"The Senate deliberates: session {pk}.")
        async for _ in chat.follow(pk, every_s=1.0):
            continue
        ended = await hop(chat.outcome, pk)
        if ended.error:
            raise Stopped(f"The Senate gave no answer: {ended.error}")
        cost += await hop(_spent, pk)
        await desk.keep(cost_usd=cost, model=f"senate session {pk}", prompt_hash=digest)
        proposal, errors = usable(ended.content, desk)
        if proposal is not None:
            return Answer(proposal, "", proposal.description, f"senate session {pk}", digest, cost, str(pk))
        await desk.say("The resolution can't be used:\n" + "\n".join(f"- {error}" for error in errors))
    raise Stopped(f"The Senate's resolution could not be used, twice: {' '.join(errors)[:600]}")


async def _begin(user: Any, failure: Failure, desk: Desk, errors: list[str]) -> int:
    """A session with as much of the failure as a question may hold. Its id is stored in the same transaction, so
    that a lost worker begins no second one."""
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

    def stored(session: SenateSession) -> None:
        desk.write(remote_session=str(session.pk))

    about = {"question": text, "mode": "senate", "service": failure.service_id}
    return (await hop(chat.start, user, **about, on_stored=stored)).pk


def _spent(pk: int) -> Decimal:
    return sum(SenateCall.objects.filter(session_id=pk).values_list("cost_usd", flat=True), Decimal(0))
