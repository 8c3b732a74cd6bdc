"""The one door to a model: prepare, perform, record.

Nothing in the product talks to a provider in another way, so caps, ledger, redaction and time-outs hold
everywhere. What is saved is read in one hop that calls share, reservation and record are one write each in the
ledger's group commit; `perform` touches only the wire.

Inside, from the outside in: `chain` (the provider that was asked, then the fallback), `repeats` (one provider,
attempt after attempt), `attempt` (one call, booked whatever happens), `prepare`, `perform`, `rows`.
"""

from collections.abc import Callable
from dataclasses import replace

from providers.configuration.current import Current
from providers.configuration.explicit import ExplicitConnection
from providers.exceptions import InvalidInput
from providers.gateway.asked import Asked
from providers.gateway.chain import answered
from providers.guard import NEVER_REVEAL
from providers.types import AIResponse, Prompt, Purpose, ToolDelta

__all__ = ["ask"]


async def ask(
    prompt: Prompt,
    provider: str,
    purpose: Purpose,
    *,
    on_text: Callable[[str], None] | None = None,
    on_call: Callable[[ToolDelta], None] | None = None,
    on_ready: Callable[[], None] | None = None,
    timeout_s: float | None = None,
    connection: ExplicitConnection | None = None,
    current: Current | None = None,
) -> AIResponse:
    """One question to one model. With `on_text` the answer is streamed through it, keys masked; `on_call` then
    gets the pieces of what it asks tools for.

    What fails for a moment is repeated, and where that doesn't help the site's fallback answers; all of it within
    the one time. `connection` brings an own key and address of that provider; the site's fallback never stands in
    for it. `current`: keys and policy, where the caller has read them since it was asked. `on_ready` is called
    once the call may start (cap reserved): errors before it cost nothing.
    Errors: the tree of `providers.exceptions`; those of a call that was made carry `log_id` and `usage_note`.
    A cancelled caller cancels the upstream call; what was produced until then is booked.
    """
    if NEVER_REVEAL not in prompt.system:  # whoever made it: no system prompt goes out without the sentence
        prompt = replace(prompt, system=f"{prompt.system}\n\n{NEVER_REVEAL}".strip())
    if connection is not None:
        if connection.provider != provider:
            raise InvalidInput("The connection is of another provider than the one asked.", param="provider")
        purpose = replace(purpose, metadata={**purpose.metadata, "own_connection": True})
    asked = Asked(prompt, provider, purpose, on_text, on_ready, timeout_s, on_call, connection, current)
    return await answered(asked)
