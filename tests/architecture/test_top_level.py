"""What stands at the top of the tree is decided; everything else goes into one of these."""

import subprocess

from tests.aiops_site.running import ROOT

APPS = {"aiops_site", "providers", "senate", "jules", "intelligence"}
BESIDE = {"manage.py", "templates", "static", "tests", "docs"}
FILES = {"requirements.txt", "README.md", "Makefile", "pyproject.toml"}


def test_the_top_of_the_tree_holds_what_was_decided_and_dot_files() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    kept = {name.partition("/")[0] for name in listed.stdout.split("\0") if name}
    if not kept:  # no repository here: the tree as it was unpacked, with what running it makes
        kept = {path.name for path in ROOT.iterdir()} - {"var", "__pycache__", "staticfiles"}
    assert {name for name in kept if not name.startswith(".")} == APPS | BESIDE | FILES
