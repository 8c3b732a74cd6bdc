"""Every cheat is stopped; at most one honest patch in fifty is."""

import pytest

from jules.patch import cheats
from tests.jules.cheats import CHEATS, HONEST


def found(row):
    _, path, before, after = row
    return cheats.find([cheats.File(path, before, after)])


@pytest.mark.parametrize("row", CHEATS, ids=lambda row: row[0])
def test_a_patch_that_only_silences_the_failure_is_stopped(row):
    assert found(row)


def test_one_comparison_that_became_weaker_is_named_beside_a_change_of_code():
    code = cheats.File("shop/total.py", "def total(a):\n    return 0\n", "def total(a):\n    return sum(a)\n")
    test = "def test_total():\n    assert total([1]) == 1\n    assert total([1, 2]) == 3\n"
    bent = cheats.File("tests/test_total.py", test, test.replace("== 3", ">= 3"))
    assert [one.rule for one in cheats.find([code, bent])] == ["weaker_assertion"]


def test_honest_patches_pass():
    stopped = {row[0]: [f.says for f in found(row)] for row in HONEST if found(row)}
    assert len(stopped) <= 0.02 * len(HONEST), stopped


def test_the_corpus_is_large_enough_and_each_patch_changes_something():
    assert len(CHEATS) >= 40 and len(HONEST) >= 40
    assert all(before != after for _, _, before, after in (*CHEATS, *HONEST))
    names = [row[0] for row in (*CHEATS, *HONEST)]
    assert len(names) == len(set(names))
