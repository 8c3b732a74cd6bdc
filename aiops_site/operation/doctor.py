"""What `manage.py doctor` looks at: each a line that says what is, whether that is well, and what to do if not."""

import asyncio
import difflib
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError

from aiops_site import env
from aiops_site.operation import readiness
from aiops_site.supervisor import address
from intelligence.agents import self_test
from providers.catalog import CATALOG, EXTRA
from providers.configuration.directory import Directory, why_not

State = Literal["ok", "note", "warning", "error"]
SECRET = re.compile(r"KEY|SECRET|PASSWORD|TOKEN|HEADERS|_URL$")
PLAIN_URLS = {"SITE_URL", "PROMETHEUS_URL"}
ROOM_MB = 1_000
RUNNING = {"web", "worker", "senate", "beat"}  # only there while the site runs
REMEDIES = {
    "database": "Start it, or correct DATABASE_URL.",
    "migrations": "Run: python manage.py migrate",
    "ledger": "Run: python manage.py migrate",
    "redis": "Start it, or correct REDIS_URL. Without REDIS_URL the site starts one, or works without.",
    "keys": "Set the AI_ENCRYPTION_KEY that encrypted what is saved.",
    "sandbox": "Run: python manage.py sandbox",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy`: what to do; empty where nothing is."""

    section: str
    state: State
    name: str
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine(*, every_setting: bool = False, sandbox: bool = True) -> Iterator[Finding]:
    """All findings, section by section. A part that can't be looked at is a finding itself."""
    parts: list[Callable[[], Iterator[Finding]]] = [
        lambda: settings_found(every=every_setting),
        unknown_names,
        system_checks,
        machine,
        site_parts,
        providers,
    ]
    if sandbox:
        parts.append(sandbox_holds)
    for part in parts:
        yield from part()


def settings_found(*, every: bool = False) -> Iterator[Finding]:
    """What is set and from where; with `every` also what holds because nothing is set."""
    for row in (*CATALOG, *EXTRA):
        for name in row.env_names:
            settings.PROVIDER_ENV_KEY(name)  # so that it stands among what was asked for
    for name, default in sorted(env.asked().items()):
        source = env.source(name)
        if source:
            yield Finding("Settings", "ok", name, f"{shown(name, env.text(name))} (from {source})")
        elif every:
            yield Finding("Settings", "ok", name, f"{shown(name, default)} (default)")


def shown(name: str, value: str) -> str:
    """The value; of a secret only whether it is set, of an address with a password all but the password."""
    if not value:
        return "empty"
    if name in PLAIN_URLS or not SECRET.search(name) or name.endswith("_BASE_URL"):
        return value
    parts = urlsplit(value)
    if parts.scheme and parts.hostname:
        whom = f"{parts.username}:•••@" if parts.password else ""
        return f"{parts.scheme}://{whom}{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    return "set, not shown"


def unknown_names() -> Iterator[Finding]:
    """Names in the file that nothing reads: most are misspelt."""
    path, names = env.in_file()
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    known = {*env.asked(), *re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)}
    known |= {f"{name}_FILE" for name in known}
    for name in names:
        if name in known or name.startswith("DJANGO_SUPERUSER_"):
            continue
        near = difflib.get_close_matches(name, known, 1)
        remedy = f"Did you mean {near[0]}?" if near else "Remove it, if it is not for another program."
        yield Finding("Settings", "warning", name, f"stands in {Path(path).name}, but nothing reads it", remedy)


def system_checks() -> Iterator[Finding]:
    """Django's checks and the site's own; those for a deployment only where it is one."""
    try:
        found = checks.run_checks(include_deployment_checks=not settings.LOCAL, databases=["default"])
    except DatabaseError as error:
        kind = type(error).__name__
        yield Finding("Checks", "error", "database", f"the checks end with {kind}", REMEDIES["database"])
        return
    for one in found:
        state: State = "error" if one.is_serious() else "warning"
        yield Finding("Checks", state, str(one.id), str(one.msg), str(one.hint or ""))
    if not found:
        yield Finding("Checks", "ok", "checks", "all pass")


def machine() -> Iterator[Finding]:
    """Python, packages, programs, and the folder of the data."""
    yield Finding("Machine", "ok", "python", f"{platform.python_version()} on {platform.system()}")
    if wrong := list(other_versions()):
        yield Finding(
            "Machine", "warning", "packages", ", ".join(wrong), "Run: make run (it installs what is pinned)"
        )
    else:
        yield Finding("Machine", "ok", "packages", "as pinned in requirements.txt")
    git = shutil.which("git")
    yield Finding("Machine", "ok" if git else "warning", "git", git or "missing", "" if git else "Install git.")
    free = shutil.disk_usage(settings.DATA_DIR).free >> 20
    writable = os.access(settings.DATA_DIR, os.W_OK)
    detail = f"{settings.DATA_DIR}, {free:,} MB free{'' if writable else ', not writable'}"
    well = writable and free > ROOM_MB
    yield Finding(
        "Machine", "ok" if well else "error", "DATA_DIR", detail, "" if well else "Make room, or move it."
    )
    path = Path(env.in_file()[0])
    if path.is_file() and path.stat().st_mode & 0o077:
        yield Finding("Machine", "warning", path.name, "others can read it", f"Run: chmod 600 {path}")


def other_versions() -> Iterator[str]:
    """`name 1.2 instead of 1.3` of each package that is not as pinned."""
    pins = (settings.BASE_DIR / "requirements.txt").read_text(encoding="utf-8")
    for name, wanted in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)", pins, re.MULTILINE):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "nothing"
        if found != wanted:
            yield f"{name} {found} instead of {wanted}"


def site_parts() -> Iterator[Finding]:
    """As `/readyz` sees them, but for this process itself. Of a site that runs here its own answer counts for what
    it alone knows: it may have started a Redis of its own."""
    parts = readiness.look()
    running = address.readiness(settings.HOST, settings.PORT, settings.ALLOWED_HOSTS)
    parts |= {name: part for name, part in running.items() if name in {*RUNNING, "redis"}}
    for name, part in parts.items():
        if name in ("web", "sandbox"):
            continue
        well = bool(part["ok"])
        if well or name not in RUNNING:
            yield Finding(
                "Parts", "ok" if well else "error", name, str(part["detail"]), "" if well else REMEDIES[name]
            )
        else:
            yield Finding("Parts", "note", name, str(part["detail"]), "It runs while the site runs: make run")
    by_redis = settings.REDIS_URL or parts["redis"]["detail"] == "answers"
    yield Finding("Parts", "ok", "messages", "by Redis" if by_redis else "by files: no Redis is set")


def providers() -> Iterator[Finding]:
    """Which can be called, and where their keys come from."""
    try:
        entries = Directory().entries.values()
    except DatabaseError as error:
        yield Finding("Providers", "error", "providers", type(error).__name__, REMEDIES["migrations"])
        return
    for entry in entries:
        if entry.configured:
            yield Finding("Providers", "ok", entry.row.slug, f"can be called; key: {entry.source}")
        elif entry.has_key:
            yield Finding("Providers", "warning", entry.row.slug, "can't be called", why_not(entry))
    if not any(entry.configured for entry in entries):
        yield Finding("Providers", "note", "providers", "none can be called", "Add a key in Settings > AI.")


def sandbox_holds() -> Iterator[Finding]:
    """Every trial of the sandbox, as one line."""
    found = asyncio.run(self_test.self_test())
    reason = self_test.off_because(found)
    state: State = "note" if self_test.missing() else "error" if reason else "ok"
    remedy = "" if not reason else "Run: python manage.py sandbox"
    yield Finding("Sandbox", state, "sandbox", reason or f"holds in {len(found) - 1} trials", remedy)
