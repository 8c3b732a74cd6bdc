"""The real ASGI application on loopback, in a thread: for tests that need true HTTP or websockets."""

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn


class Site:
    """`url` answers once the context is entered: the socket listens before the server runs."""

    def __init__(self) -> None:
        from aiops_site.asgi import application

        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> "Site":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


@pytest.fixture
def site(transactional_db) -> Iterator[Site]:
    with Site() as running:
        yield running
