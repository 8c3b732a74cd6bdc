"""Fixtures on the fake upstream. Registered by `pytest_plugins` in `tests/conftest.py`."""

from collections.abc import Iterator

import pytest

from providers.network import outbound
from tests.fakes.upstream import FakeUpstream


@pytest.fixture(scope="session")
def upstream_server() -> Iterator[FakeUpstream]:
    with FakeUpstream() as server:
        yield server


@pytest.fixture
def upstream(upstream_server: FakeUpstream) -> Iterator[FakeUpstream]:
    """The fake upstream, with no calls recorded, its address opened for outbound calls."""
    before = outbound.guard().entries
    upstream_server.reset()
    outbound.configure([*before, upstream_server.netloc])
    yield upstream_server
    upstream_server.reset()
    outbound.configure(before)
