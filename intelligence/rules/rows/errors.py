"""Rows for commands that can't be started and errors that nobody caught."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("EXEC_FAILED", 0.93, r"""
        (?:sh|bash|ash|zsh|fish)\b.*?: (?:line )?\d*:? *(?P<subject>[^\s:]+): (?:command )?not found
    """),
    R("EXEC_FAILED", 0.9, r"""
        (?P<subject>[^\s:]+): command not found
        command not found: (?P<subject>\S+)
        Unknown command: (?P<subject>\S+)
    """, unless=r"bash-completion"),
    R("EXEC_FAILED", 0.96, r"""
        [Ee]xec format error
    """, any_level=True, even_calm=True),
    R("EXEC_FAILED", 0.96, r"""
        exec:? \\?"(?P<subject>[^"\\]+)\\?": executable file not found
        exec:? \\?"(?P<subject>[^"\\]+)\\?": stat .*no such file
        exec:? \\?"(?P<subject>[^"\\]+)\\?": permission denied
        executable file not found in \$?P?A?T?H?
    """, any_level=True, even_calm=True),
    R("EXEC_FAILED", 0.95, r"""
        bad interpreter: (?P<subject>[^\n]+)
        env: (?P<subject><q>?[^\s:]+): No such file or directory
        /usr/bin/env: (?P<subject>.*): No such file
    """),
    R("EXEC_FAILED", 0.85, r"""
        (?:/bin/)?(?:sh|bash|dash|ash)\b: (?:line )?\d*:? *(?P<subject>\S+): Permission denied
        (?:/bin/)?(?:sh|bash|dash|ash)\b: (?:line )?\d*:? *(?P<subject>\S+): cannot execute
        (?:/bin/)?(?:sh|bash|dash|ash)\b: (?:line )?\d*:? *(?P<subject>\S+): No such file or directory
        (?:/bin/)?(?:sh|bash|dash|ash)\b: (?:line )?\d*:? *(?P<subject>\S+): Is a directory
        (?:/bin/)?(?:sh|bash|dash|ash)\b: (?:line )?\d*:? *(?P<subject>\S+): not executable
    """, unless=r"(?:>|cannot create)"),
    R("EXEC_FAILED", 0.9, r"""
        (?:Failed at step EXEC spawning) (?P<subject>[^\s:]+)
        status=203/EXEC
        status=127/n/a
        status=126/n/a
        Failed to locate executable (?P<subject>\S+)
        can't find command <q>(?P<subject>[^'"]+)<q>
        command at <q>?(?P<subject>[^'"]+)<q>? is not executable
        spawn (?P<subject>\S+) (?:ENOENT|EACCES|ENOEXEC)
        make(?:\[\d+\])?: (?P<subject>[^\s:]+): No such file or directory
        OCI runtime (?:create|exec) failed
        failed to create (?:shim )?task
        no such file or directory: unknown
    """, any_level=True, even_calm=True),
    R("EXEC_FAILED", 0.75, r"""
        (?:exit(?:ed)?(?: with)?(?: code| status)?|status|code)[ :=]+(?:127|126)\b
        \bError 12[67]\b
    """, any_level=True, even_calm=True, any_case=True),
    R("UNHANDLED_EXCEPTION", 0.8, r"""
        <edge>(?P<subject><error>)(?::|$)
    """, needs="traceback", unless=r"KeyboardInterrupt|SystemExit"),
    R("UNHANDLED_EXCEPTION", 0.75, r"""
        <edge>(?:Uncaught |Unhandled )?(?P<subject>[A-Z]?\w*Error(?: \[\w+\])?: [^\n]{1,120})
    """, needs="stack"),
    R("UNHANDLED_EXCEPTION", 0.85, r"""
        uncaught ?exception
        unhandled ?(?:promise )?rejection
        unhandled exception
        UnhandledPromiseRejection
        Uncaught (?:\w+)?Error
    """, any_case=True),
    R("UNHANDLED_EXCEPTION", 0.9, r"""
        \bpanic: (?P<subject>[^\n]{1,160})
        fatal error: all goroutines are asleep
        fatal error: (?:concurrent map|stack overflow)
        goroutine stack exceeds
    """, unless=r"\[recovered\]$|[Kk]ernel panic"),
    R("UNHANDLED_EXCEPTION", 0.9, r"""
        thread '(?P<subject>[^']*)'(?: \(\d+\))? panicked at
    """),
    R("UNHANDLED_EXCEPTION", 0.85, r"""
        Exception in thread "[^"]*" (?P<subject>[\w.$]+)
        \bCaused by: (?P<subject>[\w.$]+(?:Exception|Error))\b
    """),
    R("UNHANDLED_EXCEPTION", 0.75, r"""
        <edge>(?P<subject>(?:[a-z][\w]*\.){1,8}[A-Z][\w$]*(?:Exception|Error))(?::|$)
    """, needs="stack"),
    R("UNHANDLED_EXCEPTION", 0.85, r"""
        \.rb:\d+:in [`'].*\((?P<subject>[A-Z]\w*(?:::\w+)*)\)$
        <edge>(?P<subject>(?:[A-Z]\w*::)*[A-Z]\w*Error) \(.*\):?$
    """),
    R("UNHANDLED_EXCEPTION", 0.88, r"""
        PHP Fatal error:  (?P<subject>[^\n]{1,160})
        Fatal error: Uncaught (?P<subject>[^\n]{1,160})
        PHP message: PHP Fatal error
    """),
    R("UNHANDLED_EXCEPTION", 0.88, r"""
        terminate called after throwing an instance of '(?P<subject>[^']+)'
        Unhandled exception\. (?P<subject>[\w.]+)
        Unhandled Exception: (?P<subject>[\w.]+)
        \*\* \((?P<subject>[A-Z]\w*(?:Error|Exception)?)\)[ ]
    """),
    R("UNHANDLED_EXCEPTION", 0.7, r"""
        \bInternal Server Error: (?P<subject>/\S*)
        Exception in ASGI application
        Exception on (?P<subject>/\S*) \[
        Error handling request
        raised unexpected: (?P<subject>[^\n]{1,120})
        Exception in worker process
        Exception in callback
    """),
    R("UNHANDLED_EXCEPTION", 0.88, r"""
        RecursionError
        StackOverflowError
        Maximum call stack size exceeded
        stack level too deep
        SystemStackError
        maximum recursion depth exceeded
    """),
    R("UNHANDLED_EXCEPTION", 0.58, r"""
        ^(?P<subject>[A-Z]\w*Error): \S
    """),
)
