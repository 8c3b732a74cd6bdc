"""How many rows each of several questions has, asked in one query: pages pay for a round trip, not for a count."""

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def counted(**questions: QuerySet) -> dict[str, int]:
    """`{name: rows}` under the names they came with, in one query; one that can match nothing is 0 unasked."""
    parts: dict[str, str] = {}
    values: list[object] = []
    for name, rows in questions.items():
        try:
            sql, given = rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        parts[name] = f"(SELECT COUNT(*) FROM ({sql}) AS counted_{len(parts)})"  # noqa: S608  the ORM's own SQL
        values += given
    if not parts:
        return dict.fromkeys(questions, 0)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts.values())}", values)
        return dict.fromkeys(questions, 0) | dict(zip(parts, cursor.fetchone(), strict=True))
