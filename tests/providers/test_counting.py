"""Several questions, one query."""

from providers.counting import counted
from providers.models import ApiToken, AuditEntry


def test_each_question_has_its_own_number_in_one_query(people, django_assert_num_queries) -> None:
    for name in ("one", "two", "three"):
        ApiToken.objects.create(user=people["mara"], name=name, digest=name)
    tokens = ApiToken.objects.order_by("name")
    with django_assert_num_queries(1):
        found = counted(
            all=tokens,
            hers=tokens.filter(user=people["mara"], name__in=["one", "two"]),
            nobodys=tokens.filter(user=people["ivo"]),
            never=AuditEntry.objects.none(),
        )
    assert found == {"all": 3, "hers": 2, "nobodys": 0, "never": 0}


def test_what_can_match_nothing_is_not_asked(people, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert counted(never=ApiToken.objects.none(), nobody=ApiToken.objects.filter(pk__in=[])) == {
            "never": 0,
            "nobody": 0,
        }
