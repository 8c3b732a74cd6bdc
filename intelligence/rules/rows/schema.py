"""Rows for what happens inside a database: locks, time limits, schemas that do not fit."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("DB_QUERY_TIMEOUT", 0.97, r"""
        canceling statement due to (?P<subject>statement timeout|lock timeout|user request)
    """),
    R("DB_QUERY_TIMEOUT", 0.95, r"""
        Lock wait timeout exceeded
        \bQueryCanceled\b
        LockNotAvailable\b
        Query execution was interrupted, maximum statement execution time exceeded
        max_statement_time exceeded
        ER_LOCK_WAIT_TIMEOUT
        ER_QUERY_TIMEOUT
        terminating connection due to idle-in-transaction timeout
        ExceededTimeLimit
        MaxTimeMSExpired
        exceeded time limit
        Query read timeout
        Query timed out
        could not obtain lock on (?:row|relation)
        Execution Timeout Expired
        QueryTimeoutException
        statement timed out
        ORA-01013
        ORA-00054
        SQLTimeoutException
    """),
    R("DB_QUERY_TIMEOUT", 0.96, r"""
        \bdatabase (?:table |schema )?is locked\b
        SQLITE_BUSY
        SQLite3::BusyException
    """, any_case=True),
    R("DB_DEADLOCK", 0.95, r"""
        \bdeadlock detected\b
        Deadlock found when trying to get lock
        \bDeadlockDetected\b
        ER_LOCK_DEADLOCK
        was deadlocked on .*resources
        ORA-00060
        deadlock victim
        \b40P01\b
        DeadlockLoserDataAccessException
        ActiveRecord::Deadlocked
        WriteConflict error
        TransactionDeadlock
    """, any_case=True, unless=r"(?i)no deadlock"),
    R("DB_MIGRATION_FAILED", 0.9, r"""
        relation <q>(?P<subject>[^'"\\]+)\\?<q>(?: of relation \S+)? (?:does not exist|already exists)
        column (?P<subject>\S+)(?: of relation \S+)? (?:does not exist|already exists)
    """),
    R("DB_MIGRATION_FAILED", 0.9, r"""
        no such (?:table|column): (?P<subject>[\w.]+)
        table <q>?(?P<subject>\w+)<q>? already exists
        has no column named (?P<subject>\w+)
        Unknown column <q>(?P<subject>[^'"]+)<q> in
        Table <q>(?P<subject>[^'"]+)<q> (?:doesn't exist|already exists)
        [Dd]uplicate column name:?(?: <q>?(?P<subject>\w+))?
        Base table or view (?:not found|already exists)
        ORA-00942
        Invalid object name <q>(?P<subject>[^'"]+)
        \bUndefinedTable\b
        \bUndefinedColumn\b
        \bDuplicateTable\b
        \bDuplicateColumn\b
        ER_NO_SUCH_TABLE
        ER_BAD_FIELD_ERROR
    """),
    R("DB_MIGRATION_FAILED", 0.9, r"""
        InconsistentMigrationHistory
        Conflicting migrations detected
        NodeNotFoundError
        Migration \S+ dependencies reference nonexistent
        CircularDependencyError
        BadMigrationError
        InvalidBasesError
    """),
    R("DB_MIGRATION_FAILED", 0.93, r"""
        Can't locate revision identified by <q>(?P<subject>[^'"]+)
        Multiple head revisions are present
        Target database is not up to date
        alembic\.util\.exc\.CommandError
    """),
    R("DB_MIGRATION_FAILED", 0.93, r"""
        FlywayException
        FlywayMigrate\w*Exception
        (?:Flyway|Liquibase).*(?:failed|Exception)
        Migration (?:of schema \S+ to version )?(?P<subject>\S+) (?:\S+ )?failed
        Migration checksum mismatch
        Validate failed:[ ]
        Detected failed migration
        LiquibaseException
        liquibase\.exception
        Found non-empty schema
    """, unless=r"0 failed"),
    R("DB_MIGRATION_FAILED", 0.9, r"""
        ActiveRecord::PendingMigrationError
        Migrations are pending
        StandardError: An error has occurred, (?:this and )?all later migrations canceled
        \bP30(?:09|18|05|06|12)\b
        A migration failed to apply
        migration[s]? failed
        [Ee]rror: Dirty database version (?P<subject>\d+)
        Migration failed with the following error
        failed to run migrations?
        error (?:running|applying|executing) migrations?
        knex.*migration directory is corrupt
        The migration directory is corrupt
        migration file <q>[^'"]+<q> failed
        goose run:[ ]
        schema \S+ is behind
        SchemaManagementException
        Schema-validation: missing (?:table|column) \[(?P<subject>[^\]]+)
        SQLGrammarException
    """, unless=r"\b0 migrations? failed"),
    R("DB_MIGRATION_FAILED", 0.5, r"""
        You have (?:\d+ )?unapplied migration
        unapplied migration\(s\)
    """),
)
