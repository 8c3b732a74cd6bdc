"""Trust, section N: what is installed is what was chosen; no secret is in the repository, nor what is served."""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from aiops_site.web import static_files
from providers.redaction import MASK, Redactor
from tests.aiops_site.running import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)(?: ?;[^\\]*)?(?: \\)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
# Beside the shapes that the product's own redaction knows (of providers and forges).
RULES = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\s+[A-Za-z0-9+/=\s]{60}"),
    "token of a chat": re.compile(r"xox[abeoprs]-[0-9]{8,}-[0-9A-Za-z-]{20,}"),
    "hook of a chat": re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}"),
    "key of a payment service": re.compile(r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{20,}"),
    "signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}"),
    "token of a registry": re.compile(r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,})"),
    "key of a mail service": re.compile(r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{30,}"),
    "Fernet key": re.compile(r"(?<![A-Za-z0-9_+/=-])[A-Za-z0-9_-]{43}=(?![=A-Za-z0-9])"),
}
# A name that says so, and a long text of many different signs behind it.
ASSIGNED = re.compile(
    r"""(?i)(?:secret|token|passw(?:or)?d|api_?key|private_?key)[a-z_]*["']?\s*[:=]\s*["']([^\s"'{}$<>]{20,})["']"""
)
MADE_UP = re.compile(
    r"(?i)canary|example|made|brought|tests?-only|fake|bench|wrong|not-?a-|0123456789|abcdef|x{6}|secret|token|password|key"
)
NEVER_SERVED = re.compile(r"\.(?:map|py|pyc|sqlite3?|db|env|git|pem|key|log)$|(?:^|/)\.")


def entropy(text: str) -> float:
    """Bits a sign."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def secrets_in(text: str) -> Iterator[str]:
    """What looks like a secret that somebody could use: by shape, or by the name before it."""
    for rule in RULES.values():
        yield from (found.group() for found in rule.finditer(text))
    for found in ASSIGNED.finditer(text):
        if entropy(found[1]) > 3.7 and not MADE_UP.search(found[1]):
            yield found[1]
    masked = Redactor([]).whole(text)
    if masked != text:
        for line, shown in zip(text.splitlines(), masked.splitlines(), strict=True):
            if line != shown:
                before, _, after = shown.partition(MASK)
                found = line[len(before) : len(line) - len(after.replace(MASK, ""))] or line
                if not MADE_UP.search(found):
                    yield found


def kept_files() -> list[Path]:
    """All that the repository keeps."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if name]
    skipped = {".venv", "var", ".git", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", "staticfiles"}
    found = (path for path in ROOT.rglob("*") if not skipped & set(path.relative_to(ROOT).parts))
    return [path for path in found if path.is_file() and path.name != ".env"]


def test_n4_no_secret_stands_in_the_repository() -> None:
    # The lock holds nothing but pins and hashes (see below).
    paths = [path for path in kept_files() if path.is_file() and path.suffix not in {".lock", ".png"}]
    assert len(paths) > 500
    found = [
        f"{path.relative_to(ROOT)}: {secret}"
        for path in paths
        for secret in secrets_in(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert not found, "revoke it, or name it so that it is seen to be made up:\n" + "\n".join(found)


PLANTED = """ghp_|q8RtZ4mW2vLx7PbN5cYdKs9JhGfA1eUo3TiB AKIA|Q3ZLM5XW2NRT7VYP
sk-|ant-api03-q8RtZ4mW2vLx7PbN5cYdKs9JhGfA1eUo3TiBq8RtZ4mW2vLx7PbN5cYdKs9JhGfA1eUo3TiBq8RtZ4mW2vLx7PbN5cYAA
xoxb-|482917365018-q8RtZ4mW2vLx7PbN5cYd sk_live_|q8RtZ4mW2vLx7PbN5cYdKs9J
eyJq8RtZ4mW2vLx7PbN|.eyJ5cYdKs9JhGfA1eUo3Ti.Bq8RtZ4mW2vLx7PbN5cYdKs9JhGfA1
q8RtZ4mW2vLx7PbN5cYdKs|9JhGfA1eUo3TiBq8RtZ4m=""".split()


@pytest.mark.parametrize("secret", PLANTED)
def test_n4_a_secret_would_be_found(secret) -> None:
    whole = secret.replace("|", "")  # cut in two here, so that this file holds none
    assert list(secrets_in(f"value = 1  # {whole} for now\n"))
    assert not list(secrets_in("value = 1  # nothing for now\n"))


def test_n4_a_secret_without_a_shape_is_found_by_its_name() -> None:
    assert list(secrets_in('DB_PASSWORD = "' + "q8RtZ4mW2vLx7PbN5cYdKs9J" + '"'))
    assert not list(secrets_in('PASSWORD_FIELD = "the_new_words_of_sign_in"'))


def test_n4_no_source_map_repository_or_database_is_among_the_static_files() -> None:
    served = [path for finder in get_finders() for path, _ in finder.list([])]
    assert len(served) > 50
    assert not [path for path in served if NEVER_SERVED.search(path)]


def test_n4_packages_scripts_are_stored_without_their_source_maps(tmp_path) -> None:
    """Collecting them asks for no map, although their last line names one."""
    storage = static_files.Storage(location=str(tmp_path))
    script = tmp_path / "some.js"
    script.write_text("const a = 1;\n//# sourceMappingURL=some.js.map\n")
    hashed = [found for _, found, _ in storage.post_process({"some.js": (storage, "some.js")})]
    assert hashed and not [one for one in hashed if isinstance(one, Exception)]


def pins(path: Path) -> dict[str, str]:
    """{name: version} of a requirements file; other lines than pins, hashes and comments are none of it."""
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#") or HASH.match(line):
            continue
        pinned = PINNED.match(line)
        assert pinned, f"{path.name}: {line}"
        found[canonicalize_name(pinned[1])] = pinned[2]
    return found


def test_n3_all_is_pinned_and_the_lock_has_the_same_with_hashes() -> None:
    asked, locked = pins(ROOT / "requirements.txt"), pins(ROOT / "docs/deploy/requirements.lock")
    assert len(asked) > 30
    assert {name: locked.get(name) for name in asked} == asked, "make requirements.lock anew (docs/operations.md)"
    text = (ROOT / "docs/deploy/requirements.lock").read_text()
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry or entry.startswith("#"), entry


def installed(name: str) -> Iterator[str]:
    """What a package needs here, itself included."""
    seen, look = set(), [name]
    while look:
        one = canonicalize_name(look.pop())
        try:
            needs = distribution(one).requires or []
        except PackageNotFoundError:
            continue
        if one not in seen:
            seen.add(one)
            wanted = [Requirement(line) for line in needs]
            look += [need.name for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]
    yield from seen


def test_n3_no_package_runs_code_by_being_installed() -> None:
    """A line of a .pth file that begins with `import` runs at every start of Python, whether it is used or not.
    Each environment has that of setuptools, which is known."""
    names = {found for name in pins(ROOT / "requirements.txt") for found in installed(name)} - {"setuptools"}
    assert len(names) > 50
    running = [
        f"{name}: {file}"
        for name in names
        for file in distribution(name).files or []
        if file.suffix == ".pth" and re.search(r"(?m)^import\s", Path(str(file.locate())).read_text())
    ]
    assert not running
