"""What a process makes ready at its start is ready then."""

import threading

import pytest
from django.db import OperationalError, connection, connections

from providers.configuration import current
from providers.money import pricing
from providers.network import outbound
from providers.runtime import hop, warm

pytestmark = pytest.mark.django_db(transaction=True)


def in_each_thread(function):
    """What it gives in each thread of the pool."""
    together = threading.Barrier(hop.THREADS, timeout=10)

    def run():
        together.wait()
        return function()

    return [future.result() for future in [hop._pool.submit(run) for _ in range(hop.THREADS)]]


@pytest.fixture
def cold(transactional_db):
    in_each_thread(connections.close_all)
    outbound.trusted.cache_clear()
    yield
    in_each_thread(connections.close_all)


def opened():
    """How many threads of the pool have a connection."""
    return sum(in_each_thread(lambda: connection.connection is not None))


def test_certificates_prices_and_every_connection_are_there_before_the_first_call(cold) -> None:
    assert opened() == 0
    warm.up()
    assert opened() == hop.THREADS
    assert outbound.trusted.cache_info().currsize == 1 and pricing._listed.cache_info().currsize > 0


def test_a_database_that_is_away_stops_nobody(cold, monkeypatch, caplog) -> None:
    def away():
        raise OperationalError("no such host")

    monkeypatch.setattr(current, "read", away)
    warm.up()
    assert "the first call will have to wait: OperationalError" in caplog.text
