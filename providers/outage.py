"""What a caller is told while the database is away, full, or already newer than this process's code."""

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from providers.exceptions import DatabaseUnavailable

AWAY = "The database can't be asked or written to just now. Try again in a minute."
NEWER = "The site is being updated, and this part waits for the new version. Try again in a minute."
AGAIN_S = 10.0
READ_ONLY = "25006"  # PostgreSQL's state for a write in a server, or a session, that only reads


def as_outage(error: BaseException | None) -> DatabaseUnavailable | None:
    """None for what is a fault of ours: a row or a statement that is wrong on a database that works."""
    if isinstance(error, InternalError):
        reads = getattr(error.__cause__, "sqlstate", "") == READ_ONLY
        return DatabaseUnavailable(AWAY, retry_after=AGAIN_S) if reads else None
    if not isinstance(error, OperationalError | InterfaceError | ProgrammingError):
        return None
    # SQLite has no class of its own for a table or a column that is not there.
    if not isinstance(error, ProgrammingError) and "no such " not in str(error):
        return DatabaseUnavailable(AWAY, retry_after=AGAIN_S)
    return DatabaseUnavailable(NEWER, retry_after=AGAIN_S) if _is_newer() else None


def _is_newer() -> bool:
    """Whether the database was migrated by code that this process doesn't run."""
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError:
        return False
    known = MigrationLoader(None).disk_migrations
    apps = {app for app, _ in known}
    return any(app in apps and (app, name) not in known for app, name in applied)
