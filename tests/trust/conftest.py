"""Who is signed in, and an upstream that must never hear of a key."""

from collections.abc import Iterator

import pytest

from providers.network import outbound
from tests.fakes.upstream import FakeUpstream


@pytest.fixture
def hostile() -> Iterator[FakeUpstream]:
    """A second upstream, open to calls, that must never hear of the key."""
    kept = outbound.guard().entries
    with FakeUpstream() as server:
        outbound.configure([*kept, server.netloc])
        yield server
    outbound.configure(kept)
