"""Quotes that a model gives are looked up in the stored log."""

from intelligence.analyst import Claim, check_quotes

LOG = 'start\n\x1b[31mERROR: relation "orders" does not exist\x1b[0m\n\nLINE 1: select *\n   from orders\nend\r\n'


def test_a_true_quote_is_found_with_its_lines() -> None:
    (checked,) = check_quotes([Claim("schema", 'relation "orders" does not exist')], LOG)
    assert checked.lines == (2, 2)
    assert checked.label == "evidence"


def test_a_quote_over_two_lines_is_found() -> None:
    (checked,) = check_quotes([Claim("query", "LINE 1: select *\n from orders")], LOG)
    assert checked.lines == (4, 5)


def test_a_made_up_quote_is_a_hypothesis() -> None:
    made_up = ['relation "order" does not exist', "ERROR: relation orders", "", "end", "out of memory: killed"]
    for checked in check_quotes([Claim("x", quote) for quote in made_up], LOG):
        assert checked.hypothesis
        assert checked.label == "hypothesis"


def test_every_changed_letter_of_a_quote_is_noticed() -> None:
    true = 'relation "orders" does not exist'
    changed = [true[:at] + ("x" if true[at] != "x" else "y") + true[at + 1 :] for at in range(len(true))]
    assert all(checked.hypothesis for checked in check_quotes([Claim("x", quote) for quote in changed], LOG))
