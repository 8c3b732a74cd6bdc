"""Rows for what runs out or is closed: disks, files, threads, ports, rights of the system."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("DISK_FULL", 0.97, r"""
        (?:(?P<subject>/[^\s:'"]+)<q>?:? )?No space left on device
        No space left on device
    """, any_level=True),
    R("DISK_FULL", 0.93, r"""
        \bENOSPC\b
    """, any_level=True, unless=r"(?i)file watchers|inotify"),
    R("DISK_FULL", 0.93, r"""
        disk (?:is )?full\b
        not enough (?:free )?(?:disk )?space
        database or disk is full
        insufficient (?:disk )?(?:free )?space
        out of disk space
        low on (?:disk|resource: ephemeral-storage)
        DiskPressure\b(?:.*(?:True|evict|threshold|taint))?
        There is not enough space on the disk
        Disk quota exceeded
        \bEDQUOT\b
        low disk space
        disk usage exceeded flood-stage
        cluster_block_exception.*read-only
        resource: ephemeral-storage
        ephemeral local storage usage exceeds
        exceeds the limit.*emptyDir
        You don't have enough free space
        SQLITE_FULL
        write error: (?:disk|no space)
        File too large
        \bEFBIG\b
        No usable temporary directory
    """, any_level=True, any_case=True,
        unless=r"(?i)hasnodiskpressure|nodiskpressure|DiskPressure +False|has no disk pressure|"
        r"sufficient"),
    R("RESOURCE_LIMIT", 0.95, r"""
        [Tt]oo many open files
        \bEMFILE\b
        \bENFILE\b
        file descriptor limit
        System limit for number of file watchers reached
        inotify (?:watch|instance)s? limit
        ENOSPC: System limit
        Too many levels of
        (?P<subject>worker_connections) are not enough
    """, any_level=True),
    R("RESOURCE_LIMIT", 0.93, r"""
        unable to create (?:new )?native thread
        can't start new thread
        Resource temporarily unavailable
        pthread_create failed
        fork: retry
        fork: Resource
        cannot fork
        \bEAGAIN\b.*(?:spawn|fork|thread)
        failed to create (?:new OS thread|thread)
        thread: Resource
        newosproc
        libuv.*thread
        Can't create (?:a new |thread to)
        ThreadError: can't create Thread
    """, unless=r"EAGAIN.*EAI_AGAIN"),
    R("RESOURCE_LIMIT", 0.94, r"""
        command not allowed when used memory
        max number of clients reached
        maxclients
        \bERR max number\b
        maximum number of clients
        SERVER_ERROR out of memory storing object
        memory resource limit alarm
        memory alarm
        vm_memory_high_watermark
        circuit_breaking_exception
        Data too large, data for
        es_rejected_execution_exception
        queue capacity
        no space in the memtable
    """, any_level=True, unless=r"maxclients (?:has been|set|reduced|to)|You requested maxclients"),
    R("RESOURCE_LIMIT", 0.88, r"""
        Error R1[45] \((?P<subject>[^)]+)\)
        exceeded quota: (?P<subject>[^,]+)
        memory quota (?:vastly )?exceeded
        reached (?:the |its )?(?:connection|session|process|thread|message|request size|concurrency) limit
        too many (?:processes|threads|clients|sessions|channels)\b
        RLIMIT_\w+ (?:exceeded|reached)
        cgroup: fork rejected by pids controller
        pids limit
        tasks limit reached
        address space limit
        Killed by CPU limit
        CPU time limit exceeded
        Cputime limit exceeded
        SIGXCPU
        File size limit exceeded
        SIGXFSZ
        Argument list too long
        File name too long
        table overflow, dropping packet
        possible SYN flooding
        max virtual memory areas vm\.max_map_count
        too low, increase to at least
        nf_conntrack: table full
    """, any_level=True, unless=r"(?i)setting|recommended|open_files_limit|Increased|already"),
    R("PORT_IN_USE", 0.97, r"""
        EADDRINUSE(?:: address already in use)?,? ?(?P<subject>\S*:\d+)?
    """, any_level=True),
    R("PORT_IN_USE", 0.96, r"""
        listen (?:tcp\S*|udp\S*) (?P<subject>\S+): bind: address already in use
        bind\(\) to (?P<subject>\S+) failed \(98
        Bind for (?P<subject>\S+) failed: port is already allocated
        Connection in use: (?P<subject>\([^)]*\))
        could not bind \S+ address "?(?P<subject>[^"]+)"?: Address already in use
        Could not create server TCP listening socket (?P<subject>\S+):
        error while attempting to bind on address (?P<subject>\([^)]*\))
        Couldn't listen on (?P<subject>\S+):[ ]
        Web server failed to start\. Port (?P<subject>\d+) was already in use
        [Pp]ort (?P<subject>\d+) (?:is )?(?:already )?in use
        port is already in use
        [Pp]ort (?P<subject>\d+) is already (?:allocated|taken|used)
        cannot bind socket.*\[?(?P<subject>\S+:\d+)
        Failed to bind to (?P<subject>\S+:\d+)
        Listen on (?P<subject>\S+) failed
        already listening on
        Something is already running on port (?P<subject>\d+)
        ports are not available
        address (?P<subject>\S+:\d+) in use
        Do you already have another (?:mysqld|postmaster)
    """, any_level=True),
    R("PORT_IN_USE", 0.95, r"""
        address (?:is )?already in use
        \(Address already in use\)
        only one usage of each socket address
        Errno::EADDRINUSE
        BindException
        That port is already in use
        starting userland proxy.*in use
        another instance is already running
        Address in use\b
    """, any_level=True, any_case=True),
    R("PERMISSION_DENIED", 0.95, r"""
        PermissionError: \[Errno 1?3?\] [^:]*: <q>(?P<subject>[^'"]+)
        PermissionError: \[Errno \d+\]
        \[Errno 13\] Permission denied(?:: <q>(?P<subject>[^'"]+))?
    """),
    R("PERMISSION_DENIED", 0.93, r"""
        \b(?:EACCES|EPERM|EROFS): [a-z -]+(?:, \w+ <q>(?P<subject>[^'"]+))?
    """, unless=r"spawn "),
    R("PERMISSION_DENIED", 0.85, r"""
        (?:open|mkdir|cannot [^:]*?|failed to [^:]*?) <q>?(?P<subject>[\w./@+-]+)<q>?: [Pp]ermission denied\.?$
        ^(?:\w[\w./ -]*: )*<q>?(?P<subject>[\w./@+-]+)<q>?: [Pp]ermission denied\.?$
        \((?:13: )?[Pp]ermission denied\)
        (?P<subject>[\w./@+-]+)<q>?: .*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: open.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot open[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot create[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot access[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot remove[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot stat[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot touch[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot make[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot execute[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot read[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot write[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot copy[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot move[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: cannot change[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: mkdir.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: unlink.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: rename.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: stat.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: chmod.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: chown.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
        (?P<subject>[\w./@+-]+)<q>?: failed to \w+[^:]*.*(?::|\() ?(?:13: )?[Pp]ermission denied\)?\.?$
    """,
        unless=r"(?i)publickey|password|for (?:table|schema|database|relation|sequence|user|function)|"
        r"bash: |sh: |dash: |exec|OCI runtime|docker daemon socket|denied to|denied for"),
    R("PERMISSION_DENIED", 0.88, r"""
        \(13: permission denied\)
        permission denied while trying to connect to the docker daemon socket
        Read-only file system
        Operation not permitted
        AccessDeniedException: (?P<subject>/\S+)
        java\.io\.FileNotFoundException: (?P<subject>/\S+) \(Permission denied\)
        Errno::EACCES
        Errno::EPERM
        failed to open stream: Permission denied
        Permission denied @ \w+ - (?P<subject>\S+)
        You don't have (?:the )?(?:write )?permission
        error: insufficient permission for adding
        dubious ownership
        could not open \S+ for writing
        not writable
        Insufficient permissions to
        is not writable
        Access to the path <q>(?P<subject>[^'"]+)<q> is denied
        must be run as root
        are you root\?
        requires root
        SocketException: Permission denied
        os error 13
        PermissionDenied\b
        open\(\) "(?P<subject>[^"]+)" failed \(13
        access forbidden by rule
        unprotected private key
        bad permissions
        mkdir: cannot create directory
        cannot create .*: Permission denied
        data directory .* has (?:wrong ownership|invalid permissions)
        (?:Failed to|could not|cannot) (?:open|create|write|read|access).*(?:[Pp]ermission denied|not permitted)
    """, any_case=True, unless=r"(?i)publickey|File exists|warning.*not writable"),
    R("PERMISSION_DENIED", 0.85, r"""
        \b(?:EACCES|EPERM|EROFS)\b
    """, unless=r"spawn "),
    R("DISK_FULL", 0.93, r"""
        flood stage disk watermark
    """, any_level=True),
)
