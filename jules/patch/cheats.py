"""Stops patches that make a failure disappear without mending it: a mechanical look at before and after.

It errs on the side of stopping; a stopped fix is shown with its reason and its diff, and no branch is pushed.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jules.patch.cheat_patterns import CHECKS, LIMITS, THRESHOLDS, TRICKS, Where

TEST_PLACE = re.compile(
    r"(^|/)(tests?|__tests__|spec|specs|testing)/|(^|/)(test_[^/]*|[^/]*_test|[^/]*[._-](test|spec)s?|conftest|[^/]*Tests?)\.\w+$"
)
SNAPSHOT = re.compile(r"(^|/)__snapshots__/|\.snap$|(^|/)(snapshots|golden|expected)/")
CODE = re.compile(r"\.(py|js|jsx|ts|tsx|mjs|cjs|go|rs|java|kt|rb|php|cs|c|cc|cpp|h|swift|scala|ex|exs)$")
SCRIPT = re.compile(
    r"\.(sh|bash|zsh|ps1|mk|toml|cfg|ini|ya?ml)$|(^|/)(Makefile|Dockerfile[^/]*|Procfile|justfile|package\.json|tox\.ini)$|(^|/)Taskfile"
)
CONFIG = re.compile(
    r"\.(toml|cfg|ini|ya?ml|json|xml|gradle|kts|jsonc)$|(^|/)(\.eslintrc|\.flake8|\.coveragerc)[^/]*$|\.config\.\w+$"
)
PROSE = re.compile(r"\.(md|rst|txt|adoc)$", re.IGNORECASE)

TESTS = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+(test\w*)"
    r"|(?:it|test|specify)(?:\.each\([^)]*\))?[ \t]*\(?[ \t]*['\"`]([^'\"`\n]+)"
    r"|func[ \t]+(Test\w+|Benchmark\w+|Fuzz\w+)"
    r"|(@Test|@ParameterizedTest|#\[(?:tokio::)?test\]|\[Fact\]|\[Theory\]))",
    re.MULTILINE,
)
ASSERTIONS = re.compile(
    r"^[ \t]*(?:await[ \t]+)?(?:self\.assert\w+|assert\w*[!( \t]|expect\(|.*\.should[.(\[]"
    r"|t\.(?:Error|Fatal|Errorf|Fatalf)\("
    r"|(?:require|assert)\.\w+\(|with pytest\.raises)",
    re.MULTILINE,
)
STRICT = re.compile(
    r"[^=!<>]==[^=]|assertEqual|assertRaises|pytest\.raises|\.to(Be|Equal|StrictEqual|Throw|HaveBeenCalledWith|MatchObject)\("
    r"|assert_eq!|\.Equal\(|assertThrows|assertEquals|DeepEqual|deepEqual|strictEqual|\beq\("
)
COMMENT = re.compile(r"^\s*(#(?!!?\[)|//|/\*|\*|<!--|--\s)")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a patch: its text before and after; None where it is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` is 1-based in the new text, 0 where the finding is of the whole file."""

    path: str
    rule: str
    line: int
    says: str


def find(files: Sequence[File]) -> tuple[Finding, ...]:
    """Everything that looks like hiding a failure; empty for an honest patch."""
    looks = (_added, _lowered, _lost_checks, _replaced_subject)
    found = [finding for file in files for look in looks for finding in look(file)]
    found += _deleted(files)
    found += _changed_expectations(files)
    return tuple(dict.fromkeys(found))


def is_test(path: str) -> bool:
    return bool(TEST_PLACE.search(path)) and not PROSE.search(path)


def _kinds(path: str) -> set[Where]:
    if PROSE.search(path) and not path.endswith("requirements.txt"):
        return set()
    kinds: set[Where] = {"any"}
    if is_test(path):
        kinds |= {"test"}
    if CODE.search(path):
        kinds |= {"code"}
    if SCRIPT.search(path):
        kinds |= {"script"}
    if CONFIG.search(path):
        kinds |= {"config"}
    return kinds


def added_lines(before: str, after: str) -> list[tuple[int, str]]:
    """(1-based number, text) of the lines that are new in `after`."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [(n + 1, new[n]) for tag, _, _, a, b in matcher.get_opcodes() if tag != "equal" for n in range(a, b)]


def _added(file: File) -> Iterable[Finding]:
    """Tricks on added lines; an `except` and its body on the next line are read as one."""
    if file.after is None:
        return
    kinds, before = _kinds(file.path), file.before or ""
    lines = file.after.splitlines()
    for number, line in added_lines(before, file.after):
        follows = lines[number].strip() if number < len(lines) and line.rstrip().endswith((":", "{")) else ""
        text = f"{line} {follows}" if follows else line
        bare = COMMENT.match(line)
        for trick in TRICKS:
            if trick.where not in kinds or (
                bare and trick.rule not in ("secret", "silenced_checker", "build_tag")
            ):
                continue
            if trick.pattern.search(line) or (follows and trick.pattern.search(text)):
                yield Finding(file.path, trick.rule, number, f"{file.path}, line {number}, {trick.says}.")
                break


def _lowered(file: File) -> Iterable[Finding]:
    """A coverage limit that goes down, or away."""
    if file.before is None or file.after is None:
        return
    old, new = dict(LIMITS.findall(file.before)), dict(LIMITS.findall(file.after))
    for name in sorted(set(old) - set(new)) if THRESHOLDS.search(file.before) else ():
        yield Finding(file.path, "lowered_limit", 0, f"{file.path} takes the limit {name} out.")
    for name, value in new.items():
        if name in old and float(value) < float(old[name]):
            yield Finding(file.path, "lowered_limit", 0, f"{file.path} lowers {name} from {old[name]} to {value}.")


def _lost_checks(file: File) -> Iterable[Finding]:
    """A script that stops at fewer failures, or runs fewer checks, than before."""
    if file.before is None or "script" not in _kinds(file.path):
        return
    before, after = (_code_of(text).splitlines() for text in (file.before, file.after))
    for rule, pattern, says in CHECKS:
        if sum(map(bool, map(pattern.search, after))) < sum(map(bool, map(pattern.search, before))):
            yield Finding(file.path, rule, 0, f"{file.path} {says}.")


IMPORTED = re.compile(
    r"^\s*from\s+[\w.]+\s+import\s+\(?([\w, ]+)"
    r"|^\s*(?:const|let|var|import)[ \t]+\{?([\w, ]+)\}?[ \t]*(?:=\s*require|from)\b",
    re.M,
)
DEFINED = re.compile(r"^\s*(?:def|function|const|let|var|class)?\s*(\w+)\s*(?:\(|=(?!=))", re.M)


def _replaced_subject(file: File) -> Iterable[Finding]:
    """A test that defines by itself what it imported before: it no longer tests the product."""
    if not is_test(file.path) or not file.before or not file.after:
        return
    old, new = (_names(IMPORTED, text) for text in (file.before, file.after))
    for name in sorted((old - new) & _names(DEFINED, file.after) - _names(DEFINED, file.before)):
        yield Finding(
            file.path, "replaced_subject", 0, f"{file.path} defines {name} by itself and no longer imports it."
        )


def _names(pattern: re.Pattern[str], text: str) -> set[str]:
    found = (group for match in pattern.finditer(text) for group in match.groups() if group)
    return {name.split(" as ")[-1].strip() for names in found for name in names.split(",")}


def _code_of(text: str | None) -> str:
    return "\n".join(line for line in (text or "").splitlines() if not COMMENT.match(line))


def _deleted(files: Sequence[File]) -> list[Finding]:
    """Tests, assertions and strict assertions that are fewer after the patch, over all its test files."""
    tests = [file for file in files if is_test(file.path) or TESTS.search(_code_of(file.before))]
    counted = (
        (TESTS, "deleted_test", "test", "tests"),
        (ASSERTIONS, "deleted_assertion", "assertion", "assertions"),
    )
    found = []
    for pattern, rule, one, many in counted:
        before = [len(pattern.findall(_code_of(f.before))) for f in tests]
        after = [len(pattern.findall(_code_of(f.after))) for f in tests]
        lost = sum(before) - sum(after)
        if lost > 0:
            worst = max(zip(before, after, tests, strict=True), key=lambda row: row[0] - row[1])[2].path
            found.append(Finding(worst, rule, 0, f"{lost} {one if lost == 1 else many} deleted in {worst}."))
    strict = [sum(len(STRICT.findall(line)) for line in _asserting(f.before)) for f in tests]
    now = [sum(len(STRICT.findall(line)) for line in _asserting(f.after)) for f in tests]
    for file, was, is_now in zip(tests, strict, now, strict=True):
        if is_now < was and not found:
            found.append(
                Finding(file.path, "weaker_assertion", 0, f"{file.path} compares less strictly than before.")
            )
    emptied = [f for f in files if is_test(f.path) and f.before and not (f.after or "").strip()]
    found += [Finding(f.path, "deleted_test", 0, f"{f.path} is a test file and is deleted.") for f in emptied]
    return found


def _asserting(text: str | None) -> list[str]:
    return [line for line in _code_of(text).splitlines() if ASSERTIONS.match(line)]


def _changed_expectations(files: Sequence[File]) -> list[Finding]:
    """What a test expects is changed and no code is: the expectation was bent to the failure."""
    if any(CODE.search(f.path) and not is_test(f.path) for f in files):
        return []
    found = []
    for file in files:
        if file.before is None or file.after is None:
            continue
        if SNAPSHOT.search(file.path):
            found.append(Finding(file.path, "changed_expectation", 0, f"{file.path} is a recorded expectation."))
        elif is_test(file.path):
            old, new = set(_asserting(file.before)), set(_asserting(file.after))
            if old - new and new - old:
                said = f"{file.path} changes what a test expects, and no code with it."
                found.append(Finding(file.path, "changed_expectation", 0, said))
    return found
