"""Jules (Google): a session of its own works on the repository and hands over a git patch.

Its plan waits for a person here (`requirePlanApproval`); it never opens a pull request by itself.
"""

import asyncio
from urllib.parse import urlsplit

from django.conf import settings

from jules.engines import words
from jules.engines.types import Answer, Desk, Failure, Stopped
from jules.work.patience import patient
from providers.configuration.directory import Directory
from providers.guard import mark
from providers.runtime.hop import hop
from providers.wires import wire_for
from providers.wires.jules import POLL_SECONDS, JulesWire, Session

APPROVE = "jules.plan"


async def ask(failure: Failure, desk: Desk, remote_session: str) -> Answer:
    """From a new session, or the one that was begun, to its patch. Errors: Stopped, Waits, those of the wire."""
    wire = await hop(_wire)
    if not remote_session:
        remote_session = await _begun(wire, failure, desk)
    session = await _looked(wire, remote_session)
    if session.state == "AWAITING_PLAN_APPROVAL":
        said = [one.text for one in await wire.activities(session.id) if one.kind == "planGenerated"]
        plan = said[-1] if said else "Jules shows no plan."
        await desk.approved(APPROVE, f"Let Jules work on {failure.service}", plan[:4_000])
        await desk.say(f"The plan is approved:\n{plan}")
        await patient(lambda: wire.approve_plan(session.id), desk.say)
        await asyncio.sleep(0)
        session = await _looked(wire, remote_session, past_plan=True)
    return _answer(session)


def _wire() -> JulesWire:
    made = wire_for(Directory().connection("jules"))
    assert isinstance(made, JulesWire)
    return made


async def _begun(wire: JulesWire, failure: Failure, desk: Desk) -> str:
    """Begins a session and stores its id before anything else. It is not begun twice where the answer was lost."""
    parts = [part for part in urlsplit(failure.repository_url).path.removesuffix(".git").split("/") if part]
    sources = await patient(wire.sources, desk.say)
    match = [s for s in sources if [s.owner.lower(), s.repo.lower()] == [p.lower() for p in parts[-2:]]]
    if not match:
        raise Stopped(f"Jules does not know {'/'.join(parts[-2:])}. Connect the repository in Jules' own web app.")
    told = words.question(failure, mark())
    title = f"Fix failed deployment of {failure.service}"
    session = await wire.create(told, source=match[0].name, branch=failure.branch, title=title)
    await desk.keep(remote_session=session.id[:120], model="jules")
    await desk.say(f"Jules works on it: {session.url}")
    return session.id


async def _looked(wire: JulesWire, session_id: str, *, past_plan: bool = False) -> Session:
    """Polls until it ended or waits. A session that was approved a moment ago may still say that it waits."""
    for _ in range(12):
        session = await wire.poll(
            session_id, seconds=settings.JULES_SESSION_SECONDS, every=settings.JULES_POLL_SECONDS
        )
        if not (past_plan and session.state == "AWAITING_PLAN_APPROVAL"):
            return session
        await asyncio.sleep(min(settings.JULES_POLL_SECONDS, POLL_SECONDS))
    return session


def _answer(session: Session) -> Answer:
    if session.state != "COMPLETED":
        raise Stopped(f"Jules ended without a fix ({session.state.lower().replace('_', ' ')}): {session.url}")
    if not session.patches:
        raise Stopped(f"Jules completed without a patch: {session.url}")
    patch = session.patches[-1]
    return Answer(
        patch=patch.diff,
        description=patch.message or session.title,
        model="jules",
        remote_session=session.id,
    )
