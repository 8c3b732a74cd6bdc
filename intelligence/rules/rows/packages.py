"""Rows for packages that cannot be resolved, fetched or installed."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("DEPENDENCY_FAILED", 0.9, r"""
        No matching distribution found for (?P<subject>[^\n]+)
        Could not find a version that satisfies the requirement (?P<subject>[^\s(]+)
        ResolutionImpossible
        Cannot install (?P<subject>.+) because these package versions have conflicting dependencies
        Cannot install (?P<subject>.+) because package
        conflicting dependencies
        THESE PACKAGES DO NOT MATCH THE HASHES
        In --require-hashes mode
        Hashes are required
        Failed building wheel for (?P<subject>\S+)
        Could not build wheels for (?P<subject>[^,\s]+)
        Failed to build (?P<subject>[\w-]+)$
        subprocess-exited-with-error
        metadata-generation-failed
        Invalid requirement: <q>?(?P<subject>[^'"]+)
        Could not open requirements file
        No solution found when resolving
        Because .* depends on .*,? (?:version solving failed|we can conclude)
        version solving failed
        SolverProblemError
        pyproject\.toml changed significantly since poetry\.lock
        poetry\.lock is not up to date
        Your lock ?file .* out of date
        is not a supported wheel on this platform
        externally-managed-environment
        ERROR: Cannot uninstall
    """),
    R("DEPENDENCY_FAILED", 0.92, r"""
        code (?P<subject>ERESOLVE)
        code (?P<subject>ETARGET)
        code (?P<subject>E404)
        code (?P<subject>EINTEGRITY)
        code (?P<subject>EUSAGE)
        code (?P<subject>EBADENGINE)
        code (?P<subject>ENOVERSIONS)
        code (?P<subject>EBADPLATFORM)
        code (?P<subject>EUNSUPPORTEDPROTOCOL)
        code (?P<subject>ELIFECYCLE_INSTALL)
        code (?P<subject>EJSONPARSE_LOCK)
        code (?P<subject>EINVALIDTAGNAME)
        code (?P<subject>EINVALIDPACKAGENAME)
        ERESOLVE (?:could not resolve|unable to resolve)
        No matching version found for (?P<subject>\S+)
        404 Not Found - GET
        is not in (?:this|the npm) registry
        `?npm ci`? can only install packages when
        Missing: (?P<subject>\S+) from lock file
        can only install with an existing package-lock
        integrity checksum failed
        sha512-\S+ integrity
        Couldn't find package "?(?P<subject>[^"\s]+)
        Couldn't find any versions for "(?P<subject>[^"]+)
        Your lockfile needs to be updated
        YN00(?:28|35|27|82|41)
        ERR_PNPM_\w+
        The engine "node" is incompatible
        Unsupported engine
        Unsupported platform for
        frozen-lockfile
        Failed to replace env
        doesn't match the checksum
        lockfile would have been modified
        Error: Failed to fetch \S+ from npm
    """, unless=r"(?i)npm warn EBADENGINE"),
    R("DEPENDENCY_FAILED", 0.93, r"""
        unknown revision
        go: (?P<subject>\S+@\S+): (?:invalid version|reading|not found|module \S+|Get |verifying|parsing)
        verifying \S+: checksum mismatch
        SECURITY ERROR
        go: inconsistent vendoring
        updates to go\.(?:mod|sum) needed
        go: updating go\.mod
        go\.mod file indicates go
        malformed module path
        invalid go version
        module declares its path as
        go: errors parsing go\.mod
    """),
    R("DEPENDENCY_FAILED", 0.92, r"""
        Could not resolve dependencies for project (?P<subject>\S+)
        Could not find artifact (?P<subject>\S+)
        Could not transfer artifact (?P<subject>\S+)
        Failed to collect dependencies
        Non-resolvable parent POM
        Non-resolvable import POM
        DependencyResolutionException
        Plugin \S+ or one of its dependencies could not be resolved
        UnresolvableModelException
        Could not resolve (?P<subject>[\w.-]+:[\w.-]+:\S+)
        Could not resolve all (?:files|dependencies|artifacts|task dependencies)
        Could not find (?P<subject>[\w.-]+:[\w.-]+:[\w.+-]+)
        Plugin \[id: <q>(?P<subject>[^'"]+)<q>.*was not found
        NU110\d
        error NU\d+
        Unable to find package
    """),
    R("DEPENDENCY_FAILED", 0.92, r"""
        failed to select a version for(?: the requirement)? `(?P<subject>[^`]+)
        no matching package named `(?P<subject>[^`]+)
        lock file .* needs to be updated but --locked
        failed to get `(?P<subject>[^`]+)` as a dependency
        failed to load source for dependency
        failed to download (?:from|`)
        requires rustc \S+ or newer
        the package `\S+` depends on
        package `(?P<subject>[^`]+)` cannot be built because
        spurious network error
        Unable to update registry
    """, unless=r"warning: spurious"),
    R("DEPENDENCY_FAILED", 0.92, r"""
        Bundler could not find compatible versions
        Could not find compatible versions
        Gem::Ext::BuildError
        An error occurred while installing (?P<subject>\S+)
        Your requirements could not be resolved to an installable set
        Root composer\.json requires (?P<subject>[^,\n]+)
        The lock file is not up to date
        Your lock file does not contain a compatible set
        is not present in the lock file
        The requested package (?P<subject>\S+) could not be found
        could not find a matching version of package
        Could not find a matching version
        Could not find package (?P<subject>\S+)
        Gemfile\.lock.*(?:frozen|out of sync|does not satisfy)
        The (?:gemspecs|dependencies in your gemfile) .*changed
        You are trying to install in deployment mode
        Your Ruby version is
        requires (?:php|ruby) (?:version )?[\^<>=~\d]
        your php version
        Could not find a valid gem <q>(?P<subject>[^'"]+)
    """),
    R("DEPENDENCY_FAILED", 0.9, r"""
        E: Unable to locate package (?P<subject>\S+)
        E: Package <q>(?P<subject>[^'"]+)<q> has no installation candidate
        E: Version <q>\S+<q> for <q>(?P<subject>[^'"]+)<q> was not found
        The following packages have unmet dependencies
        Unable to correct problems, you have held broken packages
        unable to select packages
        \(no such package\)
        Hash Sum mismatch
        E: Failed to fetch (?P<subject>\S+)
        E: Unable to fetch some archives
        The repository .* is not signed
        does not have a Release file
        No package (?P<subject>\S+) available
        Unable to find a match: (?P<subject>\S+)
        nothing provides
        Failed to query available provider packages
        Failed to install provider
        Could not retrieve the list of available versions for provider
        Unsatisfied
        failed to download "(?P<subject>[^"]+)"
        found in Chart\.yaml, but missing in charts
        Module version requirements
        chart "(?P<subject>[^"]+)" (?:version|matching)
        no chart (?:name|version) found
        Required plugins are not installed
        Inconsistent dependency lock file
        locked provider .* does not match
        PackagesNotFoundError
        UnsatisfiableError
        LibMambaUnsatisfiableError
        ResolvePackageNotFound
    """),
    R("DEPENDENCY_FAILED", 0.8, r"""
        requires a different Python
        Requires-Python
    """, unless=r"Link requires|Ignored the following"),
    R("DEPENDENCY_FAILED", 0.94, r"""
        (?P<subject>pg_config|mysql_config|llvm-config|curl-config) (?:executable )?not found
    """),
)
