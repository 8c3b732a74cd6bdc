"""Which paths a fix may touch. Git's own checks come on top; these catch what it lets through."""

import fnmatch
import unicodedata
from collections.abc import Iterable, Mapping

LONGEST = 250
LINK_MODES = ("120000", "160000")  # symbolic links, and other repositories
PROTECTED = (
    ".github/*",
    ".gitlab-ci.yml",
    ".gitlab/*",
    "bitbucket-pipelines.yml",
    "azure-pipelines*.yml",
    "jenkinsfile*",
    ".circleci/*",
    ".travis.yml",
    ".drone.yml",
    ".buildkite/*",
    ".woodpecker*",
    ".gitmodules",
    ".gitattributes",
    ".githooks/*",
    ".husky/*",
    "codeowners",
    "*/codeowners",
    ".pre-commit-config.yaml",
    ".env",
    ".env.*",
    "*/.env",
    "*/.env.*",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_ed25519*",
    ".npmrc",
    "*/.npmrc",
    ".pypirc",
    ".netrc",
)
LOCK_FILES = (
    "*.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "go.sum",
    "pipfile.lock",
    "gradle.lockfile",
    "packages.lock.json",
    "bun.lockb",
)
EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist")


def objection(path: str, modes: Mapping[str, str], protected: Iterable[str] = PROTECTED) -> str:
    """Why `path` must not be touched, in a sentence; empty where it may.

    `modes`: path -> git mode of every entry of the tree that the fix is made on, folders left out.
    """
    if not path or len(path) > LONGEST:
        return f"A path has 1 to {LONGEST} characters."
    if any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for c in path) or "\\" in path:
        return f"{path!r} has control or invisible characters, or a backslash."
    if unicodedata.normalize("NFC", path) != path:
        return f"{path!r} is not in the usual Unicode form (NFC)."
    parts = path.split("/")
    if path.startswith(("/", "~")) or any(
        p in ("", ".", "..") or p.endswith((" ", ".")) or ":" in p for p in parts
    ):
        return f"{path} does not name a file inside the repository."
    if any(p.casefold() == ".git" or p.casefold().startswith("git~") for p in parts):
        return f"{path} is git's own."
    return _of_tree(path, modes) or _guarded(path, protected)


def _of_tree(path: str, modes: Mapping[str, str]) -> str:
    if modes.get(path) in LINK_MODES:
        return f"{path} is a link or another repository; it is not edited."
    parts = path.split("/")
    above = {"/".join(parts[:n]) for n in range(1, len(parts))}
    if linked := [a for a in above if a in modes]:
        what = "a link" if modes[linked[0]] in LINK_MODES else "a file"
        return f"{linked[0]} is {what}, so nothing can stand below it."
    if path not in modes:
        folded = path.casefold()
        if clash := next((p for p in modes if p.casefold() == folded), None):
            return f"{path} differs from {clash} only in upper and lower case."
        if any(p.startswith(f"{path}/") for p in modes):
            return f"{path} is a folder."
    return ""


def _guarded(path: str, protected: Iterable[str]) -> str:
    lower = path.lower()
    name = lower.rpartition("/")[2]
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in LOCK_FILES):
        return f"{path} is a lock file: its own tool writes it, not a fix."
    if name in EXAMPLES:
        return ""
    if any(fnmatch.fnmatchcase(lower, p) or fnmatch.fnmatchcase(name, p) for p in protected):
        return f"{path} is protected: fixes don't touch CI, hooks, keys and secrets."
    return ""
