"""No item of the lists is lost: each has a test that is there, or a word on how it was looked at."""

import pytest

from tests.aiops_site.running import ROOT
from tests.trust.shown import ATTACKS, BY_HAND, FAULTS, FIRSTS, PARTLY

LISTS = {"A": 13, "B": 16, "C": 12, "D": 17, "E": 12, "F": 11, "G": 18, "H": 8, "I": 11, "J": 6, "K": 13}
LISTS |= {"L": 4, "M": 4, "N": 4}
NAMED = {**ATTACKS, **{f"fault {number}": test for number, test in FAULTS.items()}}
NAMED |= {
    f"first {number}" if n == 0 else f"first {number} ({n + 1})": test
    for number, tests in FIRSTS.items()
    for n, test in enumerate(tests)
}


def test_every_item_of_both_lists_has_its_place() -> None:
    assert list(ATTACKS) == [
        f"{letter}{number}" for letter, many in LISTS.items() for number in range(1, many + 1)
    ]
    assert sorted([*FAULTS, *BY_HAND]) == list(range(1, 23))
    assert sorted([*FIRSTS, 16]) == list(range(1, 21))
    assert set(PARTLY) <= set(NAMED)


@pytest.mark.parametrize("item", NAMED)
def test_the_test_of_an_item_is_there(item) -> None:
    file, name = NAMED[item]
    assert f"def {name}" in (ROOT / "tests" / file).read_text(), f"{item}: {file} has no {name}"
