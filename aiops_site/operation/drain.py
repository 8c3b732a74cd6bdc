"""A web process that is about to stop: it lets running answers end and takes no new ones."""

from aiops_site.web import early
from aiops_site.web.early import Application, Receive, Scope, Send

HEALTH = {"/healthz", "/readyz"}
SENTENCE = "The site is restarting. Try again in a few seconds."

_draining = False
_running = 0


def begin() -> None:
    """From now on `/readyz` is red and a new request gets 503."""
    global _draining
    _draining = True


def begun() -> bool:
    return _draining


def running() -> int:
    """Requests of this process that are not answered to their end yet."""
    return _running


class Draining:
    """ASGI: counts the requests that run, and refuses new ones while the process drains."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        global _running
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self.application(scope, receive, send)
            return
        if _draining:
            await refuse(scope, send)
            return
        _running += 1
        try:
            await self.application(scope, receive, send)
        finally:
            _running -= 1


async def refuse(scope: Scope, send: Send) -> None:
    """503; a page that was only asked for loads itself again."""
    more = [(b"retry-after", b"5")]
    if scope["method"] == "GET" and not scope["path"].startswith("/api/"):
        more.append((b"refresh", b"5"))
    await early.refuse(scope, send, 503, SENTENCE, "unavailable", "restarting", *more)
