"""A message that only says "look again"; the reaper asks again where it was lost."""

from providers.runtime.nudge import send


def workers(attempt_id: int, expires_s: float | None = None) -> None:
    """Asks a worker to take the attempt."""
    send("jules.tasks.run_fix", attempt_id, expires_s=expires_s)


def followers() -> None:
    """Asks a worker to look at open pull requests now, and not at the next tick."""
    send("jules.tasks.follow")
