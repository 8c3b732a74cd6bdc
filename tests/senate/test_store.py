"""What many writers store in one transaction: in order, in few queries, and nothing of who has lost the claim."""

import pytest
from django.utils import timezone

from senate.engine.case import Event
from senate.models import SenateCall, SenateEvent
from senate.work import store
from senate.work.store import CallChange, Entry
from tests.senate.rows import TOKEN, running

pytestmark = pytest.mark.django_db(transaction=True)


def begun(session, member):
    key = f"propose:{member}"
    row = {"phase": "propose", "member": member, "data": {}, "started_at": timezone.now()}
    return Entry(
        session.pk, TOKEN, [Event("call.started", "propose", member, {"key": key})], [CallChange(key, row, True)]
    )


def piece(session, member, offset, text, cost="0.01"):
    data = {"key": f"propose:{member}", "offset": offset, "text": text, "cost_usd": cost}
    change = CallChange(f"propose:{member}", {"state": "writing", "text": "x" * offset + text})
    return Entry(session.pk, TOKEN, [Event("call.text", "propose", member, data)], [change])


def stored(session):
    rows = SenateEvent.objects.filter(session=session).order_by("n").values_list("n", "type", "member", "data")
    return list(rows)


def test_five_calls_that_begin_at_once_are_a_handful_of_queries(people, django_assert_max_num_queries) -> None:
    session = running(people["ivo"])
    with django_assert_max_num_queries(6):
        assert store.commit([begun(session, member) for member in range(5)]) == [True] * 5
    assert [row[:3] for row in stored(session)] == [(n, "call.started", n - 1) for n in range(1, 6)]
    assert SenateCall.objects.filter(session=session).count() == 5


def test_what_piled_up_of_a_text_is_one_event_with_the_newest_figures(people) -> None:
    session = running(people["ivo"])
    done = Entry(session.pk, TOKEN, [Event("call.done", "propose", 0, {"key": "propose:0"})])
    entries = [begun(session, 0), begun(session, 1), piece(session, 0, 0, "Roll "), piece(session, 1, 0, "Wait")]
    entries += [piece(session, 0, 5, "back", "0.02"), piece(session, 0, 99, "far off"), done]
    assert store.commit(entries) == [True] * 7
    told = [(kind, member, data.get("offset"), data.get("text")) for _, kind, member, data in stored(session)]
    assert told[2:] == [
        ("call.text", 0, 0, "Roll back"),
        ("call.text", 1, 0, "Wait"),
        ("call.text", 0, 99, "far off"),
        ("call.done", 0, None, None),
    ]
    assert stored(session)[2][3]["cost_usd"] == "0.02"
    call = SenateCall.objects.get(session=session, key="propose:0")
    assert call.text.endswith("far off") and call.state == "writing"


def test_who_has_lost_the_claim_writes_nothing_and_hinders_nobody(people) -> None:
    session, other = running(people["ivo"]), running(people["mara"])
    stranger = Entry(session.pk, "another worker", [Event("vote", "review", 1, {"proposal": 0})])
    assert store.commit([stranger, begun(session, 0), begun(other, 0), stranger]) == [False, True, True, False]
    assert [len(stored(one)) for one in (session, other)] == [1, 1]
