"""Rows for what is refused on purpose: certificates, rates, credentials."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("TLS_ERROR", 0.96, r"""
        CERTIFICATE_VERIFY_FAILED\]? ?(?:certificate verify failed: (?P<subject>[^(\n]+))?
        certificate verify failed
    """, any_level=True),
    R("TLS_ERROR", 0.96, r"""
        SSL certificate problem: (?P<subject>[^\n]+)
        curl: \((?:35|51|58|60)\)
        server certificate verification failed
        SSL: no alternative certificate subject name
        no alternative certificate subject name matches
    """, any_level=True),
    R("TLS_ERROR", 0.95, r"""
        x509: (?P<subject>[^\n]+)
        tls: (?P<subject>failed to verify certificate)
        tls: (?P<subject>first record does not look like a TLS handshake)
        tls: (?P<subject>handshake failure)
        tls: (?P<subject>bad certificate)
        tls: (?P<subject>unknown certificate authority)
        tls: (?P<subject>protocol version not supported)
        tls: (?P<subject>unrecognized name)
        remote error: tls:[ ]
        http: server gave HTTP response to HTTPS client
        TLS handshake error
    """, any_level=True),
    R("TLS_ERROR", 0.94, r"""
        SSLHandshakeException
        SSLPeerUnverifiedException
        PKIX path (?:building|validation) failed
        CertificateExpiredException
        SSLException:[ ]
        unable to find valid certification path
        javax\.net\.ssl\.
    """),
    R("TLS_ERROR", 0.94, r"""
        \b(?P<subject>CERT_HAS_EXPIRED)\b
        \b(?P<subject>DEPTH_ZERO_SELF_SIGNED_CERT)\b
        \b(?P<subject>SELF_SIGNED_CERT_IN_CHAIN)\b
        \b(?P<subject>UNABLE_TO_VERIFY_LEAF_SIGNATURE)\b
        \b(?P<subject>UNABLE_TO_GET_ISSUER_CERT\w*)\b
        \b(?P<subject>ERR_TLS_CERT_ALTNAME_INVALID)\b
        \b(?P<subject>ERR_SSL_\w+)\b
        \b(?P<subject>EPROTO)\b
        \b(?P<subject>CERT_NOT_YET_VALID)\b
        self[- ]signed certificate
        certificate has expired
        unable to verify the first certificate
        Hostname/IP does not match certificate
        unable to get local issuer certificate
        certificate is not yet valid
    """, any_level=True, unless=r"(?i)generat|creat"),
    R("TLS_ERROR", 0.92, r"""
        \[SSL: (?P<subject>[A-Z0-9_]+)\]
        ssl\.SSL\w*Error
        SSLError\(
        SSL routines:[\w:]*:
        SSL_do_handshake\(\) failed
        SSL_connect returned=
        OpenSSL::SSL::SSLError
        wrong version number
        ssl3_get_record
        sslv3 alert
        tlsv1 alert
        unknown ca\b
        unknown protocol
        gnutls_handshake\(\) failed
        TLS handshake failed
        SSL handshake failed
        http request was sent to HTTPS port
        plain HTTP request was sent
        invalid peer certificate
        Peer certificate cannot be authenticated
        cannot load certificate
        certificate (?:signed by unknown|verification)[ ]
        certificate is valid for
        The SSL connection could not be established
        AuthenticationException: The remote certificate
        SSL error with certificate
        X509:[ ]
    """, any_level=True),
    R("RATE_LIMITED", 0.96, r"""
        \btoomanyrequests\b
        You have reached your (?:unauthenticated )?pull rate limit
        \b429\b.{0,20}too many requests
        too many requests.{0,20}\b429\b
    """, any_level=True, any_case=True),
    R("RATE_LIMITED", 0.9, r"""
        (?:status(?: code|Code|=|:)?|HTTP(?:/[\d.]+)?|code|error|ERR!|response|E)[ "':=]+429\b
        " 429 \d
        HTTP Error 429
        \b429 Client Error
    """),
    R("RATE_LIMITED", 0.92, r"""
        \brate[- _]?limit(?:ed)?[- _]?(?:exceeded|reached|error|hit)
        exceeded .{0,40}rate limit
        \brate ?limit(?:ed)? (?:for|by)\b
        RateLimitError
        ratelimitexceeded
        ThrottlingException
        ThrottledException
        \brequest was throttled
        throttl(?:ed|ing):
        \bRESOURCE_EXHAUSTED\b
        insufficient_quota
        exceeded your current quota
        quota (?:has been )?exceeded
        QuotaExceeded
        API rate limit
        SlowDown\b
        LimitExceededException
        TooManyRequests(?:Exception|Error)?
        limiting requests, excess: (?P<subject>[\d.]+ by zone \S+)
        Too many (?:certificates|new orders|failed authorizations)
    """, any_case=True, unless=r"(?i)forbidden: exceeded quota|ResourceQuota|disk quota|memory quota"),
    R("RATE_LIMITED", 0.88, r"""
        \btoo many requests\b
    """, any_case=True),
    R("AUTH_FAILED", 0.96, r"""
        password authentication failed for user <q>(?P<subject>[^'"\\]+)
        no pg_hba\.conf entry for (?P<subject>[^\n]+)
        fe_sendauth: no password supplied
        Peer authentication failed for user <q>(?P<subject>[^'"]+)
        role <q>(?P<subject>[^'"]+)<q> (?:does not exist|is not permitted to log in)
        SCRAM authentication
        Ident authentication failed
    """, any_level=True),
    R("AUTH_FAILED", 0.95, r"""
        Access denied for user (?P<subject><q>[^'"]*<q>@<q>[^'"]*<q>)
        ER_ACCESS_DENIED_ERROR
        ERROR 1045
        ERROR 1044
        \bP1000\b
        command denied to user
        permission denied for table (?P<subject>\S+)
        permission denied for schema (?P<subject>\S+)
        permission denied for database (?P<subject>\S+)
        permission denied for relation (?P<subject>\S+)
        permission denied for sequence (?P<subject>\S+)
        permission denied for view (?P<subject>\S+)
        permission denied for function (?P<subject>\S+)
        permission denied for language (?P<subject>\S+)
        must be owner of
        must be superuser
        InsufficientPrivilege
        bad auth : authentication failed
        MongoServerError: Authentication failed
        not authorized on \S+ to execute
        requires authentication
        ORA-01017
        Login failed for user <q>(?P<subject>[^'"]+)
    """),
    R("AUTH_FAILED", 0.94, r"""
        \bWRONGPASS\b
        \bNOAUTH\b
        invalid username-password pair
        \bNOPERM\b
        ERR invalid password
        invalid password
        ACCESS_REFUSED
        AuthenticationError:[ ]
        SASL authentication failed
        SaslAuthenticationException
        NOT_AUTHORIZED
    """),
    R("AUTH_FAILED", 0.93, r"""
        fatal: Authentication failed for <q>?(?P<subject>[^'"\s]+)
        Permission denied \((?P<subject>publickey[^)]*|password[^)]*|keyboard[^)]*)\)
        could not read (?:Username|Password) for
        Invalid username or (?:password|token)
        remote: Permission to \S+ denied
        remote: HTTP Basic: Access denied
        remote: Invalid credentials
        remote: Support for password authentication was removed
        remote: You are not allowed
        The requested URL returned error: 40[13]
        Host key verification failed
        protected branch hook declined
        GH006: Protected branch
        deploy key.*read.only
        invalid credentials
        The git server refuses
        The git server asks for a token
    """, any_level=True),
    R("AUTH_FAILED", 0.93, r"""
        Repository not found
    """, any_level=True, about="repository"),
    R("AUTH_FAILED", 0.88, r"""
        status(?: code|Code|=|:)?[ "':=]+40[13]\b
        HTTP(?:/[\d.]+)?[ "':=]+40[13]\b
        code[ "':=]+40[13]\b
        error[ "':=]+40[13]\b
        ERR![ "':=]+40[13]\b
        Error:[ "':=]+40[13]\b
        response[ "':=]+40[13]\b
        E[ "':=]+40[13]\b
        returned[ "':=]+40[13]\b
        \bE40[13]\b
        40[13] Client Error
        HTTP Error 40[13]
        \b401 Unauthorized\b
        \b403 Forbidden\b
        unexpected status(?: code)?(?: from \S+ request to \S+)?:? 40[13]
        HTTPError: 40[13]
    """, unless=r"HTTP/[\d.]+\" 40[13]|curl.*-w"),
    R("AUTH_FAILED", 0.85, r"""
        \bunauthorized: (?:authentication required|access|incorrect)
        denied: (?:requested access|permission|access|installation|user)
        authentication (?:failed|required|error)\b
        insufficient_scope
        invalid_grant
        invalid_client
        access[_ ]?denied\b
        AccessDenied(?:Exception)?
        InvalidAccessKeyId
        SignatureDoesNotMatch
        ExpiredToken
        UnrecognizedClientException
        InvalidClientTokenId
        The security token included
        invalid api key
        incorrect api key
        invalid[ _]token
        token (?:has )?expired
        jwt expired
        TokenExpiredError
        bad credentials
        ENEEDAUTH
        need auth
        You must be logged in
        login required
        is forbidden: User <q>(?P<subject>[^'"]+)
        cannot (?:get|list|create|update|patch|delete|watch) resource
        Unable to locate credentials
        NoCredentialProviders
        could not find default credentials
        No valid credential sources
        PERMISSION_DENIED:
        AuthorizationFailed
        Missing or insufficient permissions
        does not have (?:permission|access)
        not authorized to perform
        \bForbidden\b:[ ]
        Unauthenticated\b
        UNAUTHENTICATED
    """, any_case=True, unless=r"(?i)Access denied for user|pull access denied|java\.nio|acquiring|test_|"
        r"denied by modsec"),
)
