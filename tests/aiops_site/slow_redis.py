"""A line to Redis that a test can slow down, hold or cut: what stands between two machines."""

import socket
import threading
import time
from contextlib import suppress


class Line:
    """Listens on `port` and passes bytes on to Redis. `delay_s`: of each piece, each way. After `hold` nothing is
    passed on and nobody is told; `cut` ends every connection and refuses new ones until `mend`. `asked`: pieces
    that went to Redis, one for each question or pipeline of questions."""

    def __init__(self, target: int) -> None:
        self._target, self._cut, self._open = target, False, set[socket.socket]()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.delay_s = 0.0
        self.asked = 0
        self._free = threading.Event()
        self._free.set()

    def __enter__(self) -> "Line":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        self.cut()
        self._server.close()

    def hold(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    def cut(self) -> None:
        self._cut = True
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._cut, self.delay_s = False, 0.0
        self.go_on()

    def _serve(self) -> None:
        while True:
            try:
                came, _ = self._server.accept()
            except OSError:
                return
            if self._cut:
                came.close()
                continue
            on = socket.create_connection(("127.0.0.1", self._target))
            self._open |= {came, on}
            for pair in ((came, on, 1), (on, came, 0)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, question: int) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                self.asked += question
                self._free.wait()
                time.sleep(self.delay_s)
                target.sendall(piece)
        for one in (source, target):
            self._open.discard(one)
            one.close()
