"""Any bytes are a log: cut anywhere, coloured, endless, broken."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.analyst import analyse
from intelligence.rules import scan as scanning
from intelligence.rules.lines import BLOCK, as_chunks
from intelligence.rules.matcher import Plain, matcher
from intelligence.rules.scan import scan
from intelligence.rules.table import ROWS, WORDINGS
from intelligence.rules.types import Rule

ERROR = b"ModuleNotFoundError: No module named 'stripe'"


def test_colours_inside_the_decisive_word_do_not_hide_it() -> None:
    found = analyse(b"one\n\x1b[1mModuleNot\x1b[31mFoundError\x1b[0m: No module named 'a\x1b[2mb'\n").patterns[0]
    assert (found.code, found.lines, found.subject) == ("MISSING_MODULE", (2, 2), "ab")
    assert found.quote == "ModuleNotFoundError: No module named 'ab'"


def test_a_progress_bar_is_one_line_and_crlf_ends_one() -> None:
    bar = b"\r".join(b"%d%%" % n for n in range(1000))
    assert analyse(bar + b"\r\nok\r\n" + ERROR + b"\r\n").patterns[0].lines == (3, 3)


def test_an_error_in_the_middle_of_a_progress_bar_is_found() -> None:
    found = analyse(b"one\n 10%\r 20%\r" + ERROR + b"\r 30%\ntwo\n").patterns[0]
    assert found.lines == (2, 2)
    assert found.quote == ERROR.decode()


def test_utf_16_and_nul_bytes_and_latin_1_are_read() -> None:
    assert analyse(("one\n" + ERROR.decode() + "\n").encode("utf-16")).patterns[0].lines == (2, 2)
    assert analyse(b"\0".join(bytes([byte]) for byte in ERROR)).primary == "MISSING_MODULE"
    assert analyse("caf\xe9 ge\xf6ffnet\n".encode("latin-1") + ERROR).patterns[0].lines == (2, 2)


def test_a_line_of_ten_megabytes_is_bounded() -> None:
    long = b"x" * 5_000_000 + b" " + ERROR + b" " + b"y" * 5_000_000
    found = analyse(b"one\n" + long + b"\ntwo\n")
    assert found.patterns[0].lines == (2, 2)
    assert len(found.patterns[0].quote) <= 300
    assert found.scanned.lines == 3


def test_memory_stays_flat() -> None:
    def endless(megabytes: int) -> Iterator[bytes]:
        block = (b"2026-11-20 10:00:00 ERROR worker: no such table: orders, timeout=30\n" * 15_888)[:BLOCK]
        yield from (block for _ in range(megabytes))

    scan(endless(1))  # so that what is made once is not counted
    tracemalloc.start()
    scan(endless(2))
    short = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    scan(endless(6))
    long = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert long < short * 1.5


@given(cuts=st.lists(st.integers(0, 5000), max_size=8))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_where_chunks_are_cut(cuts: list[int]) -> None:
    log = b"".join(b"line %d \x1b[32mok\x1b[0m\r\n" % n for n in range(150)) + ERROR + b"\nexit status 1\n"
    edges = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    pieces = [log[left:right] for left, right in zip(edges, edges[1:], strict=False)]
    assert analyse(pieces).as_dict() == analyse(log).as_dict()


@given(raw=st.binary(max_size=4000))
@settings(max_examples=80, deadline=None)
def test_no_bytes_break_it(raw: bytes) -> None:
    answer = analyse(raw)
    assert answer.healthy is not bool(answer.patterns)
    assert answer.scanned.bytes == len(raw)


@pytest.mark.parametrize("sign", [b"a", b" ", b"Error: ", b"at at at ", b"[", b"../", b"1.1.", b"E  ", b"=+ "])
def test_no_wording_takes_more_than_linear_time(sign: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: a line twice as long is tried twice as often, in windows of the same size."""
    looked_at: list[int] = []

    def count(which: int, line: scanning._Lines, findings: scanning.Findings, *, counted: bool = False) -> None:
        looked_at.append(len(line.text))
        line.tried.add(which)

    monkeypatch.setattr(scanning, "_try", count)
    scan([sign * 20_000])
    once = len(looked_at)
    scan([sign * 40_000])
    assert len(looked_at) - once <= 2 * once + 10
    assert max(looked_at, default=0) <= scanning._BEFORE + scanning._AFTER


def test_plain_python_finds_the_same() -> None:
    text = (
        b"one\n"
        + ERROR
        + b"\nerror: exit code 137\nOOMKilled\n  1) adds\n  2) cart\n  ECONNREFUSED 10.0.0.1:5432\n"
    )
    plain = scan(as_chunks(text), Plain())
    fast = scan(as_chunks(text), matcher())
    assert {row: found.count for row, found in plain.rows.items()} == {r: f.count for r, f in fast.rows.items()}


def test_every_row_has_a_class_or_is_a_sign_that_somebody_asks_for() -> None:
    asked = "|".join(row.needs + "|" + row.but_not for row in ROWS if isinstance(row, Rule)) + "|chain|served"
    signs = {row.code for row in ROWS if isinstance(row, Rule) and not row.code.isupper()}
    assert signs <= set(asked.split("|"))


def test_every_wording_is_read_by_python() -> None:
    assert all(wording.regex.groups <= 4 for wording in WORDINGS)
