"""Rows for the network: names, refusals, time-outs, and proxies with a bad upstream."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("DNS_FAILURE", 0.97, r"""
        could not translate host name <q>(?P<subject>[^'"]+)<q> to address
        failed to resolve host <q>(?P<subject>[^'"]+)
        could not be cloned: (?P<subject>\S+) does not resolve
    """, any_level=True),
    R("DNS_FAILURE", 0.96, r"""
        (?:getaddrinfo|queryA|querySrv|queryTxt) (?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL)
        (?:getaddrinfo|queryA|querySrv|queryTxt) (?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL) (?P<subject>\S+)
    """, any_level=True),
    R("DNS_FAILURE", 0.96, r"""
        Could not resolve (?:host|proxy|hostname):? (?P<subject>[^\s;,]+)
        [Cc]ould not resolve hostname (?P<subject>[^\s:]+)
        Couldn't resolve host
        Resolving timed out
    """, any_level=True),
    R("DNS_FAILURE", 0.96, r"""
        \blookup (?P<subject>[^\s:]+)(?: on \S+)?: no such host
        \blookup (?P<subject>[^\s:]+)(?: on \S+)?: server misbehaving
        \blookup (?P<subject>[^\s:]+)(?: on \S+)?: i/o timeout
        \blookup (?P<subject>[^\s:]+)(?: on \S+)?: Temporary failure
        \blookup (?P<subject>[^\s:]+)(?: on \S+)?: .*: (?:i/o timeout|connection refused)
        no such host\b
    """, any_level=True),
    R("DNS_FAILURE", 0.95, r"""
        Temporary failure (?:in name resolution|resolving)
        Name or service not known
        Name does not resolve
        nodename nor servname provided
        No address associated with hostname
        failed to lookup address information
        unable to resolve host address
        NameResolutionError
        Name resolution failed
        php_network_getaddresses
    """, any_level=True, any_case=True),
    R("DNS_FAILURE", 0.94, r"""
        Failed to resolve <q>(?P<subject>[^'"]+)<q>
        UnknownHostException: (?P<subject>[^\s:]+)
        UnknownHostException
        host not found in upstream "(?P<subject>[^"]+)"
        could not be resolved \(\d:[ ]
        Unknown MySQL server host <q>(?P<subject>[^'"]+)
        unknown host
        \bNXDOMAIN\b
        ERR_NAME_NOT_RESOLVED
        DNS resolution failed
        Unable to resolve host <q>?(?P<subject>[^'"\s:]+)
        failed to resolve reference.*no such host
        resolve hostname.*failed
        SocketError: (?:Failed to open TCP connection to (?P<subject>\S+) \()?getaddrinfo
        unable to resolve sentinel
        No such host is known
    """, any_level=True),
    R("SERVICE_UNREACHABLE", 0.96, r"""
        Cannot connect to (?P<subject>(?:amqp|redis|pyamqp|rediss|sqs|memcached)\S*):[ ]
        consumer: Cannot connect to
        Cannot connect to the Docker daemon(?: at (?P<subject>\S+?)\.)?
        error during connect:[ ]
        The connection to the server (?P<subject>\S+) was refused
        Unable to connect to the server: dial tcp
        couldn't get current server API group list
    """, unless=r"no such host|i/o timeout|x509"),
    R("SERVICE_UNREACHABLE", 0.95, r"""
        Error 111 connecting to (?P<subject>\S+:\d+)
        Could not connect to Redis at (?P<subject>\S+):[ ]
        redis\.exceptions\.ConnectionError: (?:Error \d+ connecting|Connection)
        kombu\.exceptions\.OperationalError
        Redis connection to (?P<subject>\S+) failed
        Unable to connect to Redis
        RedisConnectionException
        JedisConnectionException
        MaxRetriesPerRequestError
        Redis::CannotConnectError
        RedisConnectionFailureException
    """, unless=r"(?i)name or service|name resolution|timed out|timeout|WRONGPASS|NOAUTH|certificate|AUTH"),
    R("SERVICE_UNREACHABLE", 0.92, r"""
        AMQPConnectionError
        AmqpConnectException
        AMQP connection .*refused
        KafkaError
        NoBrokersAvailable
        Connection to node -?\d+ .* could not be established
        Broker may not be available
        All brokers (?:are )?down
        kafka.*Connection refused
        Elasticsearch.*(?:ConnectionError|ECONNREFUSED)
        NoNodeAvailableException
        No Living connections
        MemcachedException
        memcache.*refused
        rabbitmq.*refused
        nats: no servers available
    """),
    R("SERVICE_UNREACHABLE", 0.88, r"""
        ECONNREFUSED(?: (?P<subject>\S+:\d+))?
    """, unless=r"(?i)<dbport>|mongo|postgres|mysql|sequelize"),
    R("SERVICE_UNREACHABLE", 0.9, r"""
        dial (?:tcp|unix) (?P<subject>\S+): connect: connection refused
        dial (?:tcp|unix) (?P<subject>\S+): connect: no route to host
        dial (?:tcp|unix) (?P<subject>\S+): connect: network is unreachable
        dial (?:tcp|unix) (?P<subject>\S+): connect: no such file
    """, unless=r"<dbport>|probe failed|caused by|http\.log\.error|proxy:error"),
    R("SERVICE_UNREACHABLE", 0.88, r"""
        Failed to connect to (?P<subject>\S+ port \d+)[^:]*: Connection refused
        Failed to connect to (?P<subject>\S+ port \d+)[^:]*: Could not connect
        Failed to connect to (?P<subject>\S+ port \d+)[^:]*: Couldn't connect
        Failed to connect to (?P<subject>\S+ port \d+)[^:]*: No route
        curl: \(7\)
        Failed to establish a new connection: \[Errno 1(?:11|13)\]
        ConnectionRefusedError
        URLError: <urlopen error \[Errno 111\]
        Cannot connect to host (?P<subject>\S+)
        All connection attempts failed
        NewConnectionError
        ConnectError:[ ]
        connect to (?P<subject>\S+ port \d+): Connection refused
    """, unless=r"(?i)<dbport>|name or service|name resolution|timed out|ssl|certificate|getaddrinfo"),
    R("SERVICE_UNREACHABLE", 0.75, r"""
        ConnectException\b.*(?:[Cc]onnection refused|Connect to (?P<subject>\S+))
        HttpHostConnectException\b.*(?:[Cc]onnection refused|Connect to (?P<subject>\S+))
        ConnectionRefused\w*\b.*(?:[Cc]onnection refused|Connect to (?P<subject>\S+))
        I/O error on (?:GET|POST) request for "(?P<subject>[^"]+)": Connection refused
        Retry failed to connect
        Errno::ECONNREFUSED
        (?:Connection refused|connection refused)
    """,
        unless=r"(?i)<dbport>|postgres|mysql|mariadb|\bdatabase\b|while connecting to upstream|"
        r"Bad Gateway|proxy:error|http\.log\.error|jdbc|"
        r"ECONNREFUSED .*:\d|probe failed|server at \""),
    R("SERVICE_UNREACHABLE", 0.65, r"""
        (?:No route to host|Network is unreachable|EHOSTUNREACH|ENETUNREACH|host is unreachable)
        \bUNAVAILABLE:[ ]
        failed to connect to all addresses
        ERR_CONNECTION_REFUSED
        ECONNRESET
        socket hang up
        Connection reset by peer
        RemoteDisconnected
        ProtocolError\('Connection aborted
    """, any_case=True, unless=r"from client|<dbport>"),
    R("NETWORK_TIMEOUT", 0.92, r"""
        could not be cloned: (?P<subject>git took too long|The git server did not answer in time)
        ReadTimeout(?:Error)?
        ConnectTimeout(?:Error)?
        Read timed out
        ReadTimeoutException
        SocketTimeoutException
        ConnectTimeoutException
        TimeoutException
        HTTPSConnectionPool\(host='(?P<subject>[^']+)'.*(?:[Tt]imed? ?out)
        urllib3\.exceptions\.\w*Timeout\w*
    """, unless=r"(?i)jdbc|hikari|Rack::Timeout|TimeoutException: null$|QueuePool|connection pool"),
    R("NETWORK_TIMEOUT", 0.93, r"""
        \b(?:ETIMEDOUT|ESOCKETTIMEDOUT)\b(?: (?P<subject>\S+:\d+))?
        UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT
        Connect Timeout Error
        HeadersTimeoutError
        ERR_SOCKET_TIMEOUT
        timeout of (?P<subject>\d+ms) exceeded
        network timeout at
        ERR_CONNECTION_TIMED_OUT
        FetchError: network timeout
    """, unless=r"<dbport>|^\s+\d\) |For async tests"),
    R("NETWORK_TIMEOUT", 0.9, r"""
        context deadline exceeded(?: \(Client\.Timeout| while)?
        Client\.Timeout exceeded
        i/o timeout
        net/http: (?:TLS handshake timeout|request canceled|timeout awaiting response headers)
        DEADLINE_EXCEEDED
        Deadline Exceeded
        DeadlineExceeded\b
    """, unless=r"<dbport>|probe|lookup |Job was active|while running job|is no longer available|health check"),
    R("NETWORK_TIMEOUT", 0.85, r"""
        curl: \(28\)
        Operation timed out after
        Failed to connect to (?P<subject>\S+ port \d+)[^:]*: (?:Connection timed out|Timed out|Timeout)
        Operation timed out
        Connection timed out
        connection timed out
        ConnectionTimeoutError
        TimeoutError: \[Errno 110\]
        timed out waiting for (?:a )?response
        request timed out
        Request timed out
        APITimeoutError
        Net::(?:Read|Open)Timeout
        execution expired
        read operation timed out
        The read operation timed out
        handshake operation timed out
        upstream request timeout
        ssh: connect to host (?P<subject>\S+) port \d+: Connection timed out
        socket\.timeout
        Timeout while (?:reading|connecting)
        Timeout was reached
        Timeout (?:connecting|reading|waiting)
        Gateway Time-?out calling
        timed out after \d+ ?(?:s|ms|seconds|milliseconds)\b
        The operation timed out
        The request timed out
        TaskCanceledException: The request was canceled due to the configured HttpClient\.Timeout
    """,
        unless=r"(?i)while (?:connecting to|reading .*) upstream|<dbport>|hikari|pool|probe|postgres|"
        r"mysql|database|test timed out|health|port scan|resolving timed out|start operation|"
        r"condition"),
    R("NETWORK_TIMEOUT", 0.75, r"""
        <edge>(?:asyncio\.|concurrent\.futures\.)?TimeoutError\b
    """, needs="traceback", unless=r"(?i)QueuePool|database"),
    R("UPSTREAM_5XX", 0.93, r"""
        while connecting to upstream
        while reading response header from upstream
        while reading upstream
        while SSL handshaking to upstream
        while sending request to upstream
        no live upstreams
        upstream prematurely closed
        upstream sent too big header
        upstream timed out
    """, any_level=True),
    R("UPSTREAM_5XX", 0.88, r"""
        HTTP/[\d.]+" 50[234] \d
    """, any_level=True, unless=r"(?i)kube-probe|healthz|readyz|livez|ELB-HealthChecker|GoogleHC|/health|/ready"),
    R("UPSTREAM_5XX", 0.85, r"""
        \b50[234] (?:Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out)
        Bad Gateway\b
        HTTP/[\d.]+ 50[234]\b
        HTTP Error 50[234]
        50[234] Server Error
        returned error: 50[234]
        (?:status|code|statusCode|status_code|Status)["':= ]+50[234]\b
        \bE50[234]\b
        unexpected status code 50[234]
        HTTP (?:code )?50[234]\b
    """, unless=r"(?i)probe failed|health|kube-probe|retrying|\" 50[234] \d"),
    R("UPSTREAM_5XX", 0.9, r"""
        upstream connect error or disconnect/reset
        upstream_reset
        no healthy upstream
        \bH1[23][ ]
        at=error code=H(?:10|12|13|14|18|20|27|99)\b
        has no server available
        <NOSRV>
        [ ]s[CH]--[ ]
        \bSC--[ ]
        \bsH--[ ]
        proxy: error connecting
        proxy_fcgi:error
        AH0111[14]
        AH00898
        AH01102
        AH01079
        http: proxy error:[ ]
        reverse proxy.*(?:dial|refused)
        error reading from remote server
        "logger":"http\.log\.error"
        backend connection failed
        Error 503 Backend fetch failed
        \bProxyError\b.*50[234]
    """, any_level=True),
    R("UPSTREAM_5XX", 0.9, r"""
        Server \S+ is DOWN, reason:[ ]
        backend <q>?(?P<subject>\S+?)<q>? has no server
    """, any_level=True),
    R("UPSTREAM_5XX", 0.92, r"""
        \[proxy:error\]
        AH0095\d
        AH01114
    """, any_level=True),
)
