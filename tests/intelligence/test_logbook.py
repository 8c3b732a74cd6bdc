import tracemalloc

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intelligence.logs import logbook
from intelligence.models import Deployment
from providers.exceptions import InvalidInput
from providers.guard import MASK, Redactor

pytestmark = pytest.mark.django_db
PLAIN = Redactor(())


@pytest.fixture
def deployment(service):
    return Deployment.objects.create(service=service)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(logbook, "CHUNK", 64)
    monkeypatch.setattr(logbook, "OPEN_END", 24)


def kept(deployment):
    return b"".join(logbook.stream(deployment)).decode()


def put(deployment, *pieces, redactor=PLAIN):
    for piece in pieces:
        logbook.append(deployment.pk, piece, redactor)
    deployment.refresh_from_db()
    return deployment


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=90)))
def test_what_was_appended_is_read_back_whole_and_line_by_line(small_chunks, service, pieces):
    deployment = put(Deployment.objects.create(service=service), *pieces)
    whole = "".join(pieces)
    lines = whole.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    assert kept(deployment) == whole
    assert deployment.log_bytes == len(whole.encode())
    assert deployment.log_lines == len(lines)
    assert list(logbook.read(deployment, 1, 5_000).text) == lines
    for first in range(1, len(lines) + 3):
        assert list(logbook.read(deployment, first, 2).text) == lines[first - 1 : first + 1]


def test_every_piece_of_a_log_can_be_streamed_from_any_byte(small_chunks, deployment):
    whole = "".join(f"line {n} with some words\n" for n in range(40))
    put(deployment, whole)
    for offset in (0, 1, 63, 64, 65, 500, len(whole) - 1, len(whole), len(whole) + 9):
        assert b"".join(logbook.stream(deployment, offset)).decode() == whole[offset:]


def test_a_key_cut_anywhere_between_two_pieces_is_masked(small_chunks, service):
    key = "canary-0123456789abcdef"
    text = "x" * 50 + f"token={key} end\n"
    for cut in range(len(text)):
        deployment = Deployment.objects.create(service=service)
        put(deployment, text[:cut], text[cut:], redactor=Redactor([key]))
        assert kept(deployment) == text.replace(key, MASK)


def test_bytes_that_are_no_utf8_and_nul_bytes_are_shown_as_such(deployment):
    put(deployment, b"caf\xe9 \x00 ok\n")
    assert kept(deployment) == "caf\ufffd \ufffd ok\n"


def test_a_log_that_would_pass_the_limit_is_refused_and_what_stands_is_kept(monkeypatch, deployment):
    monkeypatch.setattr(logbook, "MAX_LOG", 20)
    put(deployment, "0123456789\n")
    with pytest.raises(InvalidInput, match="at most"):
        logbook.append(deployment.pk, "0123456789\n", PLAIN)
    assert kept(deployment) == "0123456789\n"


def test_reading_a_page_of_a_large_log_does_not_load_it_whole(deployment):
    for _ in range(8):
        put(deployment, "some words of a log line that repeats itself\n" * 45_000)
    assert deployment.log_bytes > 16_000_000
    tracemalloc.start()
    lines = logbook.read(deployment, 200_000, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(lines.text) == 100 and lines.total == 360_000
    assert peak < 6_000_000
