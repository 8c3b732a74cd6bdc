"""Rows for tests and linters."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("TEST_FAILURE", 0.97, r"""
        ^(?:\S+ +)?FAILED (?P<subject>\S+::\S+)
    """),
    R("TEST_FAILURE", 0.9, r"""
        (?:=+ |^)(?:\d+ \w+, )*[1-9]\d* failed\b.* in [\d.]+
        ^Tests: +.*\b[1-9]\d* failed
        [1-9]\d* (?:tests? )?failed, \d+ (?:passed|total)
        Tests run: \d+, Failures: (?:[1-9]\d*, Errors: \d+|0, Errors: [1-9])
        FAILED \((?:failures|errors)=\d+
    """),
    R("TEST_FAILURE", 0.96, r"""
        ^(?:FAIL|ERROR): (?P<subject>test\w* \([^)]*\))
        ^FAIL:? (?P<subject>test_\w+)
    """),
    R("TEST_FAILURE", 0.93, r"""
        ^(?:\S+ +)?E  +(?P<subject>(?:AssertionError|assert |Failed: )[^\n]*)
    """),
    R("TEST_FAILURE", 0.96, r"""
        ^ *● (?P<subject>.+ › .+)
        ^ *FAIL  ?(?P<subject>\S+\.(?:[jt]sx?|mjs|vue)) >
        ^not ok \d+ (?:- )?(?P<subject>.+)
        ^ +[1-9]\d*\) (?P<subject>\w[^/:(]*):?$
        ^ +[1-9]\d*\) (?P<subject>\[?\w.+ › .+)
        ^(?P<subject>\w+(?:::\w+)*#test_\w+)
        ^ +[1-9]\d*\) (?P<subject>test .+ \(\w[\w.]*\))$
    """, unless=r"# TODO|# SKIP|(?i:install|deploy|build)|did not run successfully"),
    R("TEST_FAILURE", 0.9, r"""
        ^ *FAIL  ?(?P<subject>\S+\.(?:[jt]sx?|mjs|vue)\b)
        ^ +[1-9]\d* failing\b
        ^# fail [1-9]
        ✖ failing tests
        ^\s*(?:✕|✗|✘|×) (?P<subject>.+)
        Test Files +[1-9]\d* failed
        AssertionError \[ERR_ASSERTION\]
        [1-9]\d* of \d+ tests? failed
        ^ +[1-9]\d*\) +[1-9]\)[ ]
    """, unless=r"# TODO|# SKIP|(?i:install|deploy|build)|did not run successfully"),
    R("TEST_FAILURE", 0.96, r"""
        ^ *--- FAIL: (?P<subject>\S+)
        ^FAIL\t(?P<subject>\S+)\t[\d.]+s
    """, unless=r"\[(?:build|setup) failed\]"),
    R("TEST_FAILURE", 0.93, r"""
        ^test (?P<subject>\S+) \.\.\. FAILED
                ^test (?P<subject>\S+) - .*FAILED
        assertion (?:`left == right`|failed)
    """),
    R("TEST_FAILURE", 0.9, r"""
        test result: FAILED
        error: test failed, to rerun
    """),
    R("TEST_FAILURE", 0.9, r"""
        There are test failures
        \| FAIL \|$
        ^ +[1-9]\d* failed$
        There were failing tests
        Some tests failed
        Failures: [1-9]\d*,? Errors
    """, unless=r"Failures: 0, Errors: 0"),
    R("TEST_FAILURE", 0.93, r"""
        <<< (?:FAILURE|ERROR)!
        (?P<subject>\w+Tests?)\s+.*FAILED
        ^(?P<subject>\S+ > \S+.*) FAILED$
        org\.opentest4j\.AssertionFailedError
        junit\.framework\.AssertionFailedError
        java\.lang\.AssertionError
        ComparisonFailure
        ^\[ERROR\]   (?P<subject>\w+\.\w+:\d+)
        Tests run:\s*\d+,\s+Failures: [1-9]
        expected:? ?<.*> but was:? ?<
    """, unless=r"Failures: 0, Errors: 0"),
    R("TEST_FAILURE", 0.92, r"""
        ^rspec (?P<subject>\./\S+:\d+)
        \b\d+ examples?, [1-9]\d* failures?
        \d+ runs, \d+ assertions, (?:[1-9]\d* failures|0 failures, [1-9]\d* errors)
        ^FAILURES!$
        Tests: \d+, Assertions: \d+, (?:Failures|Errors): [1-9]
        ^There (?:was|were) \d+ (?:failure|error)s?:
        Failure/Error: (?P<subject>[^\n]+)
        Failed asserting that (?P<subject>[^\n]+)
        ^\d+\) (?P<subject>[\w\\]+::test\w+)
        tests? FAILED
        The following tests FAILED
        [1-9]\d*% tests passed, [1-9]\d* tests failed
        Failed +\S+ \[[\d<]+ ?m?s\]
        Failed!  - Failed: +[1-9]
        \[  FAILED  \] (?P<subject>\S+)
        \d+ tests?, [1-9]\d* failures?
        doctest.*FAILED
        Coverage failure
        coverage threshold .* not met
        Required test coverage of
        bats warning
        [1-9]\d* scenarios? \(.*[1-9]\d* failed
        Some tests did not pass
        expected (?:to )?(?:equal|be)\b.*\breceived\b
    """, unless=r"0 tests failed"),
    R("LINT_FAILURE", 0.95, r"""
        ^(?:\S+ +)?(?P<subject>\.{0,2}/?[\w./@-]+\.pyi?:\d+:\d+): [EWFCNDBSIQTPRU][A-Z]{0,3}\d{2,4}\b
        ^(?:\S+ +)?(?P<subject>\.{0,2}/?[\w./@-]+\.pyi?:\d+:\d+): \[\*\]
    """),
    R("LINT_FAILURE", 0.95, r"""
        ^(?:\S+ +)?(?P<subject>[EWFCNDBSIRUP][A-Z]{0,3}\d{3,4}) (?:\[\*\] )?[A-Z`'].*
    """, any_level=True),
    R("LINT_FAILURE", 0.94, r"""
        (?P<subject>[\w./@-]+\.pyi?:\d+(?::\d+)?): error: .*\[[\w-]+\]$
        (?P<subject>[\w./-]+\.py:\d+): error:[ ]
        [\w./-]+\.py:\d+:\d+ - error:[ ]
    """),
    R("LINT_FAILURE", 0.86, r"""
        Found [1-9]\d* errors? in \d+ files?
        [1-9]\d* errors?, \d+ warnings?, \d+ informations?
        [1-9]\d* errors? found\.$
        Found [1-9]\d* (?:error|diagnostic)s?\.
        ✖ [1-9]\d* problems? \(
        [1-9]\d* problems? \([1-9]\d* errors?
        \[warn\] Code style issues
        Code style issues (?:found|were found)
        [1-9]\d* files? would be (?:reformatted|re-?sorted)
        Found [1-9]\d* errors?\.?(?: \(\d+ fixed|$)
        Oh no![ ]
    """, any_level=True, unless=r"TS\d+|\(0 errors"),
    R("LINT_FAILURE", 0.88, r"""
        ^ *--> (?P<subject>[\w./-]+\.py:\d+:\d+)
        \[\*\] \d+ (?:potentially )?fixable
        ^Would reformat: (?P<subject>\S+)
        ^would reformat (?P<subject>\S+)
        ERROR: (?P<subject>\S+) Imports are incorrectly sorted
        Your code has been rated at
        ^(?P<subject>[\w./-]+\.py:\d+:\d+): [CRWEF]\d{4}:[ ]
    """, any_level=True, unless=r"TS\d+"),
    R("LINT_FAILURE", 0.9, r"""
        ^ +\d+:\d+ +error +.+  +(?P<subject>[@\w/-]+)$
        Forgot to run Prettier
        Run Prettier with --write
        Found [1-9]\d* lint
        Lint errors found
        ESLint found too many warnings
        eslint.*maximum: 0
        \[warn\] \S+\.(?:js|ts|json|css|md|tsx)$
        lint/\w+/\w+[ ]
        Checked \d+ files? in .* Found
    """, any_level=True),
    R("LINT_FAILURE", 0.88, r"""
        \d+ files? inspected, [1-9]\d* offenses? detected
        : [CWEF]: (?:\[Corre?ctable\] )?(?P<subject>[A-Z]\w+/\w+)
        \.go:\d+:\d+: .+ \((?P<subject>errcheck|gosimple|govet|ineffassign|staticcheck|unused|gofmt|revive)\)$
        \.go:\d+:\d+: .+ \((?P<subject>gocritic|typecheck|goimports|gosec|lll|misspell|gosec|stylecheck)\)$
        golangci-lint.*issues
        DL\d{4} (?:error|warning|info)
        \bhadolint\b.*DL\d
        \[(?:ERROR|WARN)\] .*\((?:checkstyle|[A-Z]\w+)\)
        You have [1-9]\d* Checkstyle violations?
        Checkstyle violations
        PMD Failure
        SpotBugs.*bugs
        ^ +\d+:\d+ +error +.*\([\w-]+\)$
        FOUND [1-9]\d* ERRORS?
        \[ERROR\] Found [1-9]\d* errors?
        Diff in .*\.rs
        error: .*clippy::(?P<subject>\w+)
        #\[deny\(clippy
        clippy::\w+.*implied by `-D
        gofmt.*(?:files|diff)
        terraform fmt
        [1-9]\d* offenses? detected
        MD\d{3}/
        subject may not be empty
        hook id: (?P<subject>\S+)
        - files were modified by this hook
    """, any_level=True),
    R("LINT_FAILURE", 0.85, r"""
        `-D (?P<subject>[\w:-]+)` implied by
        the lint level is defined here
        vet:[ ]
        go vet.*failed
        (?P<subject>\S+\.go:\d+:\d+): (?:\S+ )?(?:Printf|Errorf|Sprintf|Println|fmt\.\w+)(?: call| format)
    """, any_level=True),
    R("LINT_FAILURE", 0.9, r"""
        \^-+\^ (?P<subject>SC\d{4})
        (?P<subject>SC\d{4}) \((?:error|warning|info|style)\)
        (?:error|warning|note|info): .*\[(?P<subject>SC\d{4})\]
    """, any_level=True, even_calm=True),
    R("LINT_FAILURE", 0.88, r"""
        not (?:properly |correctly )?formatted\b
        (?:needs|need) (?:re)?formatting
        formatting (?:issues|errors|differences|violations)
    """, any_level=True, any_case=True, unless=r"(?i)JSON|date|string|message|number"),
    R("LINT_FAILURE", 0.93, r"""
        ^\[(?:ERROR|WARN)\] (?P<subject>\S+\.java:\[?\d+[:,\]].*) [\[(]\w+[\])](?: \w+:|$)
        ^ *\d+:\d+ +(?:Error|Warning): .+  (?P<subject>@?[\w-]+(?:/[\w-]+)?)$
    """, any_level=True, unless=r"symbol|expected"),
    R("TEST_FAILURE", 0.92, r"""
        ^ERROR (?P<subject>\S+::\S+)
        ^=+ (?:\d+ \w+, )*[1-9]\d* errors? in [\d.]+
    """),
)
