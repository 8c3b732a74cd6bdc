"""What goes wrong most, in the words in which the product says it, with cause and next step. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    message: str
    cause: str
    step: str


TROUBLES = (
    Trouble(
        "No AI providers configured. Add an API key in Settings > AI.",
        "No provider has a key, saved or in the environment. Test answers never stand in by themselves.",
        "Open Settings > AI > Providers and save at least one key.",
    ),
    Trouble(
        "Provider X failed: 401 Unauthorized",
        "The key is wrong, or was replaced at the provider.",
        "Save the new key in Settings > AI. The next call of every process uses it.",
    ),
    Trouble(
        "Provider X failed: 429 Too Many Requests",
        "The provider limits how often this site may ask. A call is repeated 3 times with growing pauses first.",
        "Wait, lower the calls a minute in Settings > AI > Policy, or name a fallback provider there.",
    ),
    Trouble(
        "Daily cost cap exceeded",
        "Your calls of this UTC day, with those under way, leave no room for what this one can cost at most.",
        "Wait for 00:00 UTC, ask for a shorter answer, or have an admin raise the cap under Usage > Caps.",
    ),
    Trouble(
        "Daily token cap exceeded",
        "The same for the number of tokens; models on your own machines count too.",
        "Wait for 00:00 UTC, or have an admin raise the token cap under Usage > Caps.",
    ),
    Trouble(
        "Jules auto-fix did not create a PR",
        "Mostly the suggested fix was over the caps of 5 files or 50,000 bytes, or was not proven.",
        "Read the reason in GET /api/v1/jules/history/{service_id}/.",
    ),
    Trouble(
        "Provider 'jules' not in JULES_ALLOWED_HOSTS",
        "The host of Jules's base URL is not on the list of allowed hosts, or the address is not https.",
        "Correct the address, or add the host to JULES_ALLOWED_HOSTS in .env and restart.",
    ),
    Trouble(
        "Streaming cuts off after the first chunk",
        "A reverse proxy in front of this site closes connections that are idle, often after 60 seconds.",
        "Raise its idle time-out (Traefik: transport.respondingTimeouts.idleTimeout) and stop its buffering.",
    ),
)
