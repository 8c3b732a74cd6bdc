"""Made-up requests over the whole schema in all four roles, on a real site with sample data: `make fuzz`.

    python -m tests.fuzz [--examples 20] [--roles admin lee ...] [--only PATH_REGEX] [--seed 1]

Each role gets every case of schemathesis' coverage phase and so many drawn ones an operation. A fault is a server
error (but for a provider that can't be asked) or an answer that the schema does not describe; with `--strict` also
input of another type that was taken. Ends with 1 where there is one. The suite itself asks less:
tests/docs/test_schema_fuzz.py.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.aiops_site.running import ROOT, Site, until

ROLES = ("admin", "engineer", "manager", "viewer")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
STRICT = "negative_data_rejection"  # REST framework takes 0 for false and 7 for "7", as forms send them
TOKENS = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from providers.access.identity import make_token
call_command("seed_demo")
tokens = []
for role in "admin", "engineer", "manager", "viewer":
    user = get_user_model().objects.create_user(f"fuzz-{role}", password="correct horse battery")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    tokens.append(make_token(user, "fuzz")[1])
print(" ".join(tokens))
"""
# Who can't be asked is said with these: on a site of sample data no provider has a key.
SETTINGS = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "502", "503", "504"]
"""


@contextmanager
def sampled(folder: Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """A site with sample data, and a token of each role."""
    rates = {"AI_CHAT_RATE": "1000000/min", "AI_ANALYSIS_RATE": "1000000/min"}
    site = Site(folder, AI_ALLOW_MOCK="1", **rates)
    try:
        until(lambda: site.said("is ready") or site.process.poll() is not None, "a ready site", 300)
        env = {**site.environment, "DJANGO_SETTINGS_MODULE": "aiops_site.settings"}
        made = subprocess.run([sys.executable, "-c", TOKENS], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        made.check_returncode()
        yield site, dict(zip(ROLES, made.stdout.split()[-len(ROLES) :], strict=True))
    finally:
        site.stop()


def attacked(site: Site, role: str, token: str, of: argparse.Namespace, folder: Path) -> bool:
    """One role's run; its words go to the terminal. False where it found a fault."""
    configuration = folder / "schemathesis.toml"
    configuration.write_text(SETTINGS)
    program = str(Path(sys.executable).parent / "st")
    command = [program, "--config-file", str(configuration), "run", f"http://127.0.0.1:{site.port}/api/schema/"]
    command += ["-H", f"Authorization: Bearer {token}", "--phases", "coverage,fuzzing"]
    command += ["--checks", ",".join((*CHECKS, STRICT) if of.strict else CHECKS)]
    command += ["--max-examples", str(of.examples), "--seed", str(of.seed), "--workers", "2", "--no-color"]
    command += ["--include-path-regex", of.only] if of.only else []
    command += ["--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all"]
    print(f"\n=== {role}", flush=True)
    return subprocess.run(command, cwd=folder).returncode == 0


def errors_of(folder: Path) -> list[str]:
    """What the web process logged as an error meanwhile, but for upstreams that can't be asked."""
    lines = (folder / "logs" / "web.log").read_text("utf-8", "replace").splitlines()
    said = [json.loads(line) for line in lines if line.startswith("{")]
    return [f"{line['logger']}: {line['message'][:200]}" for line in said if faulty(line)]


def faulty(line: dict[str, str]) -> bool:
    away = line["message"].startswith(("Bad Gateway", "Service Unavailable", "Gateway Timeout"))
    return line["level"] in ("error", "critical") and not away


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--examples", type=int, default=20, help="drawn cases an operation")
    given.add_argument("--roles", nargs="*", choices=ROLES, default=list(ROLES))
    given.add_argument("--only", default="", help="a regular expression of paths")
    given.add_argument("--strict", action="store_true")
    given.add_argument("--seed", type=int, default=1)
    of = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="aiops-fuzz-") as name:
        folder = Path(name)
        with sampled(folder) as (site, tokens):
            well = [attacked(site, role, tokens[role], of, folder) for role in of.roles]
        logged = errors_of(folder)
    print("\n".join(["", *sorted(set(logged)), f"{len(logged)} errors in the log of the web process"]))
    return 0 if all(well) and not logged else 1


if __name__ == "__main__":
    raise SystemExit(main())
