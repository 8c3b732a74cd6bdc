"""Rows for settings that are missing, malformed or wrong."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("CONFIG_ERROR", 0.95, r"""
        ImproperlyConfigured: (?P<subject>[^\n]{1,160})
        CommandError: You must set settings\.ALLOWED_HOSTS
        Invalid HTTP_HOST header: <q>(?P<subject>[^'"]+)
        DisallowedHost
        The SECRET_KEY setting must not be empty
    """),
    R("CONFIG_ERROR", 0.9, r"""
        KeyError: <q>(?P<subject>[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{5,})<q>
        ArgumentError: key not found: "(?P<subject>[A-Z0-9_]+)"
        key not found: "(?P<subject>[A-Z0-9_]{3,})" \(KeyError\)
    """),
    R("CONFIG_ERROR", 0.92, r"""
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}not set
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}not defined
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}missing
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}is required
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}must be (?:set|defined|provided)
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}undefined
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}is empty
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}not found
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}unset
        environment variables? <q>?(?P<subject>[A-Z_0-9]{3,})?<q>?.{0,60}cannot be empty
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) var
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) key
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) value
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) setting
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) option
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) propert
        (?:missing|undefined|invalid) (?:required )?(?:environment|env|config\w*) parameter
    """, any_case=True, unless=r"(?i)defaulting|using default|variable is not set\. Defaulting|ignor"),
    R("CONFIG_ERROR", 0.9, r"""
        (?P<subject><env>)<q>? (?:is |was |has |must )?<absent>
        (?P<subject><env>)<q>? environment variable (?:is |was |has |must )?<absent>
        (?P<subject><env>)<q>? env var (?:is |was |has |must )?<absent>
        (?P<subject><env>)<q>? setting (?:is |was |has |must )?<absent>
        (?P<subject><env>)<q>? variable (?:is |was |has |must )?<absent>
    """, unless=r"(?i)defaulting|using default|warning|deprecat|recommended|ignor"),
    R("CONFIG_ERROR", 0.9, r"""
        (?P<subject>\w+): (?:unbound variable|parameter (?:not set|null or not set))
        parameter null or not set
        : line \d+: (?P<subject>\w+): (?:must be set|is not set|\S+ (?:is required|must be set))
    """),
    R("CONFIG_ERROR", 0.92, r"""
        database <q>(?P<subject>[^'"\\]+)\\?<q> does not exist
        Unknown database <q>(?P<subject>[^'"]+)
        ER_BAD_DB_ERROR
        ERROR 1049
        \bP1003\b
        \bP1012\b
        \bP1013\b
        InvalidCatalogName
        Could not parse (?:rfc1738|SQLAlchemy) URL
        invalid (?:connection|dsn|database)[ -_]?(?:string|url|dsn|option)
        invalid URI query parameter
        missing "=" after
        Invalid URL: No scheme
        MongoParseError
        No support for <q>[^'"]*<q>\.[ ]
        Port could not be cast to integer
        invalid port number
        invalid integer value
    """),
    R("CONFIG_ERROR", 0.9, r"""
        nginx: \[emerg\]
        nginx: configuration file \S+ test failed
        \[emerg\] .*unknown directive
        \[emerg\] .*invalid
        \[emerg\] .*unexpected
        \[emerg\] .*directive is not allowed
        \[emerg\] .*duplicate
        \[emerg\] .*no "\S+" directive
        \[emerg\] .*cannot load
        \[emerg\] .*open\(\)
        AH00526: Syntax error
        Invalid command <q>(?P<subject>[^'"]+)<q>, perhaps misspelled
        unknown (?:configuration )?(?:directive|parameter|option|keyword|variable)
        \[ALERT\].*(?:parsing|config)
        Fatal errors found in configuration
        FATAL CONFIG FILE ERROR
        Bad directive or wrong number of arguments
        unrecognized configuration parameter
        invalid value for parameter
        configuration file .* contains errors
        haproxy.*config.*error
    """, any_case=True,
        unless=r"(?i)address already in use|permission denied|host not found|certificate|bind\(\)|"
        r"Address in use|No space left"),
    R("CONFIG_ERROR", 0.92, r"""
        yaml\.(?:scanner|parser|composer|constructor|reader)\.\w+Error
        ScannerError
        ParserError: while parsing
        YAMLException
        YAMLParseException
        YAMLSyntaxError
        error (?:parsing|converting) YAML
        mapping values are not allowed
        did not find expected
        found character that cannot start
        could not find expected <q>:<q>
        yaml: (?:line \d+: |unmarshal errors)(?P<subject>[^\n]+)?
        could not parse .*\.ya?ml
        Invalid workflow file
        jobs:\S+ config.*invalid
        This GitLab CI configuration is invalid
        undefined method .* YAML
    """),
    R("CONFIG_ERROR", 0.85, r"""
        JSONDecodeError: (?P<subject>[^\n]+)
        Unexpected (?:token .* in JSON|end of JSON input|non-whitespace character after JSON)
        is not valid JSON
        EJSONPARSE
        invalid character .* looking for
        TOMLDecodeError
        tomllib\.
        Invalid TOML
        toml:[ ]
        configparser\.\w+Error
        failed to parse (?:config|manifest|toml)
        expected .*, found .* at line
        unable to parse \S*(?:config|\.json|\.toml|\.ya?ml|\.ini|\.env)
        error parsing (?:config|\S+\.(?:json|toml|ya?ml|ini|conf))
        error loading config
        [Ii]nvalid config(?:uration)?\b
        \bconfig(?:uration)? (?:file )?<q>?(?P<subject>\S*)<q>? not found
        \bconfig(?:uration)? (?:file )?<q>?(?P<subject>\S*)<q>? does not exist
        \bconfig(?:uration)? (?:file )?<q>?(?P<subject>\S*)<q>? is invalid
        \bconfig(?:uration)? (?:file )?<q>?(?P<subject>\S*)<q>? missing
        [Cc]onfiguration error
        ConfigurationError
        ConfigError
        Failed to load config
        Cannot find (?:config|configuration)
        Missing config
        ValidationError: .*(?:Settings|Config)
        validation errors? for (?P<subject>\w*(?:Settings|Config)\w*)
        Configuration (?:validation|property) .*(?:failed|required)
        zod.*env
        Invalid environment variables
    """),
    R("CONFIG_ERROR", 0.85, r"""
        Could not resolve placeholder <q>(?P<subject>[^'"]+)
        Failed to configure a DataSource
        Failed to determine a suitable driver class
        Failed to bind properties under <q>(?P<subject>[^'"]+)
        BeanDefinitionStoreException
        InvalidConfigDataPropertyException
        ConfigDataResourceNotFoundException
        IllegalArgumentException: Could not resolve
        Driver \S+ claims to not accept jdbcUrl
    """, unless=r"(?i)port"),
    R("CONFIG_ERROR", 0.85, r"""
        fatal: repository <q>(?P<subject>[^'"]+)<q> (?:not found|does not exist)
        <q>(?P<subject>[^'"]+)<q> does not appear to be a git repository
        does not appear to be a git repository
        The git server knows no such repository
        The service has no repository address to clone
    """, about="repository"),
    R("CONFIG_ERROR", 0.85, r"""
        Remote branch (?P<subject>\S+) not found in upstream
        couldn't find remote ref (?P<subject>\S+)
        pathspec <q>(?P<subject>[^'"]+)<q> did not match
        The repository has no such branch
        Commit (?P<subject>[0-9a-f]{4,40}) is not among the newest
    """, about="branch"),
    R("CONFIG_ERROR", 0.85, r"""
        fatal: not a git repository
        fatal: invalid refspec
        No such (?:option|command)
        unrecognized arguments: (?P<subject>[^\n]+)
        unrecognized option
        [Uu]nknown (?:option|flag|command|argument)[: ]
        flag provided but not defined: (?P<subject>\S+)
        invalid option
        Missing script: "?(?P<subject>[^"\n]+)
        npm (?:ERR!|error) Missing script
        No such file or directory: <q>[^'"]*(?:\.ya?ml|\.toml|\.json|\.ini|\.cfg|\.conf|\.env|config\S*)
        open (?P<subject>\S+\.(?:ya?ml|toml|json|ini|conf|env)): no such file
        ENOENT.*(?P<subject>package\.json|\S+\.(?:ya?ml|toml|json|env))
        Could not read package\.json
        no Procfile
        No default language could be detected
        Could not locate Gemfile
        Could not (?:import|find) (?:settings|the WSGI)
        Failed to find attribute <q>(?P<subject>[^'"]+)
        Error loading ASGI app
        Failed to parse <q>[^'"]+<q> as an attribute
        Error: Could not locate a Flask application
        No such (?:app|application)
        Unable to load celery application
        Unrecognized key
        The module (?P<subject>\S+) was not found
        (?:No|Missing) (?:start command|build command|start script)
        not find a start command
        secret_key_base.*(?:missing|blank|empty)
        Missing `secret_key_base`
        Missing encryption key
        MissingAppKeyException
        No application encryption key
        dotenv.*(?:not found|failed)
        Malformed
        Error: invalid (?:argument|value)
        invalid value .* for
    """),
    R("CONFIG_ERROR", 0.85, r"""
        SystemCheckError:[ ]
        \(?models\.[EF]\d{3}\)?
        \(?admin\.[EF]\d{3}\)?
        \(?auth\.[EF]\d{3}\)?
        \(?fields\.[EF]\d{3}\)?
        \(?urls\.[EF]\d{3}\)?
        \(?staticfiles\.[EF]\d{3}\)?
        \(?templates\.[EF]\d{3}\)?
        \(?security\.[EF]\d{3}\)?
        \(?caches\.[EF]\d{3}\)?
        \(?database\.[EF]\d{3}\)?
        \(?translation\.[EF]\d{3}\)?
        RuntimeError: Model class \S+ doesn't declare an explicit app_label
        <q>(?P<subject>\w+)<q> is not a registered namespace
        AppRegistryNotReady
        LookupError: No installed app with label
        InvalidBackendError
        The STATICFILES_DIRS setting
        Setting (?P<subject>[A-Z_]{3,}) (?:is|must)\b
        You're using the staticfiles app without having set the STATIC_ROOT
    """),
    R("CONFIG_ERROR", 0.62, r"""
        APPLICATION FAILED TO START
    """),
    R("CONFIG_ERROR", 0.9, r"""
        workflow (?:file )?is (?:not valid|invalid)
        Unexpected value <q>(?P<subject>[^'"]+)<q>$
    """, any_case=True),
    R("CONFIG_ERROR", 0.9, r"""
        ActiveRecord::NoDatabaseError
        could not find your database: (?P<subject>\w+)
        must specify (?P<subject><env>)
        password is not specified
    """),
    R("CONFIG_ERROR", 0.88, r"""
        missing (?:required |mandatory )?(?:configuration|config\b|setting|secret)
        missing (?:required |mandatory )?(?:environment variable|env var|API key)
    """, any_case=True, unless=r"(?i)optional|default|0 missing|no missing"),
)
