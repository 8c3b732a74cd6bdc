"""`manage.py reconcile`: says that all is in order only when it is, and names what is not."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from providers.ledger import triggers
from providers.models import CapDay
from tests.providers.ledger.ledger_kit import attempt, record, reserve


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    made = django_user_model.objects.create_user("ivo").pk
    record(attempt(made), reserve(made))
    return made


def reconcile() -> tuple[bool, str]:
    out = StringIO()
    try:
        call_command("reconcile", stdout=out, no_color=True)
    except CommandError as error:
        return False, out.getvalue() + str(error)
    return True, out.getvalue()


def test_it_says_what_it_checked(ivo):
    assert reconcile() == (
        True,
        "Checked 1 usage rows, 1 days, 1 open reservations: counters and rows agree.\n",
    )


def test_an_empty_ledger_is_in_order(transactional_db):
    assert reconcile()[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"used_tokens": F("used_tokens") + 7}, "used tokens +7"),
        ({"used_usd": F("used_usd") - 1}, "used USD -0.000000000001"),
        ({"reserved_tokens": 0}, "reserved tokens -50"),
        ({"reserved_usd": F("reserved_usd") + 10**12}, "reserved USD +1"),
    ],
)
def test_a_counter_that_is_off_is_named_with_user_day_and_amount(ivo, change, words):
    CapDay.objects.update(**change)
    fine, said = reconcile()
    today = datetime.now(UTC).date()
    assert not fine
    assert f"user {ivo}, {today}: counter differs from rows by {words}\n" in said


def test_a_missing_counter_is_a_difference(ivo):
    CapDay.objects.all().delete()
    fine, said = reconcile()
    assert not fine
    assert "used tokens -50, used USD -0.05, reserved tokens -50, reserved USD -0.05" in said


def test_a_row_that_was_smuggled_out_is_a_difference(ivo):
    triggers.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM providers_aiusagelog")
    fine, said = reconcile()
    assert not fine
    assert "used tokens +50, used USD +0.05" in said
    assert "triggers that keep usage rows unchanged are missing" in said


def test_a_reservation_that_nobody_reaps_is_named(ivo):
    held = reserve(ivo, lease_s=1, now=datetime.now(UTC) - timedelta(minutes=2))
    fine, said = reconcile()
    assert not fine
    assert f"reservation {held} of user {ivo} ran out at" in said
