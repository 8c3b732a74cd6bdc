"""Any chat model, through the gateway: caps, ledger, breaker and redaction hold. It has no tools, no network."""

import hashlib
from decimal import Decimal

from django.conf import settings

from jules.engines import words
from jules.engines.types import Answer, Desk, Failure, Stopped
from jules.patch.contract import SCHEMA, Proposal, Unusable, read
from providers import gateway
from providers.guard import mark
from providers.runtime.hop import hop
from providers.service import chosen
from providers.types import ChatMessage, Prompt, Purpose

OPERATION = "jules_fix"


def usable(text: str, desk: Desk) -> tuple[Proposal | None, list[str]]:
    """The proposal that an answer holds, or every reason why it can't be used."""
    try:
        proposal = read(text)
    except Unusable as error:
        return None, error.errors
    errors = desk.objections(proposal)
    return (None, errors) if errors else (proposal, [])


async def ask(failure: Failure, desk: Desk, remote_session: str) -> Answer:
    """One question, and one more with the exact errors where the answer can't be used. Errors: Stopped, and those
    of the gateway."""
    slug, model = await hop(chosen, "", "")
    about = {"service": failure.service_id} if failure.service_id else {}
    purpose = Purpose(failure.user_id, OPERATION, f"fix-{failure.attempt_id}", metadata=about)
    cost, errors, digest, said = Decimal(0), [], "", ""
    for attempt in range(2):
        text = words.question(failure, mark(), errors)
        digest = digest or hashlib.sha256(words.question(failure, "", []).encode()).hexdigest()
        prompt = Prompt(
            model,
            (ChatMessage("user", text),),
            settings.JULES_OUTPUT_TOKENS,
            words.SYSTEM,
            json_schema=SCHEMA,
            schema_name="fix",
            schema_strict=False,
            schema_in_words=True,  # content or edits: strict modes have no form for either
        )
        await desk.say(f"Asking {slug}/{model}{' again, with what was wrong' if attempt else ''}.")
        response = await gateway.ask(prompt, slug, purpose)
        cost, said = cost + response.cost_usd, f"{response.provider}/{response.model}"
        proposal, errors = usable(response.content, desk)
        await desk.keep(cost_usd=cost, model=said[:120], prompt_hash=digest)
        if proposal is not None:
            return Answer(proposal, "", proposal.description, said[:120], digest, cost)
        await desk.say("The answer can't be used:\n" + "\n".join(f"- {error}" for error in errors))
    raise Stopped(f"The model's answer could not be used, twice: {' '.join(errors)[:600]}")
