"""The failure classes: what each means, what to do next, and which stands nearer to the root.

The order is the order of causes: where a log shows several, the one further up is the reason for those below.
"""

from intelligence.rules.types import FailureClass

# fmt: off
CLASSES: tuple[FailureClass, ...] = (
    FailureClass("OOM_KILLED", "runtime",
        "{subject} was killed because memory ran out.",
        "A process was killed because memory ran out.", (
            "Compare the memory limit with what the process really uses, and raise the limit or lower the use.",
            "Look for growth before the kill: a leak, a large batch, too many workers.",
            "Fewer workers or smaller batches help at once.",
        )),
    FailureClass("DISK_FULL", "resource",
        "No space is left on the filesystem: {subject}.",
        "No space is left on a filesystem.", (
            "Free space: old images, build caches, logs, temporary files (`df -h`, `df -i`).",
            "Give the volume more room, and rotate what grows.",
            "Run the failed step again.",
        )),
    FailureClass("HEAP_EXHAUSTED", "runtime",
        "The program reached its own memory limit: {subject}.",
        "The program reached its own memory limit.", (
            "Raise the program's limit (-Xmx, --max-old-space-size, memory_limit) within what the container has.",
            "Take a heap dump or profile to see what holds the memory.",
            "Work on less data at a time.",
        )),
    FailureClass("RESOURCE_LIMIT", "resource",
        "A limit is used up: {subject}.",
        "A limit of the system or a store is used up.", (
            "Raise the limit that the line names (open files, processes, clients, maxmemory, quota).",
            "Look for what is not given back: connections, threads, files, keys without expiry.",
        )),
    FailureClass("SCHEDULING_FAILED", "platform",
        "The cluster finds no node for the workload: {subject}.",
        "The cluster finds no node for the workload.", (
            "Compare requests with what the nodes have free (`kubectl describe nodes`).",
            "Lower the requests, add nodes, or correct node selector, affinity, tolerations or volume claims.",
        )),
    FailureClass("TLS_ERROR", "network",
        "The TLS connection failed: {subject}.",
        "A TLS handshake or certificate check failed.", (
            "Look at the certificate that is served: dates, names, chain (`openssl s_client -connect host:port`).",
            "Renew it, or add the missing authority to the trust store; don't switch the check off.",
            "Check that the address speaks TLS at that port, and the machine's clock.",
        )),
    FailureClass("DNS_FAILURE", "network",
        "The host name {subject} does not resolve.",
        "A host name does not resolve.", (
            "Check the spelling of the host name in the configuration.",
            "Resolve it from where the program runs (`getent hosts NAME`); check resolver and service name.",
        )),
    FailureClass("RATE_LIMITED", "network",
        "Requests are rejected because there were too many: {subject}.",
        "Requests are rejected because there were too many.", (
            "Wait as long as the answer says, and slow down: back-off, fewer parallel calls, a cache.",
            "Sign in, or ask for a higher quota.",
        )),
    FailureClass("PORT_IN_USE", "resource",
        "The address {subject} is already taken.",
        "The listen address is already taken.", (
            "Find who listens there (`ss -ltnp`) and stop it, or choose another port.",
            "Make sure that the old process ends before the new one starts.",
        )),
    FailureClass("DB_TOO_MANY_CONNECTIONS", "database",
        "The database's connection limit is used up: {subject}.",
        "The database's connection limit is used up.", (
            "Count connections by client, close idle ones, and look for leaks.",
            "Make the pools smaller than the server's limit together, or put a pooler in front.",
            "Raise the server's limit only if it has the memory.",
        )),
    FailureClass("DB_DEADLOCK", "database",
        "The database found a deadlock and aborted a transaction: {subject}.",
        "The database found a deadlock and aborted a transaction.", (
            "Lock rows in the same order everywhere, and keep transactions short.",
            "Retry the aborted transaction.",
        )),
    FailureClass("AUTH_FAILED", "network",
        "Credentials or rights were rejected: {subject}.",
        "Credentials or rights were rejected.", (
            "Check user, password or token, and that this environment has the current one.",
            "Check that the account has the right to do this; renew what has expired.",
        )),
    FailureClass("DB_MIGRATION_FAILED", "database",
        "The schema and the code do not fit: {subject}.",
        "A schema migration failed, or the schema is behind the code.", (
            "Run the pending migrations before the new code starts.",
            "If one failed half-way, look at what it has done already, repair it, and run it again.",
        )),
    FailureClass("PERMISSION_DENIED", "resource",
        "The operating system refuses access to {subject}.",
        "The operating system refuses access to a file, directory or port.", (
            "Check owner and mode of the path, and the user that the process runs as.",
            "For a port below 1024 use a higher port or the capability for it.",
        )),
    FailureClass("MISSING_MODULE", "build",
        "The module {subject} is missing.",
        "A module or library is missing.", (
            "Add it to the declared dependencies and install again.",
            "If it is declared, check that the install step ran in the environment that is started.",
            "If it is your own, check spelling, path and that it was copied into the image.",
        )),
    FailureClass("COMPILE_ERROR", "build",
        "The source does not compile: {subject}.",
        "The source does not compile.", (
            "Correct the source at the place that is named first; later errors often follow from it.",
            "Check that the compiler's or interpreter's version is the one that the code is written for.",
        )),
    FailureClass("CONFIG_ERROR", "build",
        "A setting is missing or wrong: {subject}.",
        "A setting is missing or wrong.", (
            "Set or correct it in this environment, and start again.",
            "Compare with an environment in which it works, and check names and spelling.",
        )),
    FailureClass("DB_QUERY_TIMEOUT", "database",
        "A statement or lock wait ran past its limit: {subject}.",
        "A statement or lock wait ran past its limit.", (
            "Find the statement and look at its plan; add an index or do less at once.",
            "Look for the transaction that holds the lock.",
        )),
    FailureClass("DB_CONNECTION_REFUSED", "database",
        "The database cannot be reached at {subject}.",
        "The database cannot be reached at its address.", (
            "Check that the database runs, and host and port in the configuration.",
            "Wait for the database before the application starts; check network rules.",
        )),
    FailureClass("DB_CONNECTION_TIMEOUT", "database",
        "Connecting to the database took too long: {subject}.",
        "Connecting to the database, or getting a pooled connection, took too long.", (
            "Check that the database answers from where the program runs (network rules, load).",
            "Look for connections that are not given back to the pool; make pool and limit fit.",
        )),
    FailureClass("SERVICE_UNREACHABLE", "network",
        "A needed service refuses the connection: {subject}.",
        "A needed service refuses the connection.", (
            "Check that the service runs and listens at that address.",
            "Check host, port and network rules; start it before what needs it.",
        )),
    FailureClass("NETWORK_TIMEOUT", "network",
        "A call got no answer in time: {subject}.",
        "A call got no answer in time.", (
            "Check that the other side is up and reachable from here.",
            "Look at its load, and retry with back-off; raise the limit only if the call is rightly slow.",
        )),
    FailureClass("IMAGE_PULL_FAILED", "platform",
        "The image {subject} cannot be fetched.",
        "A container image cannot be fetched.", (
            "Check name and tag, and that the image was pushed.",
            "Check the pull secret and that the registry can be reached.",
        )),
    FailureClass("DEPENDENCY_FAILED", "build",
        "Packages cannot be installed: {subject}.",
        "Packages cannot be installed.", (
            "Correct the version that is named, or make the constraints fit together.",
            "Bring the lock file up to date with the manifest and commit both.",
            "Check that the package exists for this language version and platform.",
        )),
    FailureClass("EXEC_FAILED", "runtime",
        "The command {subject} could not be started.",
        "The command could not be started.", (
            "Check spelling, path and that the program is installed in the image.",
            "Check the executable bit, line endings and first line of a script, and the platform of a binary.",
        )),
    FailureClass("PROCESS_CRASH", "runtime",
        "{subject} died by a signal.",
        "A process died by a signal.", (
            "Look for a core dump or stack trace, and at native libraries that changed.",
            "If it was SIGKILL, check memory and who may have stopped it.",
        )),
    FailureClass("WORKER_TIMEOUT", "runtime",
        "A worker ran past its time limit and was stopped: {subject}.",
        "A worker ran past its time limit and was stopped.", (
            "Find what the worker waited for; move long work to the background.",
            "Raise the limit only if the work is rightly slow.",
        )),
    FailureClass("TEST_FAILURE", "build",
        "Tests fail: {subject}.",
        "Tests fail.", (
            "Run the named test alone and look at its assertion.",
            "Decide whether the code or the expectation is wrong; look at what changed last.",
        )),
    FailureClass("LINT_FAILURE", "build",
        "The linter reports violations: {subject}.",
        "A linter or type checker reports violations.", (
            "Correct the named places; many tools can do it themselves (--fix, format).",
            "Run the same check before pushing.",
        )),
    FailureClass("UPSTREAM_5XX", "network",
        "The proxy gets no good answer from its upstream: {subject}.",
        "The proxy gets no good answer from its upstream.", (
            "Look at the log of the upstream at the same time.",
            "Check that it listens where the proxy looks for it.",
        )),
    FailureClass("UNHANDLED_EXCEPTION", "runtime",
        "An error in the application was not handled: {subject}.",
        "An error in the application was not handled.", (
            "Go to the last own line of the trace.",
            "Look at what changed last there; add a test with the same input.",
        )),
    FailureClass("HEALTH_CHECK_FAILED", "runtime",
        "The health check was not met: {subject}.",
        "The health check was not met.", (
            "Check that the process listens on the address and port that are checked, and path and status code.",
            "Give a slow start more time; look at the application's own log.",
        )),
    FailureClass("CRASH_LOOP", "runtime",
        "{subject} is started and dies again and again.",
        "A process is started and dies again and again.", (
            "Look at the output just before the first exit (`logs --previous`).",
            "Check start command, configuration and what the process needs at start.",
        )),
)
# Cases within a class that have words and steps of their own; the code that is answered stays the class's.
ABOUT: dict[str, FailureClass] = {
    "repository": FailureClass("CONFIG_ERROR", "build",
        "The repository {subject} can't be read: it is not there, or hidden from this token.",
        "The repository can't be read: it is not there, or hidden from this token.", (
            "Check the repository's address: spelling, owner, and whether it was moved or renamed.",
            "If it is private, save a token that may read it; a git server calls it not found without one.",
        )),
    "branch": FailureClass("CONFIG_ERROR", "build",
        "The repository has no branch, tag or commit {subject}.",
        "The repository has no such branch, tag or commit.", (
            "Check the spelling of the branch, and whether it was merged and deleted.",
            "Push it, or choose one that is there.",
        )),
}
# fmt: on
BY_CODE = {one.code: one for one in CLASSES}
RANK = {one.code: place for place, one in enumerate(CLASSES)}
# What comes of other things: never the reason where anything else is seen.
SYMPTOMS = frozenset({"CRASH_LOOP", "HEALTH_CHECK_FAILED", "UNHANDLED_EXCEPTION", "UPSTREAM_5XX"})
