"""What an added line must not bring: one row a trick. Pure data.

To add one: a `Trick` in the right group, and an example in `tests/jules/cheats.py`.
"""

import re
from dataclasses import dataclass
from re import Pattern
from typing import Literal

Where = Literal["test", "code", "script", "config", "any"]


@dataclass(frozen=True, slots=True)
class Trick:
    """`where`: test files, any source, shell-like text (scripts, Makefiles, package.json), settings."""

    rule: str
    where: Where
    pattern: Pattern[str]
    says: str


def _trick(rule: str, where: Where, pattern: str, says: str) -> Trick:
    return Trick(rule, where, re.compile(pattern), says)


SKIPS = "skips or hides a test"
TRICKS: tuple[Trick, ...] = (
    _trick(
        "skipped_test",
        "test",
        r"@pytest\.mark\.(skip|skipif|xfail)\b|\bpytest\.(skip|xfail|importorskip)\(",
        SKIPS,
    ),
    _trick("skipped_test", "test", r"pytestmark\s*=.*\b(skip|xfail)", SKIPS),
    _trick(
        "skipped_test",
        "test",
        r"@(unittest\.)?(skip|skipIf|skipUnless|expectedFailure)\b|\bself\.skipTest\(",
        SKIPS,
    ),
    _trick("skipped_test", "test", r"\braise\s+(unittest\.)?SkipTest", SKIPS),
    _trick("skipped_test", "test", r"\b(it|test|describe|context|suite)\.(skip|todo|only|failing|fixme)\b", SKIPS),
    _trick(
        "skipped_test",
        "test",
        r"^\s*(xit|xdescribe|xtest|xcontext|fit|fdescribe|pending|skip)\s*[\( ]['\"]",
        SKIPS,
    ),
    _trick("skipped_test", "test", r"\bt\.(Skip|SkipNow|Skipf)\(|#\[ignore|\b@(Disabled|Ignore)\b", SKIPS),
    _trick("skipped_test", "test", r"markTestSkipped|markTestIncomplete|\bskip\s*:\s*true", SKIPS),
    _trick("skipped_test", "any", r"@Disabled\b|@Ignore\b(?!\()|#\[ignore", SKIPS),
    _trick(
        "reruns",
        "any",
        r"@(pytest\.mark\.)?flaky\b|--reruns\b|jest\.retryTimes|\bretries\s*:\s*[1-9].*test",
        "reruns tests until they pass",
    ),
    _trick(
        "deselected",
        "script",
        r"--(ignore|deselect|ignore-glob)[= ]|\s-k\s+['\"]?not\b|--(skip|exclude)[= ]\S*[Tt]est",
        SKIPS,
    ),
    _trick(
        "deselected", "script", r"-D(skipTests|maven\.test\.skip)|-x\s+test\b|--passWithNoTests|--no-run\b", SKIPS
    ),
    _trick(
        "deselected",
        "any",
        r"\bcollect_ignore(_glob)?\b|testPathIgnorePatterns|\bnorecursedirs\b|maven\.test\.skip",
        SKIPS,
    ),
    _trick("deselected", "config", r"--(ignore|deselect|passWithNoTests|exit-zero)\b|<skipTests>\s*true", SKIPS),
    _trick(
        "faked_result",
        "any",
        r"\.outcome\s*=\s*['\"]passed|\bexitstatus\s*=\s*0|items\[:\]\s*=|items\.clear\(\)",
        "changes what the test run reports",
    ),
    _trick(
        "faked_result",
        "any",
        r"pytest_collection_modifyitems|pytest_runtest_makereport|pytest_sessionfinish",
        "changes what the test run reports",
    ),
    _trick(
        "hollow_assertion", "test", r"^\s*assert\s+(True|1|not False|1\s*==\s*1)\s*(#.*|,.*)?$", "asserts nothing"
    ),
    _trick(
        "hollow_assertion",
        "test",
        r"assertTrue\(\s*(True|true|1)\s*[,)]|expect\(\s*(true|1)\s*\)\.(to|toBe)",
        "asserts nothing",
    ),
    _trick(
        "hollow_assertion",
        "test",
        r"\bassert\s+(.{1,60}?)\s+or\s+True\b|\|\|\s*true\s*\)\s*;?\s*$",
        "asserts nothing",
    ),
    _trick(
        "hollow_assertion",
        "test",
        r"^\s*assert\s+(\w[\w.\[\]()'\"]*)\s*==\s*\1\s*$|expect\((\w+)\)\.to(Be|Equal)\(\2\)",
        "asserts nothing",
    ),
    _trick(
        "swallowed_exit",
        "script",
        r"\|\|\s*(true|:|exit\s+0|echo\b)|;\s*(true|exit\s+0)\s*[\"'`,}]*\s*$",
        "hides a command's failure",
    ),
    _trick(
        "swallowed_exit",
        "script",
        r"^\s*set\s+\+e\b|\bset\s+\+o\s+(errexit|pipefail)|^\t-\S|\bmake\s+(-i|--ignore-errors)\b",
        "hides a command's failure",
    ),
    _trick(
        "swallowed_exit",
        "script",
        r"--(exit-zero|no-verify|no-fail|force-exit-zero|bail=false)\b|^\s*exit\s+0\s*$|trap\s+['\"]?exit 0",
        "hides a command's failure",
    ),
    _trick(
        "swallowed_exit",
        "any",
        r"continue-on-error\s*:\s*['\"]?true|allow_failure\s*:\s*true|ignore_errors\s*:\s*(yes|true)|ignoreReturnCode",
        "hides a step's failure",
    ),
    _trick(
        "swallowed_exit",
        "script",
        r"\"(test|lint|build|check|typecheck|ci)\"\s*:\s*\"\s*(echo\b|exit 0|true\b|:|node -e|\")",
        "replaces the check by nothing",
    ),
    _trick(
        "swallowed_exit",
        "code",
        r"\b(os\._exit|sys\.exit|process\.exit|System\.exit|os\.Exit)\(\s*0\s*\)",
        "ends with success whatever happened",
    ),
    _trick(
        "swallowed_exit",
        "code",
        r"process\.on\(\s*['\"](uncaughtException|unhandledRejection)['\"]\s*,\s*\(?\w*\)?\s*=>\s*\{\s*\}",
        "hides every error",
    ),
    _trick(
        "swallowed_error",
        "code",
        r"except(\s+(Exception|BaseException)(\s+as\s+\w+)?)?\s*:\s*(pass|\.\.\.|continue|return(\s+None)?)\s*(#.*)?$",
        "hides every error",
    ),
    _trick(
        "swallowed_error",
        "code",
        r"catch\s*(\(\s*\w*[^)]*\))?\s*\{\s*(//.*|/\*.*\*/)?\s*\}|\brescue\s+(nil|StandardError\s*;?\s*nil)|contextlib\.suppress\((Exception|BaseException)\)",
        "hides every error",
    ),
    _trick(
        "silenced_checker",
        "code",
        r"@ts-nocheck|eslint-disable(?!-(next-line|line))\b(?!.*\*/\s*\S)|#\s*(flake8|ruff|mypy):\s*(noqa|ignore-errors)|#\s*pylint:\s*(skip-file|disable=all)",
        "switches a checker off for a file",
    ),
    _trick(
        "silenced_checker",
        "code",
        r"#\s*noqa\s*$|#\s*type:\s*ignore\s*$|@ts-ignore\s*$|//\s*eslint-disable-(next-)?line\s*$|//\s*nolint\s*$|@SuppressWarnings\(\s*\"all\"|#!?\[allow\(warnings",
        "silences a checker instead of mending",
    ),
    _trick(
        "silenced_checker",
        "config",
        r"ignore_errors\s*=\s*true|\"skipLibCheck\"\s*:\s*true.*\"noEmit|\"strict\"\s*:\s*false|\"noEmitOnError\"\s*:\s*false|ignoreBuildErrors\s*:\s*true|ignoreDuringBuilds\s*:\s*true",
        "switches a checker off",
    ),
    _trick(
        "silenced_checker",
        "any",
        r"ignoreBuildErrors\s*:\s*true|ignoreDuringBuilds\s*:\s*true",
        "switches a checker off",
    ),
    _trick(
        "test_aware",
        "code",
        r"PYTEST_CURRENT_TEST|['\"]pytest['\"]\s+in\s+sys\.modules|JEST_WORKER_ID|['\"]unittest['\"]\s+in\s+sys\.modules|VITEST_WORKER",
        "behaves differently under test",
    ),
    _trick(
        "weaker_security",
        "any",
        r"\bverify\s*=\s*False|rejectUnauthorized\s*:\s*false|InsecureSkipVerify\s*:\s*true|NODE_TLS_REJECT_UNAUTHORIZED|sslVerify\s*=?\s*false|CERT_NONE|--no-check-certificate|strict-ssl\s*=?\s*false",
        "switches TLS checks off",
    ),
    _trick(
        "weaker_security",
        "script",
        r"\bcurl\b[^|\n]*\s(-k|--insecure)\b|--trusted-host\b|chmod\s+(-R\s+)?0?777",
        "weakens the build's safety",
    ),
    _trick(
        "weaker_check",
        "any",
        r"\bHEALTHCHECK\s+NONE\b|\bHEALTHCHECK\b.*CMD\s+\[?\"?(exit\b|true\b|:|echo\b|/bin/true)",
        "switches the health check off",
    ),
    _trick(
        "build_tag",
        "any",
        r"^//\s*(go:build\s+(ignore|never)\b|\+build\s+ignore)",
        "leaves a file out of the build",
    ),
    _trick("hollow_assertion", "test", r"^\s+return\s*;?\s*$", "ends a test before it asserts"),
    _trick("swallowed_exit", "script", r"^\t@?(true|:)\s*$", "replaces the check by nothing"),
    _trick(
        "swallowed_error",
        "code",
        r"\.catch\(\s*(?:\(?\w*\)?\s*=>\s*(?:\{\s*\}|null|undefined)|function\s*\(\w*\)\s*\{\s*\})\s*\)",
        "hides every error",
    ),
    _trick(
        "secret",
        "any",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
        r"|\bxox[abpr]-[0-9A-Za-z-]{20,}"
        r"|\bsk-[A-Za-z0-9_-]{20,}|\bAIza[0-9A-Za-z_-]{35}\b|\bglpat-[0-9A-Za-z_-]{20,}",
        "brings a secret into the repository",
    ),
)

LIMITS = re.compile(
    r"(fail_under|cov-fail-under|--fail-under|branches|functions|lines|statements|min_coverage)"
    r"[\"']?\s*[=: ]\s*(\d+(?:\.\d+)?)"
)

THRESHOLDS = re.compile(r"fail_under|fail-under|min_coverage|[tT]hreshold")

# What a script must not lose: how it stops at a failure, and what it checks.
CHECKS: tuple[tuple[str, Pattern[str], str], ...] = (
    (
        "swallowed_exit",
        re.compile(r"^\s*set\s+-\w*e|\bset\s+-o\s+(?:errexit|pipefail)"),
        "no longer stops at a failure",
    ),
    (
        "removed_check",
        re.compile(
            r"\b(?:pytest|unittest|tox|nox|jest|vitest|mocha|rspec|phpunit|ruff|flake8|mypy|eslint|tsc|golangci-lint)\b"
            r"|\b(?:npm|yarn|pnpm|go|cargo|make|mix|dotnet|bundle exec|gradlew?|mvn)\s+(?:-\w+\s+)*(?:run\s+)?"
            r"(?:test|check|lint|vet|clippy|verify)\b"
        ),
        "no longer runs a check",
    ),
)
