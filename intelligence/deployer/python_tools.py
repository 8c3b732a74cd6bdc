"""How Python builds work in the sandbox: `pip install` puts packages into the build's own folder, and finds them.

pip may be missing beside /usr/bin/python3 (Debian splits it off), and may not write to /usr: so it is told to
install into /work/.packages, and where there is none the console's own is bound read-only at /opt/pip.
"""

import os
import shutil
from pathlib import Path

from intelligence.agents.confine import SYSTEM_PATH

FOLDER = "/work/.packages"
PLACES = (
    "/usr/lib/python3/dist-packages",
    "/usr/lib/python3*/site-packages",
    "/usr/local/lib/python3*/site-packages",
)
WRAPPER = '#!/bin/sh\nexec python3 -m pip "$@"\n'


def has_pip() -> bool:
    """Whether the machine's own Python brings pip."""
    return any(found for place in PLACES for found in Path("/").glob(f"{place[1:]}/pip/__main__.py"))


def environment(*, network: bool, packages: bool) -> dict[str, str]:
    """Variables of a build. No secret is among them."""
    offline = {"PIP_NO_INDEX": "1"} if not network else {}
    links = {"PIP_FIND_LINKS": "/packages"} if packages else {}
    return {
        "PYTHONPATH": FOLDER if has_pip() else f"{FOLDER}:/opt/pip",
        "PATH": f"{FOLDER}/bin:{SYSTEM_PATH}:/opt/pip/bin",
        "PIP_TARGET": FOLDER,
        "PIP_NO_CACHE_DIR": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        **offline,
        **links,
    }


def own_pip(base: Path) -> dict[Path, str]:
    """{a copy of the console's pip: "/opt/pip"}, or nothing where the machine has its own, or the console none."""
    if has_pip():
        return {}
    try:
        import pip
    except ImportError:
        return {}
    place = base / "pip"
    shutil.copytree(Path(pip.__file__).parent, place / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "bin").mkdir()
    for name in ("pip", "pip3"):
        script = place / "bin" / name
        script.write_text(WRAPPER)
        script.chmod(0o755)
    for folder, _, _ in os.walk(place):
        Path(folder).chmod(0o755)
    return {place: "/opt/pip"}
