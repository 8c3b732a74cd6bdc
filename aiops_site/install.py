"""Makes `.venv` and installs what is pinned; does nothing while the requirements are unchanged.

Run by the Makefile with the machine's own Python, before anything is installed: standard library only.
    python3 aiops_site/install.py install          what the product needs
    python3 aiops_site/install.py install-test     what the suite needs too, and Chromium where apt can bring it
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PRODUCT = ROOT / "requirements.txt"
SUITE = ROOT / "tests" / "requirements.txt"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
NO_SANDBOX = "Without bubblewrap the local deployer and code of agents are off."
NO_VENV = """\
This Python can't make a virtual environment ({python} -m venv failed).
On Debian and Ubuntu: sudo apt-get install python3-venv (or python{version}-venv)"""


def main(what: str) -> None:
    make_venv()
    install(PRODUCT, needs=[PRODUCT])
    install_sandbox()
    if what == "install-test":
        install(SUITE, needs=[PRODUCT, SUITE])
        install_chromium()


def make_venv() -> None:
    """Makes `.venv` where there is none that works (one that was moved or lost its Python is made anew)."""
    if _works(PYTHON, "-m", "pip", "--version") if not _stamp(PRODUCT).exists() else _works(PYTHON, "-c", ""):
        return
    print("Making a virtual environment in .venv ...", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(made.stdout + made.stderr + NO_VENV.format(python=sys.executable, version=version))


def install(requirements: Path, needs: list[Path]) -> None:
    """pip install, unless the stamp of the last one has the same content hash."""
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in needs)).hexdigest()
    stamp = _stamp(requirements)
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"Installing {requirements.relative_to(ROOT)} (once, and when it changes) ...", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
    if subprocess.run(pip, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"{requirements.relative_to(ROOT)} could not be installed; pip said why above.")
    stamp.write_text(digest)


def install_sandbox() -> None:
    """bubblewrap, without which nothing of a stranger is run. Where apt can bring it, and tried once."""
    tried = VENV / ".tried-bubblewrap"
    if sys.platform != "linux" or shutil.which("bwrap") or tried.exists():
        return
    tried.touch()
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"{NO_SANDBOX} Debian, Ubuntu: sudo apt-get install bubblewrap", flush=True)
        return
    print("Installing bubblewrap for the sandbox ...", flush=True)
    if not _apt("bubblewrap", seconds=180):
        print(f"bubblewrap could not be installed. {NO_SANDBOX}", flush=True)


def _apt(package: str, seconds: int) -> bool:
    """Whether apt brought it."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "timeout": seconds}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(["apt-get", "update", "-qq"], env=environment, **quiet)
        done = subprocess.run(["apt-get", "install", "-y", "-qq", package], env=environment, **quiet)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def install_chromium() -> None:
    """Where no Chromium is on PATH and apt can be used; elsewhere the browser tests skip and say so."""
    if any(shutil.which(name) for name in CHROMIUM):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print("No Chromium here and apt can't be used: the browser tests will be skipped.", flush=True)
        return
    print("Installing Chromium for the browser tests ...", flush=True)
    if not _apt("chromium", seconds=900):
        print("Chromium could not be installed: the browser tests will be skipped.", flush=True)


def _works(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def _stamp(requirements: Path) -> Path:
    return VENV / f".installed-{requirements.parent.name if requirements == SUITE else 'product'}"


if __name__ == "__main__":
    main(sys.argv[1])
