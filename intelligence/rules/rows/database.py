"""Rows for databases that refuse, take too long, or are full."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("DB_CONNECTION_REFUSED", 0.97, r"""
        connection to server (?:at|on) (?P<subject>\S+.*) failed: Connection refused
        connection to server (?:at|on) (?P<subject>\S+.*) failed: No such file
        connection to server (?:at|on) (?P<subject>\S+.*) failed: No route
        connection to server (?:at|on) (?P<subject>\S+.*) failed: Network is unreachable
        connection to server (?:at|on) (?P<subject>\S+.*) failed: Host is unreachable
        connection to server (?:at|on) (?P<subject>\S+.*) failed: could not connect
        connection to server (?:at|on) (?P<subject>\S+.*) failed: server closed the connection
    """),
    R("DB_CONNECTION_REFUSED", 0.97, r"""
        could not connect to server: (?:Connection refused|No such file)
        Connection to (?P<subject>\S+:\d+) refused\. Check that the hostname and port
    """),
    R("DB_CONNECTION_REFUSED", 0.95, r"""
        connect(?:ion)?:? ?(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH) (?P<subject>\S+<dbport>)\b
    """),
    R("DB_CONNECTION_REFUSED", 0.93, r"""
        Can't connect to (?:local )?(?:MySQL|MariaDB)? ?server (?:on|through socket) <q>?(?P<subject>[^'" ]+)
        ERROR 200[23] \(HY000\)
        \(200[23],[ ]
    """, unless=r"\((?:110|60)(?: |\))|timed out|Unknown (?:MySQL )?server host"),
    R("DB_CONNECTION_REFUSED", 0.95, r"""
        dial tcp (?P<subject>\S+<dbport>): connect: (?:connection refused|no route to host)
        failed to connect to `[^`]*`: .*(?:connection refused|dial error)
    """),
    R("DB_CONNECTION_REFUSED", 0.93, r"""
        Mongo\w*Error: .*(?:ECONNREFUSED|Connection refused)
        pymongo\.errors\.(?:ServerSelectionTimeoutError|AutoReconnect).*Connection refused
        ServerSelectionTimeoutError: (?P<subject>\S+<dbport>)
    """),
    R("DB_CONNECTION_REFUSED", 0.7, r"""
        Communications link failure
        CommunicationsException
    """),
    R("DB_CONNECTION_REFUSED", 0.9, r"""
        SequelizeConnectionRefusedError
        Can't reach database server at `?(?P<subject>[^`\s]+)
        \bP1001\b
        PG::ConnectionBad
        ActiveRecord::ConnectionNotEstablished
        Mysql2::Error::ConnectionError
        SQLSTATE\[HY000\] \[2002\]
        SQLSTATE\[08006\].*refused
        The TCP/IP connection to the host .* has failed
        ORA-12541
        ORA-12514
        Login timeout expired.*refused
    """, unless=r"timed out|could not translate"),
    R("DB_CONNECTION_REFUSED", 0.88, r"""
        (?:postgres|mysql|mariadb|mongo|database|\bdb\b|\bpg\b|sql).{0,120}connection refused
        connection refused.{0,60}(?:postgres|mysql|mariadb|mongo|database|:5432|:3306|:27017)
    """, any_case=True),
    R("DB_CONNECTION_REFUSED", 0.8, r"""
        server closed the connection unexpectedly
        terminating connection due to administrator command
        the database system is (?:shutting down|starting up)
        Lost connection to (?:MySQL|MariaDB) server
        MySQL server has gone away
        SSL connection has been closed unexpectedly
        Connection terminated unexpectedly
        the connection is lost
        consuming input failed
    """),
    R("DB_CONNECTION_TIMEOUT", 0.96, r"""
        connection to server (?:at|on) .* failed: (?:Connection timed out|timeout expired)
        could not connect to server: Connection timed out
        \bconnection timeout expired\b
        psycopg\.errors\.ConnectionTimeout
    """),
    R("DB_CONNECTION_TIMEOUT", 0.97, r"""
        Connection is not available, request timed out after (?P<subject>\d+ ?ms)
        HikariPool-\d+ - Connection is not available
    """),
    R("DB_CONNECTION_TIMEOUT", 0.95, r"""
        QueuePool limit of size \d+ overflow \d+ reached, connection timed out
        couldn't get a connection after (?P<subject>[\d.]+ sec)
        PoolTimeout\b
    """),
    R("DB_CONNECTION_TIMEOUT", 0.95, r"""
        Timed out fetching a new connection from the connection pool
        \bP2024\b
        SequelizeConnectionAcquireTimeoutError
        Knex: Timeout acquiring a connection
        ResourceRequest timed out
        TimeoutError: ResourceRequest
        could not obtain a connection from the pool within
        ActiveRecord::ConnectionTimeoutError
        timeout exceeded when trying to connect
        Connection terminated due to connection timeout
        pool timed out while waiting for an open connection
        Timeout expired\.  The timeout period elapsed prior to obtaining a connection from the pool
        remaining connection slots.*timed out
        canceling authentication due to timeout
        Cannot get a connection, pool error Timeout waiting for idle object
        Could not get JDBC Connection
    """),
    R("DB_CONNECTION_TIMEOUT", 0.95, r"""
        SequelizeConnectionTimedOutError
        SequelizeConnectionError: .*(?:ETIMEDOUT|timeout)
        connect ETIMEDOUT (?P<subject>\S+<dbport>)\b
        dial tcp (?P<subject>\S+<dbport>): (?:i/o timeout|connect: connection timed out)
        Can't connect to (?:MySQL|MariaDB) server on .*\((?:110|60|timed out)
        Connection attempt timed out
        SQLSTATE\[HY000\] \[2002\] (?:Connection timed out|Operation timed out)
        SQLSTATE\[08006\].*timeout
    """),
    R("DB_CONNECTION_TIMEOUT", 0.93, r"""
        Mongo(?:ose|)ServerSelectionError: Server selection timed out
        Mongo(?:ose|)ServerSelectionError: connection timed out
        Mongo(?:ose|)ServerSelectionError: connection <monitor>
        MongoNetworkTimeoutError
        Server selection timed out after
        MongoTimeoutError
        Timed out after \d+ ms while waiting (?:for a server|to connect)
        ServerSelectionTimeoutError.*timed out
        Operation `\S+` buffering timed out
    """),
    R("DB_CONNECTION_TIMEOUT", 0.88, r"""
        database .{0,60}connect(?:ion|ing)?.{0,60}timed out
        database .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        postgres\w* .{0,60}connect(?:ion|ing)?.{0,60}timed out
        postgres\w* .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        mysql .{0,60}connect(?:ion|ing)?.{0,60}timed out
        mysql .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        mariadb .{0,60}connect(?:ion|ing)?.{0,60}timed out
        mariadb .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        mongo\w* .{0,60}connect(?:ion|ing)?.{0,60}timed out
        mongo\w* .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        \bdb\b .{0,60}connect(?:ion|ing)?.{0,60}timed out
        \bdb\b .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        jdbc .{0,60}connect(?:ion|ing)?.{0,60}timed out
        jdbc .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        sql server .{0,60}connect(?:ion|ing)?.{0,60}timed out
        sql server .{0,60}connect(?:ion|ing)?.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        connect(?:ion|ing)? (?:to|with) .{0,40}database.{0,60}timed out
        connect(?:ion|ing)? (?:to|with) .{0,40}database.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        connect(?:ion|ing)? (?:to|with) .{0,40}postgres\w*.{0,60}timed out
        connect(?:ion|ing)? (?:to|with) .{0,40}postgres\w*.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        connect(?:ion|ing)? (?:to|with) .{0,40}mysql.{0,60}timed out
        connect(?:ion|ing)? (?:to|with) .{0,40}mysql.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        connect(?:ion|ing)? (?:to|with) .{0,40}mariadb.{0,60}timed out
        connect(?:ion|ing)? (?:to|with) .{0,40}mariadb.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        connect(?:ion|ing)? (?:to|with) .{0,40}mongo\w*.{0,60}timed out
        connect(?:ion|ing)? (?:to|with) .{0,40}mongo\w*.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
        connect(?:ion|ing)? (?:to|with) .{0,40}\bdb\b.{0,60}timed out
        connect(?:ion|ing)? (?:to|with) .{0,40}\bdb\b.{0,60}timeout\b(?:$|[:,.] | after| expired| exceeded)
    """, any_case=True),
    R("DB_CONNECTION_TIMEOUT", 0.88, r"""
        OperationalError.*(?:timeout expired|timed out)
        Login timeout expired
    """, any_case=True, unless=r"(?i)lock"),
    R("DB_TOO_MANY_CONNECTIONS", 0.97, r"""
        sorry, too many clients already
        remaining connection slots are reserved
        too many connections for (?:role|database) <q>?(?P<subject>[^'"]+)
    """, any_level=True, any_case=True),
    R("DB_TOO_MANY_CONNECTIONS", 0.93, r"""
        \bToo many connections\b
        ER_CON_COUNT_ERROR
        ERROR 1040
        SQLSTATE\[08004\]
        max_user_connections
        \bP2037\b
        no more connections allowed
        MaxClientsInSessionMode
        max_client_conn
        ORA-00020
        too many open connections
        too many database connections
    """, any_level=True, any_case=True, unless=r"(?i)set |config|max_connections ?=|from one host"),
    R("DB_CONNECTION_REFUSED", 0.55, r"""
        Is the server running (?:locally|on|on that host)
    """),
)
