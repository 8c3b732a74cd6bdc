"""The hub: a session is read once for all who watch, nothing is lost or doubled, a slow reader falls alone."""

import asyncio
import json

import pytest

from providers.runtime.hop import close_all, hop
from senate.live import hub as live
from senate.work.nudges import tell
from tests.senate.rows import begin, done, ended, phase, running, text


@pytest.fixture
def session(transactional_db, people):
    yield running(people["ivo"])
    close_all()


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Only nudges wake a feed, unless a test says otherwise."""
    monkeypatch.setattr(live, "POLL_S", 30.0)
    monkeypatch.setattr(live, "PAUSE_S", 0.0)


async def take(watcher, upto):
    """Event numbers until `upto` was given (None: until the end)."""
    numbers = []
    async with asyncio.timeout(10):
        while upto is None or not numbers or numbers[-1] < upto:
            batch = await watcher.next()
            if batch is None:
                return numbers
            numbers += [json.loads(frame)["n"] for frame in batch]
    return numbers


async def test_many_watchers_get_every_event_once_and_the_rows_are_read_once(session, monkeypatch) -> None:
    reads = []
    read = live.read
    monkeypatch.setattr(live, "read", lambda *args: reads.append(args) or read(*args))
    hub = live.hub()
    watchers = [hub.watch(session.pk, 0, False) for _ in range(50)]
    for n in range(5):
        await hop(text, session, 0, f"word{n} ", n * 6)
        await tell(session.pk)
    assert [await take(w, 5) for w in watchers] == [[1, 2, 3, 4, 5]] * 50
    assert len(reads) <= 12
    for watcher in watchers:
        await hub.leave(session.pk, watcher)


async def test_a_lost_nudge_delays_and_never_loses(session, monkeypatch) -> None:
    monkeypatch.setattr(live, "POLL_S", 0.05)
    hub = live.hub()
    watcher = hub.watch(session.pk, 0, False)
    await hop(text, session, 0, "written, and nobody is told")
    assert await take(watcher, 1) == [1]
    await hub.leave(session.pk, watcher)


async def test_who_comes_late_gets_the_stored_events_and_then_the_new_ones(session) -> None:
    hub = live.hub()
    first = hub.watch(session.pk, 0, False)
    for n in range(4):
        await hop(text, session, 0, "x", n)
    await tell(session.pk)
    await take(first, 4)
    late, behind = hub.watch(session.pk, 0, False), hub.watch(session.pk, 3, False)
    await hop(text, session, 0, "x", 4)
    await tell(session.pk)
    assert await take(late, 5) == [1, 2, 3, 4, 5]
    assert await take(behind, 5) == [4, 5]
    for watcher in (first, late, behind):
        await hub.leave(session.pk, watcher)


async def test_more_than_memory_keeps_is_read_from_the_rows(session, monkeypatch) -> None:
    monkeypatch.setattr(live, "KEPT", 2)
    monkeypatch.setattr(live, "PAGE", 2)
    for n in range(7):
        await hop(text, session, 0, "x", n)
    hub = live.hub()
    first = hub.watch(session.pk, 0, False)
    assert await take(first, 7) == [1, 2, 3, 4, 5, 6, 7]
    late = hub.watch(session.pk, 0, False)
    assert await take(late, 7) == [1, 2, 3, 4, 5, 6, 7]
    for watcher in (first, late):
        await hub.leave(session.pk, watcher)


async def test_a_slow_reader_is_dropped_and_the_others_see_everything(session, monkeypatch) -> None:
    monkeypatch.setattr(live, "QUEUE", 3)
    hub = live.hub()
    slow, quick = hub.watch(session.pk, 0, False), hub.watch(session.pk, 0, False)
    for n in range(1, 8):
        await hop(text, session, 0, "x", n - 1)
        await tell(session.pk)
        assert await take(quick, n) == [n]
    assert slow.dropped and not quick.dropped
    assert await slow.next() is None
    for watcher in (slow, quick):
        await hub.leave(session.pk, watcher)


async def test_the_last_watcher_ends_the_feed(session) -> None:
    hub = live.hub()
    watcher = hub.watch(session.pk, 0, False)
    task = hub.feeds[session.pk].task
    await hub.leave(session.pk, watcher)
    assert task.done() and session.pk not in hub.feeds


async def test_the_end_comes_after_everything(session) -> None:
    await hop(text, session, 0, "x")
    await hop(ended, session)
    hub = live.hub()
    watcher = hub.watch(session.pk, 0, False)
    assert await take(watcher, None) == [1, 2]
    await hub.leave(session.pk, watcher)


async def test_parts_are_rendered_once_for_all_and_ride_on_a_structural_event(session, monkeypatch) -> None:
    rendered = []
    fragments = live.fragments
    monkeypatch.setattr(live, "fragments", lambda *args: rendered.append(args) or fragments(*args))
    await hop(phase, session, "propose", 3)
    await hop(begin, session, 0)
    await hop(done, session, 0, "**Roll back.**")
    hub = live.hub()
    watchers = [hub.watch(session.pk, 0, True) for _ in range(20)]
    frames = [[json.loads(frame) for frame in await w.next()] for w in watchers]
    assert len(rendered) == 1 and all(f == frames[0] for f in frames)
    swap = {part["id"]: part["html"] for part in frames[0][-1]["swap"]}
    assert "<strong>Roll back.</strong>" in swap["member-0"] and 'data-n="3"' in swap["member-0"]
    for watcher in watchers:
        await hub.leave(session.pk, watcher)


async def test_text_alone_renders_nothing(session) -> None:
    await hop(begin, session, 0)
    await hop(text, session, 0, "Roll")
    await hop(text, session, 0, " back", 4)
    hub = live.hub()
    watcher = hub.watch(session.pk, 2, True)
    frames = [json.loads(frame) for frame in await watcher.next()]
    assert [f["n"] for f in frames] == [3] and "swap" not in frames[0]
    await hub.leave(session.pk, watcher)


async def test_a_feed_that_breaks_lets_its_watchers_go(session, monkeypatch) -> None:
    monkeypatch.setattr(live, "read", lambda *args: 1 / 0)
    hub = live.hub()
    watcher = hub.watch(session.pk, 0, False)
    async with asyncio.timeout(30):
        assert await watcher.next() is None
    assert watcher.dropped
    await hub.leave(session.pk, watcher)


class SlowLayer:
    """A channel layer whose subscriptions take a while, and break for good when one is cancelled."""

    def __init__(self):
        self.open, self.broken = set(), False
        self.subscribed = asyncio.Event()

    async def new_channel(self):
        return "channel"

    async def group_add(self, group, channel):
        try:
            await self.subscribed.wait()
        except asyncio.CancelledError:
            self.broken = True
            raise
        self.open.add(channel)

    async def group_discard(self, group, channel):
        self.open.discard(channel)

    async def receive(self, channel):
        await asyncio.Event().wait()


async def test_a_reader_that_leaves_waits_for_no_subscription_and_breaks_none(session, monkeypatch) -> None:
    layer = SlowLayer()
    monkeypatch.setattr(live, "get_channel_layer", lambda: layer)
    await hop(text, session, 0, "x")
    await hop(ended, session)
    hub = live.hub()
    async with asyncio.timeout(30):
        watcher = hub.watch(session.pk, 0, False)
        assert await take(watcher, None) == [1, 2]
        await hub.leave(session.pk, watcher)
        assert not layer.broken and live._listening
        layer.subscribed.set()
        await asyncio.wait(live._listening)
    assert not layer.broken and not layer.open
