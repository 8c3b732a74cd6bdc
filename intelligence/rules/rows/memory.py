"""Rows for memory, and the signs that other rows ask for (lower case: no failure by themselves)."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("memory", 0.9, r"""
        \bout of memory\b
        \boom[-_ ]?kill
        \bOOMKilled\b
        memory cgroup
        memory limit
        \bR1[45] \(Memory
        exceeded .*memory
        memory usage
    """, any_case=True, unless=r"-XX:|\.o\b|Perhaps out of memory|OOM command not allowed"),
    R("traceback", 0.9, r"""
        Traceback \(most recent call last\)
        Exception Location:
    """),
    R("stack", 0.9, r"""
        ^\s+at (?:[\w$.<>]+[ (]|.*:\d+:\d+)
        \\n\s+at \S
        ^\tat \S
    """),
    R("chain", 0.9, r"""
        The above exception was the direct cause
        During handling of the above exception
        ^\s*Caused by:[ ]
        \bCaused by:[ ]
    """),
    R("time_limit", 0.9, r"""
        WORKER TIMEOUT
        Hard time limit
        Boot timeout
        \bTimed? ?[Ll]imit\(?.*exceeded
        Error R1[02]\b
        exceeded .*deadline
    """),
    R("served", 0.9, r"""
        HTTP/[\d.]+" 200[ ]
    """),
    R("OOM_KILLED", 0.98, r"""
        Memory cgroup out of memory: Kill(?:ed)? process \d+ \((?P<subject>[^)]+)\)
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.98, r"""
        \bOut of memory: Kill(?:ed)? process \d+ \((?P<subject>[^)]+)\)
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.95, r"""
        \b(?P<subject>\S+) invoked oom-killer:
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.95, r"""
        oom-kill:constraint=.*task=(?P<subject>[^,]+)
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.9, r"""
        oom_reaper: reaped process \d+ \((?P<subject>[^)]+)\)
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.95, r"""
        \bOOMKilled\b
    """, any_level=True, even_calm=True, unless=r"(?i)OOMKilled\"?[:=]\s*\"?false"),
    R("OOM_KILLED", 0.95, r"""
        System OOM encountered, victim process: (?P<subject>[^,]+)
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.85, r"""
        Container (?P<subject>\S+) was using \S+, (?:which exceeds|request is)
        The node was low on resource: memory
    """, any_level=True, even_calm=True),
    R("OOM_KILLED", 0.9, r"""
        (?:killed|terminated|stopped|exceeded).*\b(?:out of memory|oom[- ]killer|memory limit)\b
        \boom[- ]?kill(?:er)? (?:killed|event|terminated)
        container .*\boom event\b
    """, any_level=True, any_case=True,
        unless=r"(?i)Worker .* was sent SIGKILL|perhaps|max_memory|oom_kill_disable"),
    R("OOM_KILLED", 0.9, r"""
        \bran out of memory\b.*(?:kill|restart|exit|instance|build|contain)
        (?:instance|service|container|build|process) .{0,60}(?:ran out of|used over|exceeded its) .{0,20}memory
    """, any_level=True, any_case=True),
    R("OOM_KILLED", 0.75, r"""
        Killed signal terminated program (?P<subject>\w+)
    """),
    R("OOM_KILLED", 0.65, r"""
        signal: 9, SIGKILL: kill
        \(signal: 9, SIGKILL
    """),
    R("OOM_KILLED", 0.6, r"""
        Worker \(pid:\d+\) was sent SIGKILL! Perhaps out of memory
    """, but_not="time_limit"),
    R("OOM_KILLED", 0.75, r"""
        (?:exit(?:ed)?(?: with)?(?: code| status)?|status|code|error)[ :=]+137\b
        exit_?code"?[:=] ?137\b
        signal 9\b
        SIGKILL
    """, needs="memory", but_not="time_limit", any_level=True, any_case=True, unless=r"Perhaps out of memory"),
    R("OOM_KILLED", 0.95, r"""
        memory\.events.*oom_kill [1-9]
        A process of this unit has been killed by the OOM killer
        Failed with result 'oom-kill'
        code=killed, status=9/KILL.*oom
    """, any_level=True, even_calm=True),
    R("HEAP_EXHAUSTED", 0.97, r"""
        java\.lang\.OutOfMemoryError: (?P<subject>Java heap space)
        java\.lang\.OutOfMemoryError: (?P<subject>GC overhead limit exceeded)
        java\.lang\.OutOfMemoryError: (?P<subject>Metaspace)
        java\.lang\.OutOfMemoryError: (?P<subject>PermGen space)
        java\.lang\.OutOfMemoryError: (?P<subject>Compressed class space)
        java\.lang\.OutOfMemoryError: (?P<subject>Direct buffer memory)
        java\.lang\.OutOfMemoryError: (?P<subject>Requested array size[^\n]*)
    """),
    R("HEAP_EXHAUSTED", 0.97, r"""
        (?:FATAL ERROR|Fatal error).*(?P<subject>JavaScript heap out of memory|Allocation failed)
    """),
    R("HEAP_EXHAUSTED", 0.93, r"""
        \bERR_WORKER_OUT_OF_MEMORY\b
        Reached heap limit
    """),
    R("HEAP_EXHAUSTED", 0.9, r"""
        \bMemoryError\b(?P<subject>: [^\n]+)?
    """, unless=r"except MemoryError|import MemoryError|class \w*MemoryError|raise MemoryError|No MemoryError"),
    R("HEAP_EXHAUSTED", 0.97, r"""
        Allowed memory size of (?P<subject>\d+ bytes) exhausted
    """),
    R("HEAP_EXHAUSTED", 0.92, r"""
        std::bad_alloc
        memory allocation of \d+ bytes failed
        failed to allocate memory \(NoMemoryError\)
        \bNoMemoryError\b
        fatal error: runtime: (?:out of memory|cannot allocate memory)
        virtual memory exhausted
        System\.OutOfMemoryException
        (?:cc1plus|cc1|lto1|ld): out of memory allocating
        goroutine stack exceeds .*-byte limit.*memory
    """),
    R("HEAP_EXHAUSTED", 0.75, r"""
        OutOfMemoryError\b
    """, unless=r"-XX:|OnOutOfMemoryError|unable to create|native thread|catch|maxmemory"),
    R("HEAP_EXHAUSTED", 0.75, r"""
        \bCUDA out of memory\b
        Cannot allocate memory
        fork: Cannot allocate
        xrealloc: cannot allocate
        memory exhausted
    """, any_case=True),
    R("OOM_KILLED", 0.85, r"""
        \bran out of memory\b
    """, any_level=True, any_case=True, unless=r"(?i)test|heap|if .* ran out"),
    R("clippy", 0.9, r"""
        clippy::\w+
        `-D warnings`
    """),
    R("HEAP_EXHAUSTED", 0.93, r"""
        _ArrayMemoryError
        Unable to allocate (?P<subject>[\d.]+ [KMGT]iB) for an array
    """),
)
