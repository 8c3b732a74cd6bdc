"""A database that is away, full or newer than the code: 503 and one sentence, which asks no database."""

import logging

import pytest
from django.db import (
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.db.migrations.recorder import MigrationRecorder

from providers.outage import AWAY, NEWER, as_outage

MISSING = (ProgrammingError('relation "usage" does not exist'), OperationalError("no such column: usage.day"))


def refused(*_: object) -> None:
    raise OperationalError("database or disk is full")


@pytest.mark.parametrize(
    "error", [IntegrityError("twice"), InternalError("broken"), ValueError("no"), None, *MISSING]
)
def test_a_fault_of_our_own_is_no_outage(db, error) -> None:
    assert as_outage(error) is None


def test_a_table_that_is_gone_is_an_update_where_the_database_is_newer_than_the_code(db) -> None:
    MigrationRecorder(connection).record_applied("providers", "9999_next")
    assert [as_outage(error).message for error in MISSING] == [NEWER, NEWER]


def test_a_server_that_only_reads_is_an_outage() -> None:
    error = InternalError("cannot execute INSERT in a read-only transaction")
    error.__cause__ = type("ReadOnly", (Exception,), {"sqlstate": "25006"})()
    assert as_outage(error).message == AWAY


@pytest.mark.parametrize("path", ["/usage/", "/", "/account/", "/login/?next=/usage/", "/audit/"])
def test_a_page_whose_database_is_away_says_so_and_offers_to_try_again(client, people, path, caplog) -> None:
    client.force_login(people["mara"])
    client.raise_request_exception = False
    with connection.execute_wrapper(refused), caplog.at_level(logging.ERROR):
        answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    page = answer.content.decode()
    assert "be asked or written to just now" in page and f'href="{path}">Try again' in page
    assert "disk is full" not in page and "disk is full" in caplog.text, "the reason is for the log"


@pytest.mark.parametrize("path", ["/api/v1/ai/usage/", "/api/v1/senate/sessions/"])
def test_a_program_is_told_the_same_in_its_shape(client, people, path) -> None:
    client.force_login(people["mara"])
    client.raise_request_exception = False
    with connection.execute_wrapper(refused):
        answer = client.get(path)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "database_unavailable"
