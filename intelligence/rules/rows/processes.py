"""Rows for processes that die by a signal, run too long, or fall again and again."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("PROCESS_CRASH", 0.93, r"""
        \b(?P<subject>[\w./-]+)?:? *Segmentation fault\b
    """, any_case=True, unless=r"^\s*\[signal"),
    R("PROCESS_CRASH", 0.95, r"""
        Fatal Python error: (?P<subject>Segmentation fault|Aborted|Bus error|Illegal instruction)
    """),
    R("PROCESS_CRASH", 0.88, r"""
        \bSIGSEGV\b
        \bSIGABRT\b
        \bSIGBUS\b
        \bSIGILL\b
        \bSIGFPE\b
    """, unless=r"\[signal SIGSEGV|handler|trap|unexpected fault address"),
    R("PROCESS_CRASH", 0.92, r"""
        (?:terminated|exited|killed|died).{0,30}\b(?:by |with |on )?signal:? ?(?:4|6|7|8|11)\b
    """, any_level=True, even_calm=True),
    R("PROCESS_CRASH", 0.88, r"""
        \bAborted(?: +\(core dumped\)| *$)
        \(core dumped\)
        : line \d+: +\d+ Aborted\b
        dumped core
        code=dumped
    """, any_level=True, even_calm=True, unless=r"0 aborted|query|transaction"),
    R("PROCESS_CRASH", 0.8, r"""
        (?:exit(?:ed)?(?: with)?(?: code| status)?|status|code)[ :=]+(?:139|134|135)\b
        exit_?code"?[:=] ?(?:139|134)\b
    """, any_level=True, even_calm=True, any_case=True),
    R("PROCESS_CRASH", 0.95, r"""
        (?P<subject>\S+)\[\d+\]: segfault at
        general protection fault
        traps: \S+\[\d+\] trap
    """, any_level=True, even_calm=True),
    R("PROCESS_CRASH", 0.95, r"""
        # A fatal error has been detected by the Java Runtime Environment
        stack smashing detected
        double free or corruption
        malloc\(\):[ ]
        free\(\): invalid
        corrupted (?:size|double-linked)
        AddressSanitizer: \S+
        buffer overflow detected
        munmap_chunk\(\): invalid
    """),
    R("PROCESS_CRASH", 0.5, r"""
        signal 9 \(SIGKILL\)
        killed by SIGKILL
        signal: killed
        signal 9: Killed
        terminated by signal 9
        Killed: 9
        status=9/KILL
        was killed by signal 9
    """, but_not="memory|time_limit", any_level=True, even_calm=True),
    R("PROCESS_CRASH", 0.5, r"""
        (?:exit(?:ed)?(?: with)?(?: code| status)?|code)[ :=]+137\b
        exit_?code"?[:=] ?137\b
    """, but_not="memory|time_limit", any_level=True, even_calm=True, any_case=True),
    R("PROCESS_CRASH", 0.5, r"""
        ^(?:.*: line \d+: +\d+ )?Killed\b(?: +(?P<subject>.+))?$
    """, but_not="memory|time_limit"),
    R("WORKER_TIMEOUT", 0.96, r"""
        \bWORKER TIMEOUT \((?P<subject>pid:\d+)\)
    """),
    R("WORKER_TIMEOUT", 0.95, r"""
        Hard time limit \((?P<subject>[\d.]+s?)\) exceeded
        Soft time limit \([\d.]+s?\) exceeded
    """, any_level=True),
    R("WORKER_TIMEOUT", 0.93, r"""
        \b(?:SoftTimeLimitExceeded|TimeLimitExceeded)\b
    """),
    R("WORKER_TIMEOUT", 0.95, r"""
        uWSGI.*HARAKIRI
        HARAKIRI ON WORKER (?P<subject>\d+)
        HARAKIRI triggered
    """, any_level=True),
    R("WORKER_TIMEOUT", 0.93, r"""
        Maximum execution time of (?P<subject>\d+ seconds?) exceeded
        execution timed out \([\d.]+ sec\), terminating
        \brq\.timeouts\.JobTimeoutException\b
        JobTimeoutException
        Rack::Timeout::RequestTimeout\w*
        Task timed out after (?P<subject>[\d.]+) seconds
        \bDeadlineExceeded\b.*Job was active longer
        Job was active longer than specified deadline
    """, any_level=True),
    R("WORKER_TIMEOUT", 0.88, r"""
        (?:the )?job (?:running on runner .* )?has exceeded the maximum execution time
        execution took longer than \S+ seconds
        job's maximum execution time
        ERROR: Job failed: execution took longer
        The operation was canceled.*timeout
        Build exceeded maximum allowed (?:time|runtime)
        Command timed out after \d+ seconds
        build timed out
        Too long with no output
        Timed out waiting for .* worker
        Killing .*worker.* timeout
        Worker .* failed to (?:check|boot).* timeout
        context deadline exceeded while running job
        Terminating timed out worker
    """, any_level=True, any_case=True),
    R("CRASH_LOOP", 0.95, r"""
        Back-off restarting failed container(?: (?P<subject>\S+))?
        CrashLoopBackOff
        back-off \S+ restarting failed container=(?P<subject>\S+)
    """, any_level=True, even_calm=True),
    R("CRASH_LOOP", 0.97, r"""
        gave up: (?P<subject>\S+) entered FATAL state
        exited too quickly
        too many start retries too quickly
    """, any_level=True, even_calm=True),
    R("CRASH_LOOP", 0.93, r"""
        (?P<subject>\S+\.service): Start request repeated too quickly
        Start request repeated too quickly
        Scheduled restart job, restart counter is at (?:[3-9]|\d\d)
        start-limit-hit
    """, any_level=True, even_calm=True),
    R("CRASH_LOOP", 0.93, r"""
        Script (?P<subject>\S+) had too many unstable restarts
        too many unstable restarts
        State changed from starting to crashed
        crashed too many times
        app crashed - waiting for file changes
    """, any_level=True, even_calm=True),
    R("CRASH_LOOP", 0.85, r"""
        Restarting \(\d+\) \d+ (?:second|minute)s? ago
        Restart(?:ing)? (?:count|#|attempt)[ :=#]*(?:[3-9]|\d\d)\b
        restart_?count["':= ]+(?:[3-9]|\d\d)\b
        [Ww]orker.*respawning too fast
        [Cc]rash ?loop detected
        is restarting, wait until
    """, any_level=True, even_calm=True),
    R("CRASH_LOOP", 0.85, r"""
        exited: (?P<subject>\S+) \((?:exit status \d+|terminated by \w+); not expected\)
    """, any_level=True, even_calm=True, at_least=3),
    R("CRASH_LOOP", 0.85, r"""
        main process exited, code=exited, status=[1-9]\d*
        App \[(?P<subject>\S+)\] exited with code \[[1-9]\d*\]
        \bexited with (?:code|status) [1-9]\d*.*restart
        (?:process|app|worker|service|container) \S* ?(?:exited|died|crashed|terminated).*restart
    """, any_level=True, even_calm=True, at_least=3, any_case=True),
    R("HEALTH_CHECK_FAILED", 0.9, r"""
        (?P<subject>Readiness|Liveness|Startup) probe (?:failed|errored)
    """, any_level=True, even_calm=True),
    R("HEALTH_CHECK_FAILED", 0.9, r"""
        \bhealth[- ]?checks?\b.{0,60}\bfail(?:ed|ing|s|ure)
        \bhealth[- ]?checks?\b.{0,60}\bunhealthy
        \bhealth[- ]?checks?\b.{0,60}\btimed out
        \bhealth[- ]?checks?\b.{0,60}\bnot passing
        \bhealth[- ]?checks?\b.{0,60}\bdid not pass
        \bhealth[- ]?checks?\b.{0,60}\bnever (?:became|succeeded)
        \bhealth[- ]?checks?\b.{0,60}\bunsuccessful
        \bhealth[- ]?checks?\b.{0,60}\bexceeded
        \b(?:fail(?:ed|ing))\b.{0,30}\bhealth[- ]?checks?\b
    """, any_level=True, even_calm=True, any_case=True,
        unless=r"(?i)(?<!\d)0 (?:failed|failing|unhealthy)|recovered"),
    R("HEALTH_CHECK_FAILED", 0.93, r"""
        Error R10 \(Boot timeout\)
        Web process failed to bind to \$PORT within
        No open (?:HTTP )?ports? (?:were )?detected
        [Pp]ort scan timeout reached
        Timed out: Port scan
        failed to listen on (?:the )?(?:port|PORT)
        The user-provided container failed to start and listen on the port
        did not start listening
        Container (?P<subject>\S+) for site .* did not start within expected time
        failed to respond to (?:startup )?probe
    """, any_level=True, even_calm=True),
    R("HEALTH_CHECK_FAILED", 0.85, r"""
        \bis unhealthy\b
        \(unhealthy\)
        status:? unhealthy
        health_status: unhealthy
        dependency failed to start: container .* (?:is unhealthy|exited)
        target .*unhealthy
        marked (?:as )?unhealthy
        1/1 replicas never became healthy
        instances? (?:failed|is not passing)
        start operation timed out\. Terminating
        exceeded its progress deadline
        progress deadline exceeded
        ProgressDeadlineExceeded
        timed out waiting for the condition
    """, any_level=True, even_calm=True, any_case=True),
    R("HEALTH_CHECK_FAILED", 0.9, r"""
        waiting for health checks? to pass
        \bhealth is (?:failing|severe|degraded)
        health has transitioned from \w+ to (?:Severe|Degraded)
        didn't respond to HTTP pings
    """, any_level=True, any_case=True, unless=r"(?i)^(?:info: )?waiting"),
)
