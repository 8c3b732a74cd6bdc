"""What must hold after any fault (I1 to I8 of the trust page), read from the rows."""

from collections import Counter
from decimal import Decimal

from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, CapDay, Reservation
from senate.models import SenateSession

ENDED = {"done", "partial", "failed", "cancelled"}


def check(sessions, upstream_calls=None):
    """`upstream_calls`: how many requests the upstream has seen, where no worker was killed."""
    rows = AIUsageLog.objects.filter(session_id__in=[str(session.pk) for session in sessions])
    if upstream_calls is not None:
        assert rows.count() == upstream_calls, "I1: each upstream call has exactly one usage row"
    money_is_right(rows)
    for session in sessions:
        session.refresh_from_db()
        it_has_ended_whole(session)
        nothing_happened_twice(session)
        assert session.question, "I5: the question is never lost"


def money_is_right(rows):
    """I2, I8"""
    assert not Reservation.objects.filter(closed_at=None).exists()
    for user_id in set(rows.values_list("user_id", flat=True)):
        spent = AIUsageLog.objects.filter(user_id=user_id)
        days = CapDay.objects.filter(user_id=user_id)
        assert sum(day.used_tokens for day in days) == sum(row.total_tokens for row in spent)
        assert sum(day.used_usd for day in days) == sum(row.actual_cost_usd for row in spent)
        assert all((day.reserved_tokens, day.reserved_usd) == (0, Decimal(0)) for day in days)
    assert reconcile().clean


def it_has_ended_whole(session):
    """I3, I6"""
    assert session.state in ENDED and session.finished_at
    assert session.state == "done" or session.reason, "an end that is not good has a reason"
    assert not session.calls.filter(state__in=("waiting", "writing")).exists()
    events = list(session.events.order_by("n"))
    assert [event.n for event in events] == list(range(1, session.last_n + 1))
    assert events[-1].type in ("session.done", "session.failed", "session.cancelled")
    begun = Counter()
    for event in events:
        if event.type == "call.started":
            begun[event.data["key"]] += 1
        elif event.type in ("call.done", "call.failed"):
            begun[event.data["key"]] -= 1
            assert begun[event.data["key"]] >= 0, "a call is written down before it is made"
    booked = {str(pk) for pk in AIUsageLog.objects.filter(session_id=str(session.pk)).values_list("pk", flat=True)}
    assert all(str(call.log_id) in booked for call in session.calls.exclude(log_id=None))


def nothing_happened_twice(session):
    """I4"""
    told = Counter(
        (e.type, e.phase, e.member, e.data.get("proposal"))
        for e in session.events.exclude(type__startswith="call.").exclude(type="session.started")
    )
    assert all(count == 1 for count in told.values()), told
    paid = AIUsageLog.objects.filter(session_id=str(session.pk), success=True).values_list("metadata", flat=True)
    lost = session.calls.filter(error_code="worker_lost").exclude(log_id=None).values_list("log_id", flat=True)
    # Paid, and lost before its text could be stored: these alone may be paid again.
    again = Counter(row["call"] for row in paid.filter(pk__in=list(lost)))
    twice = Counter(row["call"] for row in paid) - again
    assert all(count == 1 for count in twice.values()), f"no finished call is paid twice: {twice}, lost {again}"


def all_sessions():
    return list(SenateSession.objects.all())
