"""The package folder that a service names: bound read-only at /packages, where it may be.

The console can read more than a build may see. So a folder is bound only where an admin opened it
(PACKAGE_FOLDERS), or where it holds nothing but packages.
"""

import os
import shutil
from pathlib import Path

from django.conf import settings

from intelligence.deployer.job import Failed

SUFFIXES = (
    ".whl",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".zip",
    ".jar",
    ".pom",
    ".gem",
    ".crate",
    ".nupkg",
    ".deb",
    ".rpm",
)
PLAIN = frozenset({"requirements.txt", "constraints.txt", "SHA256SUMS", "README.md", "index.html"})
MOST_FILES, MOST_BYTES = 20_000, 4 * 1024**3
CLOSED = (
    "The package folder {folder} can't be used: it holds more than packages ({name}), and PACKAGE_FOLDERS does "
    "not open it."
)


def prepared(named: str, base: Path) -> dict[Path, str]:
    """{folder: "/packages"}, or nothing where none is named. A folder that the sandbox's user can't come to is
    copied into `base`. Errors: Failed."""
    if not named:
        return {}
    folder = Path(named).resolve()
    if not Path(named).is_absolute() or not folder.is_dir():
        raise Failed(f"The package folder {named} is not a folder on this machine.")
    if not any(folder.is_relative_to(Path(one).resolve()) for one in settings.PACKAGE_FOLDERS):
        only_packages(folder)
    if os.geteuid() == 0 and not all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents)):
        folder = Path(shutil.copytree(folder, base / "packages", symlinks=True))
        folder.chmod(0o755)
    return {folder: "/packages"}


def only_packages(folder: Path) -> None:
    """Errors: Failed, which names the first file that is no package."""
    count = size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            if path.is_symlink() or not (name.endswith(SUFFIXES) or name in PLAIN):
                raise Failed(CLOSED.format(folder=folder, name=name))
            count, size = count + 1, size + path.stat().st_size
            if count > MOST_FILES or size > MOST_BYTES:
                raise Failed(f"The package folder {folder} holds more than {MOST_FILES:,} files or 4 GB.")
