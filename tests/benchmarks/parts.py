"""Every benchmark, how it is run, and the figures that the issues name in what it prints."""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """`pattern`: its first group is the number; where it stands there several times, the `worst` counts."""

    name: str
    pattern: str
    target: float | None = None
    better: Literal["high", "low"] = "low"

    def read(self, printed: str) -> float | None:
        found = [float(number.replace(",", "")) for number in re.findall(self.pattern, printed, re.MULTILINE)]
        return (min(found) if self.better == "high" else max(found)) if found else None

    def met(self, value: float) -> bool:
        return self.target is None or (value >= self.target if self.better == "high" else value <= self.target)

    def wanted(self) -> str:
        return "" if self.target is None else f"{'>=' if self.better == 'high' else '<='} {self.target:g}"


@dataclass(frozen=True, slots=True)
class Part:
    """A module of this folder: its words for a whole run and for a quick one."""

    module: str
    figures: tuple[Figure, ...]
    whole: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


NUMBER = r"(-?[\d,.]+)"
PARTS = {
    "hot": Part("tests.benchmarks", (), quick=("--quick", "--no-litellm", "--only", "uvicorn", "--seconds", "1")),
    "senate": Part(
        "tests.benchmarks.deliberations",
        (
            Figure("senate: of 5 within 1.05 x critical path + 150 ms", rf'"within": "{NUMBER} of', 5, "high"),
            Figure("senate: worst seconds over the critical path", rf'"over": {NUMBER}'),
            Figure(
                "senate: sessions at once, no event missed",
                rf'"without_a_missed_event": {NUMBER}',
                200,
                "high",
            ),
            Figure("senate: sockets that got every event", rf'"whole": {NUMBER}', 1_000, "high"),
            Figure("senate: event to screen p95, ms", rf'"p95_ms": {NUMBER}', 250),
        ),
        ("wall", "crowd", "watchers"),
        ("wall", "crowd", "watchers", "--sessions", "10", "--sockets", "50"),
    ),
    "cap": Part(
        "tests.benchmarks.one_cap",
        (
            Figure("one cap: used by all that can spend at once, %", rf"site: used {NUMBER}%", 95, "high"),
            Figure("one cap: held and used together at the highest, %", rf"highest {NUMBER}%", 100),
            Figure("one cap: rounds in which it was passed", rf"s: {NUMBER} passed", 0),
            Figure("one cap: used in the worst round, %", rf"^used {NUMBER}% at least", 95, "high"),
        ),
        quick=("--rounds", "2"),
    ),
    "usage": Part(
        "tests.benchmarks.usage",
        (Figure("usage pages: p95 of all, ms", rf"^all +\d+ +\S+ +{NUMBER}", 300),),
        ("--rows", "10000000"),
        ("--rows", "2000", "--rounds", "1"),
    ),
    "rules": Part(
        "tests.benchmarks.rules",
        (
            Figure("log rules: MB/s per core, everyday lines", rf"everyday +\d+ MB +{NUMBER} MB/s", 50, "high"),
            Figure("log rules: MB/s per core, the slowest kind", rf"MB +{NUMBER} MB/s", None, "high"),
            Figure("log rules: memory at its highest, MB", rf"peak {NUMBER} MB"),
        ),
        ("--megabytes", "1000"),
        ("--megabytes", "10"),
    ),
    "labels": Part(
        "tests.benchmarks.labels",
        (
            Figure("log rules: primary class right, %", rf"class right: {NUMBER}", 90, "high"),
            Figure("log rules: decisive line within three, %", rf"within three: {NUMBER}", 85, "high"),
            Figure("log rules: false alarms on healthy logs", rf"false alarms: {NUMBER}", 0),
            Figure("reducer: signals kept at 10,000 characters, %", rf"at 10000 characters: {NUMBER}", 90, "high"),
            Figure("reducer: signals kept at 20,000 characters, %", rf"at 20000 characters: {NUMBER}", 95, "high"),
        ),
    ),
    "agents": Part(
        "tests.benchmarks.agents",
        (
            Figure("agents: a token's whole check, ms", rf"whole check +{NUMBER} ms", 0.2),
            Figure("agents: calls through the gate a second", rf"at once: +{NUMBER} calls/s", 100, "high"),
        ),
        quick=("--calls", "40"),
    ),
    "sandbox": Part(
        "tests.benchmarks.sandbox",
        (Figure("sandbox: added to a start, ms median", rf"added +{NUMBER} ms", 50),),
        quick=("--rounds", "4"),
    ),
    "pages": Part(
        "tests.benchmarks.pages",
        (Figure("pages: p95 of the slowest, ms", r" (\d+\.\d)(?:  slow)?$", 100),),
        quick=("2",),
    ),
    "soak": Part(
        "tests.benchmarks.soak",
        (
            Figure("soak: memory of all processes grown, %", rf"grown {NUMBER} %", 5),
            Figure("soak: zombies", rf"^zombies: {NUMBER}", 0),
            Figure("soak: requests not answered as they should be", rf"should be: {NUMBER}", 0),
            Figure("soak: open reservations at the end", rf"open reservations: {NUMBER}", 0),
        ),
        quick=("--minutes", "0.5", "--from", "0.2"),
    ),
    "migrate": Part(
        "tests.benchmarks.migrate",
        (
            Figure("migration beside old code: longest call, s", rf"ran: \d+ calls, longest {NUMBER} s", 5),
            Figure("migration beside old code: calls not answered", rf"ran: \d+ calls, .*answered: {NUMBER}", 0),
            Figure("migration beside old code: calls without a row", rf"without a row: {NUMBER}", 0),
        ),
        quick=("--rows", "2000"),
    ),
    "big_log": Part(
        "tests.benchmarks.big_log",
        (
            Figure("a log of 100 MB: analysed by rules, s", rf"^analysed .*?{NUMBER} s "),
            Figure("a log of 100 MB: its page, s", rf"^page +{NUMBER} s"),
            Figure("a log of 100 MB: memory at its highest, MB", rf"highest +{NUMBER} MB"),
        ),
        quick=("--megabytes", "2"),
    ),
}
