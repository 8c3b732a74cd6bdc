"""A key is its owner's alone, and one request at a time has it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from providers.access import idempotency
from providers.access.idempotency import StillUnderWay
from providers.models import IdempotentRequest

OF = {"endpoint": "chat", "key": "k-1", "body": "b", "hold_s": 60}


@pytest.fixture
def answered(people) -> None:
    """The same words from two people, and what each was answered."""
    for name in ("mara", "ivo"):
        idempotency.finish(idempotency.begin(people[name].pk, **OF), 200, {"to": name})


def test_the_same_key_of_another_person_is_another_key(answered, people) -> None:
    for name in ("ivo", "mara"):
        again = idempotency.begin(people[name].pk, **OF)
        assert (again.answered, again.body) == (True, {"to": name})
        kept = idempotency.kept(people[name].pk, "chat", "k-1")
        assert kept is not None and kept.body == {"to": name}
    assert idempotency.kept(people["ana"].pk, "chat", "k-1") is None
    assert idempotency.kept(people["ivo"].pk, "tool:user", "k-1") is None


def test_who_lost_its_time_is_followed_by_one(people) -> None:
    first = idempotency.begin(people["ivo"].pk, **OF)
    idempotency.made(first, "session 7")
    with pytest.raises(StillUnderWay) as caught:
        idempotency.begin(people["ivo"].pk, **OF)
    assert caught.value.resource == "session 7"
    IdempotentRequest.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    second = idempotency.begin(people["ivo"].pk, **OF)
    assert (second.id, second.answered, second.resource) == (first.id, False, "session 7")
    with pytest.raises(StillUnderWay):
        idempotency.begin(people["ivo"].pk, **OF)


def test_an_answer_that_was_kept_is_not_forgotten_but_after_a_day(answered, people) -> None:
    again = idempotency.begin(people["ivo"].pk, **OF)
    idempotency.forget(again)
    assert idempotency.begin(people["ivo"].pk, **OF).answered
    IdempotentRequest.objects.update(created_at=timezone.now() - idempotency.KEPT_FOR - timedelta(seconds=1))
    assert not idempotency.begin(people["ivo"].pk, **OF).answered
    assert idempotency.begin(people["mara"].pk, **OF).answered is False
