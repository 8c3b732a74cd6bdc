"""`manage.py ask "…"`: the question goes to the committee, and its work is shown as it happens."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from providers.access.identity import user_named
from providers.exceptions import AIServiceError
from providers.runtime import loop
from providers.runtime.hop import hop
from senate import chat
from senate.engine.plan import MODES
from senate.models import SenateSession
from senate.terminal import Screen
from senate.work.desk import DESK

WAIT_FOR_WORKER_S = 3.0


class Command(BaseCommand):
    help = "Puts a question to one model or to the committee and shows the deliberation as it happens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--mode", choices=MODES, default="auto")
        parser.add_argument("--user", help="who asks and pays; the only administrator where there is one")
        parser.add_argument("--members", help="seats, separated by commas: openai,claude/claude-…")
        parser.add_argument("--private", action="store_true", help="not shared with the team")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.ask(**options)
        except AIServiceError as error:
            raise CommandError(error.message) from error

    def ask(self, question: str, mode: str, user: str | None, members: str | None, **options: Any) -> None:
        asker = user_named(user) if user else only_administrator()
        session = chat.start(
            asker,
            question=question,
            mode=mode,
            members=[name.strip() for name in members.split(",")] if members else None,
            visibility="private" if options["private"] else "team",
        )
        screen = Screen(self.stdout, session)
        screen.head()
        try:
            loop.run(follow(session, screen))
        except KeyboardInterrupt:
            chat.cancel(asker, session)
            self.stdout.write("\nCancelling.")
            loop.run(follow(session, screen, screen.n))
        ended = chat.transcript(session)
        screen.result(ended)
        if ended["state"] in {"failed", "cancelled"}:
            raise CommandError(ended["reason"])


def only_administrator() -> Any:
    found = get_user_model().objects.filter(is_superuser=True, is_active=True)[:2]
    if len(found) != 1:
        raise CommandError("Say with --user who asks: there is no administrator, or more than one.")
    return found[0]


async def follow(session: SenateSession, screen: Screen, after: int = 0) -> None:
    """Shows every event. Where no worker takes the session soon, this process works on it itself."""
    own = asyncio.create_task(work_where_nobody_does(session.pk, screen))
    try:
        async for event in chat.follow(session.pk, after):
            screen.show(event)
    finally:
        own.cancel()


async def work_where_nobody_does(session_id: int, screen: Screen) -> None:
    await asyncio.sleep(WAIT_FOR_WORKER_S)
    state = await hop(SenateSession.objects.values_list("state", flat=True).get, pk=session_id)
    if state == "queued" and await DESK.take(session_id):
        screen.say("No worker took it, so this command works on it itself.")
