"""Requests that come one after the other share a thread and its connection; those at the same time do not."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db.backends.signals import connection_created
from django.test import Client

from aiops_site.web import threads
from tests.aiops_site.running import until


@pytest.fixture
def none_idle(monkeypatch) -> list[ThreadPoolExecutor]:
    idle: list[ThreadPoolExecutor] = []
    monkeypatch.setattr(threads, "_idle", idle)
    yield idle
    for thread in idle:
        thread.shutdown()


async def one() -> int:
    async with threads.borrowed():
        return await sync_to_async(threading.get_ident)()


async def test_a_thread_is_used_again_and_never_by_two_at_once(none_idle) -> None:
    first = await one()
    until(lambda: len(none_idle) == 1, "the thread given back")
    assert await one() == first
    both = threading.Barrier(2)

    async def meeting() -> int:
        async with threads.borrowed():
            await sync_to_async(both.wait)(30)
            return await sync_to_async(threading.get_ident)()

    assert len(set(await asyncio.gather(meeting(), meeting()))) == 2


def test_a_thread_that_is_still_at_work_is_not_lent(none_idle) -> None:
    thread, done = ThreadPoolExecutor(1), threading.Event()
    thread.submit(done.wait, 30)
    threads._give_back(thread)
    assert none_idle == []
    done.set()
    until(lambda: none_idle == [thread], "the thread given back")


def test_no_more_are_kept_than_said(none_idle) -> None:
    given = [ThreadPoolExecutor(1) for _ in range(threads.KEPT + 2)]
    for thread in given:
        threads._give_back(thread)
    until(lambda: sum(thread._shutdown for thread in given) == 2, "two threads that ended")
    assert len(none_idle) == threads.KEPT


@pytest.mark.django_db(transaction=True)
def test_pages_one_after_the_other_open_the_database_once(none_idle, site, people) -> None:
    opened: list[object] = []

    def note(connection: object, **_: object) -> None:
        if threading.current_thread().name.startswith("request"):
            opened.append(connection)

    connection_created.connect(note)
    try:
        browser = Client()
        browser.force_login(people["mara"])
        cookies = {name: one.value for name, one in browser.cookies.items()}
        with httpx.Client(base_url=site.url, cookies=cookies) as client:
            for _ in range(5):
                assert client.get("/menu/").status_code == 200  # the session alone is a row
                until(lambda: len(none_idle) == 1, "the thread given back")
    finally:
        connection_created.disconnect(note)
    assert len(opened) == 1
