"""A writer without memory or without a thread: nobody waits for good, and a process that can't book ends."""

import threading
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from providers.exceptions import LedgerUnavailable
from providers.ledger import writer as writer_module
from providers.ledger.database import Database
from providers.ledger.writer import Writer
from tests.providers.ledger.writer_kit import TIMEOUT_S, Note


class WithoutMemory(Database):
    """Fails in what a failure is answered with, too, once."""

    failing = True

    def begin(self) -> None:
        if self.failing:
            raise MemoryError
        super().begin()

    def roll_back(self) -> bool:
        if self.failing:
            type(self).failing = False
            raise MemoryError
        return super().roll_back()


def no_more(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_thread_that_dies_leaves_nobody_waiting_and_another_goes_on(notes, monkeypatch):
    died: list[Any] = []
    monkeypatch.setattr(WithoutMemory, "failing", True)
    monkeypatch.setattr(threading, "excepthook", died.append)
    own = Writer(WithoutMemory)
    with pytest.raises(LedgerUnavailable, match="no memory or thread left"):
        own.submit(Note("lost")).result(TIMEOUT_S)
    assert own.submit(Note("kept")).result(TIMEOUT_S) == "kept"
    own.shut_down()
    assert notes() == ["kept"] and len(died) == 1


@dataclass
class Booking(Note):
    admits: ClassVar[bool] = False


def test_a_process_that_can_not_book_what_was_spent_ends_at_once(notes, monkeypatch):
    ended: list[str] = []
    monkeypatch.setattr(writer_module, "end_process", lambda: ended.append("here"))
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(WithoutMemory, "failing", True)
    own = Writer(WithoutMemory)
    with pytest.raises(LedgerUnavailable):
        own.submit(Booking("spent")).result(TIMEOUT_S)
    assert ended == ["here"]
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", no_more)
        with pytest.raises(LedgerUnavailable):
            own.submit(Booking("spent"))
    assert ended == ["here", "here"]


def test_without_a_thread_the_job_is_refused_and_the_next_one_finds_one(notes, monkeypatch):
    own = Writer()
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", no_more)
        with pytest.raises(LedgerUnavailable, match="no memory or thread left"):
            own.submit(Note("refused"))
    assert own.submit(Note("kept")).result(TIMEOUT_S) == "kept"
    own.shut_down()
    assert notes() == ["kept"]
