import pytest

from providers.exceptions import InvalidInput
from senate.engine.plan import plan


@pytest.mark.parametrize(
    ("mode", "members", "enabled", "site", "kind", "seated"),
    [
        ("auto", 1, True, "auto", "solo", 1),
        ("auto", 2, True, "auto", "code-review", 2),
        ("auto", 3, True, "auto", "senate", 3),
        ("auto", 5, True, "auto", "senate", 5),
        ("auto", 5, False, "auto", "solo", 1),
        ("auto", 5, False, "senate", "solo", 1),
        ("auto", 5, True, "solo", "solo", 1),
        ("auto", 5, True, "code-review", "code-review", 2),
        ("auto", 2, True, "senate", "senate", 2),
        ("auto", 1, True, "senate", "solo", 1),
        ("solo", 5, True, "senate", "solo", 1),
        ("solo", 5, False, "auto", "solo", 1),
        ("senate", 2, True, "auto", "senate", 2),
        ("code-review", 4, True, "auto", "code-review", 2),
    ],
)
def test_mode_members_and_site_decide_the_plan(mode, members, enabled, site, kind, seated):
    made = plan(mode, list("abcdefg"[:members]), enabled, site)
    assert (made.kind, made.seats) == (kind, tuple("abcdefg"[:seated]))
    assert made.why.endswith(".")


@pytest.mark.parametrize("mode", ["senate", "code-review"])
def test_an_explicit_committee_is_refused_with_one_member(mode):
    with pytest.raises(InvalidInput, match="at least two members"):
        plan(mode, ["a"], True)


@pytest.mark.parametrize("mode", ["senate", "code-review"])
def test_an_explicit_committee_is_refused_where_the_senate_is_off(mode):
    with pytest.raises(InvalidInput, match="switched off") as refused:
        plan(mode, ["a", "b", "c"], False)
    assert refused.value.code == "senate_disabled"


def test_an_unknown_mode_is_refused_by_name():
    with pytest.raises(InvalidInput, match="'council'"):
        plan("council", ["a"], True)


def test_no_member_is_refused():
    with pytest.raises(InvalidInput):
        plan("auto", [], True)


@pytest.mark.parametrize(("members", "calls"), [(1, 1), (2, 4), (3, 7), (5, 11)])
def test_a_plan_knows_its_calls(members, calls):
    assert plan("auto", list(range(members)), True).calls == calls


def test_code_review_of_many_says_who_takes_part():
    assert "first two of 4" in plan("code-review", list("abcd"), True).why
