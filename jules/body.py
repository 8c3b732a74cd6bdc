"""The words of a pull request: what was wrong, what proves it, what was changed, how it was checked. Pure.

Nothing that a log or a model wrote can ping people, link issues, close the fence, or pass for our own words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MARKER = "<!-- aiops-autofix:{} -->"
REFUSE = "Close this to refuse it: it will not be offered again."
INVISIBLE = "\u200b"
BOLD = re.compile(r"([\\`*_{}\[\]()<>|!~])")


@dataclass(frozen=True, slots=True)
class Story:
    """What a pull request tells; plain values."""

    attempt: int
    deployment: str
    deployment_url: str
    service: str
    cause: str
    description: str
    evidence: Sequence[str]
    files: Sequence[Mapping[str, Any]]
    left_out: Sequence[Mapping[str, str]]
    red: Mapping[str, Any] | None
    green: Mapping[str, Any] | None
    verified: bool
    unverified: str
    new_packages: Sequence[str]
    engine: str
    model: str = ""
    prompt_hash: str = ""
    cost_usd: str = "0"
    facts: Mapping[str, Any] = field(default_factory=dict)


def defused(text: str) -> str:
    """Without live mentions, issue numbers, addresses, HTML comments or CI commands."""
    text = re.sub(r"([@#])(?=[\w/-])", rf"\1{INVISIBLE}", text)
    text = re.sub(r"(?i)\b(https?|ftp)://", rf"\1:{INVISIBLE}//", text)
    text = re.sub(r"(?i)\bGH-(?=\d)", f"GH{INVISIBLE}-", text)
    return text.replace("!--", f"!{INVISIBLE}--").replace("-->", f"--{INVISIBLE}>")


def inline(text: str, most: int = 300) -> str:
    """One line of prose in which nothing is markup."""
    flat = " ".join(text.split())[:most]
    return defused(BOLD.sub(r"\\\1", flat))


def fenced(lines: Sequence[str]) -> str:
    """Log lines in a fence that is longer than any run of its signs inside."""
    text = defused("\n".join(lines))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def code(text: str, most: int = 200) -> str:
    """Inline code."""
    flat = " ".join(defused(text).split())[:most]
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", flat)), default=0) + 1)
    space = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{space}{flat}{space}{ticks}"


def title(story: Story) -> str:
    cause = plain_line(story.cause or story.description, 90)
    return f"Fix failed deployment {story.deployment[:8]}: {cause}"


def plain_line(text: str, most: int) -> str:
    """For titles and commit subjects, which no markup escapes: `[skip ci]` and mentions lose their brackets."""
    flat = " ".join(text.split()).replace("[", "(").replace("]", ")").replace("***", "")
    return defused(flat)[:most].rstrip(" .")


def commit_message(story: Story) -> str:
    trailers = [
        f"Deployment: {story.deployment}",
        "Co-authored-by: AIOps Console <aiops-console@users.noreply.invalid>",
    ]
    about = plain_line(story.description, 500)
    return f"{title(story)}\n\n{about}\n\n" + "\n".join(trailers) + "\n"


def body(story: Story) -> str:
    parts = [
        inline(story.cause or "The deployment failed."),
        f"**What this changes.** {inline(story.description, 600)}",
        f"**Why.** The log of [deployment {story.deployment[:8]}]({story.deployment_url}) says:",
        fenced(story.evidence),
        files(story),
        checks(story),
        not_changed(story),
        packages(story),
        origin(story),
        REFUSE,
        MARKER.format(json.dumps(marker(story), sort_keys=True).replace("-", "\\u002d").replace(">", "\\u003e")),
    ]
    return "\n\n".join(part for part in parts if part)


def files(story: Story) -> str:
    rows = [f"| {code(f['path'])} | +{f['added']} | -{f['removed']} |" for f in story.files]
    return "\n".join(["| File | Added | Removed |", "|---|---|---|", *rows])


def checks(story: Story) -> str:
    if not story.verified:
        told = [f"**Not verified:** {inline(story.unverified)}"]
    else:
        told = ["**Verified.** The failing command was run before and after this change, in a sandbox:"]
    for name, run in (("before", story.red), ("after", story.green)):
        if run:
            ended = f"exit status {run['exit_code']}{', ' + run['killed_by'] if run['killed_by'] else ''}"
            told.append(f"- {name}: {code(run['command'])}, {ended}, {run['seconds']:.1f} s")
    logs = [
        f"<details><summary>Log {name}</summary>\n\n{fenced(run['output'].splitlines()[-60:])}\n\n</details>"
        for name, run in (("before", story.red), ("after", story.green))
        if run
    ]
    return "\n".join(told) + ("\n\n" + "\n\n".join(logs) if logs else "")


def not_changed(story: Story) -> str:
    """What was proposed and is not part of this, and why."""
    if not story.left_out:
        return ""
    rows = [f"- {code(one['path'])}: {inline(one['why'])}" for one in story.left_out]
    return "\n".join(["**Left out of this change:**", *rows])


def packages(story: Story) -> str:
    if not story.new_packages:
        return ""
    names = ", ".join(code(name) for name in story.new_packages)
    return (
        f"**New dependencies that nobody vouches for:** {names}. Look each one up before you merge: a name that a "
        "model made up may have been published by an attacker."
    )


def origin(story: Story) -> str:
    by = {"local": "a local recipe, no model", "jules": "Jules"}.get(story.engine, story.model or story.engine)
    digest = f", prompt {story.prompt_hash[:12]}" if story.prompt_hash else ""
    said = f"Proposed by {inline(by)}{digest}, ${story.cost_usd}."
    return f"{said} Fix {story.attempt} of {inline(story.service)}; nobody but you merges it."


def marker(story: Story) -> dict[str, Any]:
    return {
        "attempt": story.attempt,
        "deployment": story.deployment,
        "engine": story.engine,
        "verified": story.verified,
    }


def left_out_comment(story: Story) -> str:
    return (
        f"{not_changed(story)}\n\nWhole files are taken up to the limits, never a part of one, so this is a draft."
        " The whole proposal is kept in the console."
    )
