"""What a stream still has to send: nothing is lost, nothing waits in vain."""

import asyncio
import json

import pytest

from senate.lane.pieces import Pieces
from senate.lane.sse import Chunks


async def test_pieces_that_wait_together_are_taken_together_and_once() -> None:
    pieces = Pieces(60)
    pieces.put(b"a")
    pieces.put(b"b")
    await pieces.wait()
    assert (pieces.take(), pieces.take()) == (b"ab", b"")


async def test_who_waits_is_woken_by_a_piece_and_by_a_call() -> None:
    pieces = Pieces(60)
    waiting = asyncio.ensure_future(pieces.wait())
    await asyncio.sleep(0)
    pieces.put(b"a")
    await waiting
    assert pieces.take() == b"a"
    waiting = asyncio.ensure_future(pieces.wait())
    await asyncio.sleep(0)
    pieces.wake()
    await waiting
    assert pieces.take() == b""


async def test_who_waits_in_vain_goes_on_every_so_often() -> None:
    pieces = Pieces(0.001)
    for _ in range(3):
        await pieces.wait()
    assert pieces.take() == b""


async def test_nothing_rings_for_a_stream_that_has_ended() -> None:
    pieces = Pieces(60)
    waiting = asyncio.ensure_future(pieces.wait())
    await asyncio.sleep(0)
    alarm = pieces._alarm
    pieces.wake()
    await waiting
    pieces.close()
    assert alarm.cancelled()


async def test_nobody_who_stopped_waiting_is_left_behind() -> None:
    pieces = Pieces(60)
    waiting = asyncio.ensure_future(pieces.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pieces.put(b"a")
    await pieces.wait()
    assert pieces.take() == b"a"


@pytest.mark.parametrize("piece", ["", "plain", 'a "quote" \\ and \n line', "ünï \U0001f600", "\x00 \\u0000"])
def test_a_chunk_of_text_is_the_same_json_whatever_the_text(piece) -> None:
    chunks = Chunks("chatcmpl-1", 'a "model"')
    sent = chunks.text(piece)
    assert sent.startswith(b"data: {") and sent.endswith(b"}\n\n") and sent.count(b"\n") == 2
    chunk = json.loads(sent.removeprefix(b"data: "))
    assert chunk["choices"] == [{"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}]
    assert (chunk["id"], chunk["model"], chunk["object"]) == ("chatcmpl-1", 'a "model"', "chat.completion.chunk")
