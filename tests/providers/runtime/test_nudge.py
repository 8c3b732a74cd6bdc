"""A nudge asks once, and where nobody can be asked it says so and fails nobody."""

import logging

import pytest
from kombu.exceptions import OperationalError

from providers.runtime import nudge


class Broker:
    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.sent = fault, []

    def send_task(self, task, **options) -> None:
        self.sent.append((task, options["args"], options["expires"], options.get("queue")))
        if self.fault:
            raise self.fault


def test_what_is_asked_for_is_sent_once(monkeypatch) -> None:
    broker = Broker()
    monkeypatch.setattr(nudge, "current_app", broker)
    nudge.send("a.task", 7, expires_s=10, queue="deliberations")
    assert broker.sent == [("a.task", (7,), 10, "deliberations")]


@pytest.mark.parametrize(
    ("fault", "said"), [(OperationalError(), 1), (ConnectionRefusedError(), 1), (FileNotFoundError(), 0)]
)
def test_a_broker_that_is_away_fails_nobody(monkeypatch, caplog, fault, said) -> None:
    monkeypatch.setattr(nudge, "current_app", Broker(fault))
    with caplog.at_level(logging.WARNING, logger=nudge.__name__):
        nudge.send("a.task", "7")
    assert len(caplog.records) == said
