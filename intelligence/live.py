"""The topics that pages of services, deployments and troubleshooting runs watch.

Plain SQL: a version is asked several times a second while a page is open, and at every look at one.
"""

import hashlib
from typing import Any

from django.db import connection

ENDED = "('RUNNING', 'FAILED', 'CANCELLED')"
NEWEST = f"""
    SELECT (SELECT MAX(finished_at) FROM intelligence_deployment WHERE status IN {ENDED}),
           (SELECT MAX(summarised_at) FROM intelligence_deployment WHERE status IN {ENDED}),
           (SELECT MAX(finished_at) FROM intelligence_analysisrun WHERE deployment_id IS NOT NULL)"""  # noqa: S608
MOVING = f"""
    SELECT id, status, log_bytes FROM intelligence_deployment
    WHERE status NOT IN {ENDED} ORDER BY created_at DESC LIMIT 200"""  # noqa: S608  a constant
RUNS = """
    SELECT (SELECT MAX(updated_at) FROM intelligence_agentrun), (SELECT COUNT(*) FROM intelligence_agentrun),
           (SELECT COUNT(*) FROM intelligence_approval WHERE state = 'pending')"""


def deployments_version() -> str:
    """Changes with every status and with every line of a log that still grows. Two queries."""
    return _short(NEWEST, MOVING)


def runs_version() -> str:
    """Changes with every step of every run, and with every decision on an approval. One query."""
    return _short(RUNS)


def _short(*questions: str) -> str:
    answers: list[Any] = []
    with connection.cursor() as cursor:
        for question in questions:
            cursor.execute(question)
            answers += cursor.fetchall()
    return hashlib.blake2s(repr(answers).encode(), digest_size=6).hexdigest()
