"""Daphne for a crowd, in a process of its own: frames as the protocol has them, and a reader that doesn't read."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from aiops_site.supervisor.crowd import framed
from aiops_site.supervisor.redis_server import free_port
from tests.aiops_site.running import ROOT, until
from tests.benchmarks.senate_watch import handshake

FRAMES, SIZE = 300, 50_000  # 15 MB: more than any kernel keeps for a reader
SERVER = """
import asyncio, sys
from aiops_site.supervisor.crowd import CrowdServer
FRAMES, SIZE = int(sys.argv[2]), int(sys.argv[3])

async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"].startswith("/ws/senate/9/"):
        await receive()  # as `listen` in senate/live/consumers.py
        await send({"type": "websocket.close", "code": 4403})
        return
    for n in range(FRAMES):
        await send({"type": "websocket.send", "text": f"{n:06d}" + "x" * SIZE})
        if scope["path"].startswith("/ws/senate/7/"):
            print(n, flush=True)
    await send({"type": "websocket.close", "code": 1000})
    await asyncio.sleep(2)
    print("gone for long", flush=True)

CrowdServer(application, [f"tcp:port={sys.argv[1]}:interface=127.0.0.1"], signal_handlers=False).run()
"""


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_what_a_client_reads(size: int) -> None:
    text = "ä" * (size // 2) + "x" * (size % 2)
    stream = StreamReader()
    stream.feed_data(framed(text))
    parsing = Frame.parse(stream.read_exact, mask=False)
    with pytest.raises(StopIteration) as read:
        next(parsing)
    frame = read.value.value
    assert (frame.opcode, frame.fin, frame.data.decode()) == (Opcode.TEXT, True, text)


@pytest.fixture
def server(tmp_path):
    port, said = free_port(), tmp_path / "said"
    with said.open("w") as out:
        command = [sys.executable, "-c", SERVER, str(port), str(FRAMES), str(SIZE)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=out)
    yield port, said, process
    process.kill()
    process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


async def whole(port: int) -> list[int]:
    async with connect(f"ws://127.0.0.1:{port}/ws/senate/8/", compression=None) as reader:
        return [int(message[:6]) async for message in reader]


def test_a_reader_that_does_not_read_is_waited_for_and_costs_the_others_nothing(server) -> None:
    port, said, process = server
    until(lambda: listens(port), "a server")
    before = memory_mb(process.pid)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall(handshake(port, 7, "none=1"))
        until(lambda: said.read_text().count("\n") > 3, "frames for the deaf reader")
        assert asyncio.run(whole(port)) == list(range(FRAMES))
        stands = said.read_text().count("\n")
        assert stands < FRAMES, "nobody waited for it"
        assert memory_mb(process.pid) - before < 15
        deaf.settimeout(10)
        while said.read_text().count("\n") == stands:  # it reads again, and gets more
            assert deaf.recv(1 << 16)


def test_a_reader_that_comes_late_to_the_end_still_gets_all_of_it(server) -> None:
    port, said, _ = server
    until(lambda: listens(port), "a server")

    async def late() -> list[int]:
        read = []
        async with connect(f"ws://127.0.0.1:{port}/ws/senate/8/", compression=None, max_queue=1) as reader:
            while len(read) < FRAMES - 20:  # 1 MB, which is already on its way
                read.append(int((await reader.recv())[:6]))
            until(lambda: "gone for long" in said.read_text(), "the server's patience")
            return read + [int(message[:6]) async for message in reader]

    assert asyncio.run(late()) == list(range(FRAMES))


def pump(port: int, data: bytes, times: int) -> int:
    """Sends masked frames until they are no longer taken; how many times it could."""
    with socket.create_connection(("127.0.0.1", port), 30) as loud:
        loud.sendall(handshake(port, 9, "none=1"))
        assert b" 101 " in loud.recv(4096)
        for sent in range(times):
            try:
                loud.sendall(data)
            except OSError:
                return sent
    return times


def test_c8_a_flood_of_frames_and_one_without_an_end_cost_no_memory_and_nobody_else(server) -> None:
    port, _, process = server
    until(lambda: listens(port), "a server")
    assert asyncio.run(whole(port)) == list(range(FRAMES))
    before = memory_mb(process.pid)
    small = b"\x82\x84" + bytes(8)
    pump(port, small * 10_000, 20)
    endless = b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(4)
    assert pump(port, endless + bytes(1 << 20), 64) < 64, "a terabyte is refused at its head"
    assert memory_mb(process.pid) - before < 50
    assert asyncio.run(whole(port)) == list(range(FRAMES))
