"""What `auto` gives now, in words for the pages of this app.

Which mode follows from whom is the Senate's knowledge, one floor up: it registers here when it is ready.
"""

from collections.abc import Callable

from providers.configuration.directory import Directory
from providers.exceptions import AIServiceError

Explain = Callable[[Directory], tuple[str, str]]
_explain: list[Explain] = []


def explained_by(explain: Explain) -> None:
    """`explain` gives (what a question gets, why) as two texts, or raises what the question would."""
    _explain[:] = [explain]


def auto_now(directory: Directory | None = None) -> dict[str, str]:
    """{gives, why}, both empty where nobody can sit or nothing was registered. One query at most. Sync."""
    try:
        gives, why = _explain[0](directory or Directory()) if _explain else ("", "")
    except AIServiceError as error:
        gives, why = "", error.message
    return {"gives": gives, "why": why}
