"""The web process: Daphne, or uvicorn with WEB_SERVER=uvicorn. On TERM it lets running answers end first.

python -m aiops_site.supervisor.web
"""

import asyncio
import signal
import time
from types import FrameType
from typing import Any

import uvloop

DRAIN = 10.0  # seconds that running answers get


def main() -> None:
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # before Daphne's reactor takes a loop, at its import
    from django.conf import settings

    from aiops_site.asgi import application  # sets Django up
    from aiops_site.operation.drain import Draining
    from providers.runtime import warm

    serve = {"daphne": daphne, "uvicorn": uvicorn}.get(settings.WEB_SERVER)
    if serve is None:
        raise SystemExit("WEB_SERVER must be daphne or uvicorn.")
    warm.start()
    serve(Draining(application))


def daphne(application: Any) -> None:
    """Daphne cancels what runs as soon as it is told to stop, so it is told only when nothing runs."""
    from daphne import server as daphne_server
    from daphne.endpoints import build_endpoint_description_strings
    from django.conf import settings
    from twisted.internet import reactor

    from aiops_site.operation import drain
    from aiops_site.supervisor.crowd import CrowdServer
    from aiops_site.supervisor.twisted_request import BoundedFactory

    daphne_server.HTTPFactory = BoundedFactory  # the server names its factory in no other way
    endpoints = build_endpoint_description_strings(host=settings.HOST, port=settings.PORT)
    server = CrowdServer(application, endpoints, signal_handlers=False, server_name="")

    def stop_when_drained(deadline: float) -> None:
        if drain.running() == 0 or time.monotonic() > deadline:
            server.stop()
        else:
            reactor.callLater(0.05, stop_when_drained, deadline)

    def on_signal(number: int, frame: FrameType | None) -> None:
        deadline = 0.0 if drain.begun() else time.monotonic() + DRAIN  # the second signal does not wait
        drain.begin()
        reactor.callFromThread(stop_when_drained, deadline)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    server.run()


def uvicorn(application: Any) -> None:
    """Uvicorn waits for running answers by itself; it only has to say that it does."""
    from django.conf import settings
    from uvicorn import Config, Server

    from aiops_site.operation import drain

    class DrainingServer(Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            drain.begin()
            super().handle_exit(sig, frame)

    config = Config(
        application,
        host=settings.HOST,
        port=settings.PORT,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=1 << 20,  # Daphne's own; readers send nothing, so they need none
        timeout_graceful_shutdown=int(DRAIN),
    )
    DrainingServer(config).run()


if __name__ == "__main__":
    main()
