"""Lines that tell how something ended. A good end takes back what stood before it; a bad end confirms it."""

from intelligence.rules.classes import BY_CODE
from intelligence.rules.types import Outcome as O

# fmt: off
WAITING = frozenset({
    "SERVICE_UNREACHABLE", "DB_CONNECTION_REFUSED", "DB_CONNECTION_TIMEOUT", "DNS_FAILURE", "NETWORK_TIMEOUT",
    "UPSTREAM_5XX", "HEALTH_CHECK_FAILED", "RATE_LIMITED",
})  # what a start may wait for and then get
FETCHING = WAITING | {"DEPENDENCY_FAILED", "TLS_ERROR", "IMAGE_PULL_FAILED", "AUTH_FAILED", "MISSING_MODULE"}
# A passing suite says nothing about another suite, the linter or the compiler.
PASSED = frozenset(BY_CODE) - {"TEST_FAILURE", "LINT_FAILURE", "COMPILE_ERROR", "DEPENDENCY_FAILED"}
_CONTAINER = r"^\s+Exit Code:|\"ExitCode\""  # of one container, which may have been killed all the same
_NOT_YET = (
    r"(?i)\bIs the server|make sure|ensure|\?$|\bnot\b|fail|unable|could not|never|waiting|gave up|giving up"
    r"|logg?(?:er|ing)?\.\w+\(|print\(|%s"
)

OUTCOMES: tuple[O, ...] = (
    O(True, r"""
        \b<job>(?: \S+){0,3}? <well>
        successfully (?:deployed|built|rolled out|published|released|completed)
        BUILD SUCCESS(?:FUL)?\b
        Your service is live
        is live (?:🎉|at)
        Deployment (?:completed|live|ready)
        deployed to production
        ✅ .*(?:deployed|success)
        Deploy complete
        Apply complete!
        STATUS: deployed
        Compiled successfully
        Build Completed in
        Released v\d+
    """, any_case=True, unless=r"(?i)\bnot\b|un-?success|\bif\b|\bwhen\b|\b0 succeeded|partially|%s"),
    O(True, r"""
        (?:exited|finished|completed|ended|exit)(?: with)?(?: exit)?(?: code| status)[ :=]+\(?0\b
        exited with 0\b
        exit_?code"?[:=] ?0\b
        exited: \S+ \(exit status 0; expected\)
    """, any_case=True, unless=_CONTAINER),
    O(True, r"""
        ^(?:\S+ +)?=+ (?:\d+ (?:passed|skipped|deselected|xfailed|xpassed|warnings?|rerun)(?:, )?)+ in [\d.]+
        ^\d+ passed(?:, \d+ (?:skipped|warnings?|deselected|xfailed|xpassed))* in [\d.]+
    """, heals=PASSED, unless=r"failed|\berror"),
    O(True, r"""
        ^OK(?: \((?:skipped|expected failures)=.*\))?$
        ^OK \(\d+ tests?
        test result: ok\.[ ]
        ^Tests: +(?:\d+ (?:skipped|todo), )*\d+ passed, \d+ total
        ^ +\d+ passing\b
        Tests +\d+ passed
        ^# fail 0$
        \d+ examples?, 0 failures
        , 0 failures, 0 errors
        Tests run: \d+, Failures: 0, Errors: 0, Skipped: \d+$
        100% tests passed
        \[  PASSED  \]
        All tests passed
        Passed!  - Failed: +0
        ^ok  \t\S+\t[\d.(]
        ^PASS$
    """, heals=PASSED),
    O(True, r"""
        \b(?:compiled|finished|completed|done|build|built|check|compilation)\b.*\b0 errors?\b
        \b0 errors?(?:,| and) 0 (?:warnings|failures)
        \bFound 0 errors
        ^done, 0 errors
    """, any_case=True),
    O(True, r"""
        Successfully installed \S+
        ^added \d+ packages
        \badded \d+ packages?,? (?:and|in)
        ^up to date
        audited \d+ packages
        Done in [\d.]+m?s
        Bundle complete!
        Status: (?:Downloaded newer image|Image is up to date)
        Successfully pulled image
        Resolved \d+ packages
        Installed \d+ packages
        Generating autoload files
        Fetched \d+.* in \d+s
        Terraform has been successfully initialized
    """, heals=FETCHING),
    O(True, r"""
        \b(?:is|are|now) (?:available|reachable|healthy|ready|up) after\b
        ready to accept connections
        ready for connections
        Started \S+ in [\d.]+ seconds
        \bListening (?:at|on)\b
        listening on port
        Application startup complete
        Server (?:is )?(?:running|started|listening|ready)
        Connected to (?:redis|amqp|pyamqp|postgres|mysql|mongo|database|the database|db)\S*
        connection (?:established|restored|succeeded|to .* (?:established|restored))
        database (?:is )?(?:ready|up|reachable|connected)
        reconnected
        recovered\b
        celery@\S+ ready
        Container \S+ +(?:Healthy|Started)
        health ?check (?:ok|succeeded|passed)
        is (?:now )?healthy
        became healthy
        State changed from starting to up
        Service is now (?:up|healthy)
        succeeded (?:after|on)
        after \d+ (?:retries|attempts)
    """, heals=WAITING, any_case=True, unless=_NOT_YET),
    O(False, r"""
        exit(?:ed)? (?:with )?(?:code|status)[ :=]+\(?[1-9]\d*\b
        exited (?:with |\()[1-9]\d*\b
        exit_?code"?[ :=]+\(?[1-9]\d*\b
        returned(?: a)? non-?zero(?: code| exit status)?[ :=]+\(?[1-9]\d*\b
        completed with exit code[ :=]+\(?[1-9]\d*\b
        did not complete successfully
    """, any_case=True, unless=r"^\s*if |\|\| exit"),
    O(False, r"""
        ^npm (?:ERR!|error)
        ^make(?:\[\d+\])?: \*\*\*
        ^error Command failed
        ELIFECYCLE
        BUILD FAIL(?:URE|ED)
        \b(?i:build|deploy(?:ment)?|job|pipeline|release|workflow)(?: \S+){0,2}? (?:has )?failed\b
        ERROR: Job failed
        ##\[error\]
        ^FAIL(?:ED)?$
        ^=+ .*(?:failed|error).* in [\d.]+
        ^FAILED \(
        test result: FAILED
        ^FAIL\b
        CrashLoopBackOff
        entered FATAL state
        The command .* returned a non-zero code
    """, unless=r"(?i)\b0 failed|fail-?fast|\bif .* failed"),
)
