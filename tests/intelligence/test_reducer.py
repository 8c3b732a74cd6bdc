"""A shortened log keeps what decides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.analysis.reducer import reduce_log
from intelligence.rules.lines import clean
from providers.guard import MASK, Redactor
from tests.intelligence.labelled import FAILING


def kept_share(limit: int) -> float:
    """Share of the critical signals of the long failing logs that are still there."""
    kept = []
    for one in FAILING:
        if len(one.raw) <= limit:
            continue
        lines = clean(one.raw).decode("utf-8", "replace").split("\n")
        short = reduce_log(one.raw.decode("utf-8", "replace"), limit)
        assert len(short) <= limit
        kept += [lines[line - 1].strip()[:200] in short for line in {*one.signals, one.line or 1}]
    assert len(kept) >= 10
    return sum(kept) / len(kept)


@pytest.mark.parametrize(("limit", "share"), [(10_000, 0.9), (20_000, 0.95)])
def test_critical_signals_are_kept(limit: int, share: float) -> None:
    assert kept_share(limit) >= share


def test_a_failure_in_the_middle_of_many_different_lines_is_kept() -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"]
    lines = [
        f"{words[n % 9]} {words[n // 9 % 9]} {words[n // 81 % 9]} {words[n // 729 % 9]} step" for n in range(5000)
    ]
    lines[2600] = "psycopg.OperationalError: FATAL: sorry, too many clients already"
    short = reduce_log("\n".join(lines), 4000)
    assert lines[2600] in short
    assert lines[0] in short
    assert lines[-1] in short
    assert "left out]" in short


def test_a_short_log_stays_as_it_is() -> None:
    assert reduce_log("one\ntwo\n", 100) == "one\ntwo\n"


def test_repeats_become_one_line_with_their_number() -> None:
    short = reduce_log("\n".join(f"downloaded part {n} of 900" for n in range(900)) + "\nerror: boom", 300)
    assert "downloaded part 0 of 900\n[899 more like this]" in short
    assert short.endswith("error: boom")


def test_secrets_go_before_the_cut() -> None:
    key = "sk-" + "a1B2" * 12
    filler = "\n".join(f"line of {word} words" for word in ("many", "more", "most") for _ in range(400))
    text = f"{filler}\nerror: call failed with key {key} at https://api.example\n{filler}"
    for limit in range(200, 900, 37):
        assert "a1B2a1B2" not in reduce_log(text, limit, Redactor([key]).whole)
    assert MASK in reduce_log(text, 2000, Redactor([key]).whole)


def test_of_a_progress_bar_the_last_state_is_kept() -> None:
    bar = "\r".join(f"{n}% done" for n in range(101))
    assert reduce_log(f"start\n{bar}\nend", 100) == "start\n100% done\nend"


@given(text=st.text(max_size=3000), limit=st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_it_never_gives_more_than_the_limit(text: str, limit: int) -> None:
    assert len(reduce_log(text, limit)) <= limit
