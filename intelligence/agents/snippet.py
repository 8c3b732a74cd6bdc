"""A piece of code in a sandbox of its own: what may be run, how, and what is told of its end. No Django here: the
executor of the Knative backend runs the very same module.

    done = await execute(checked("python", "print(6 * 7)"))
    as_result(done)        {"exit_code": 0, "stdout": "42\\n", "stderr": "", "killed_by": None}
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from intelligence.agents.sandbox import Limits, Run, Sandbox
from intelligence.agents.sandbox_types import MB
from providers.exceptions import InvalidInput

Language = Literal["python", "shell"]
LIMITS = Limits(
    cpu_s=10, wall_s=20.0, memory_bytes=256 * MB, processes=32, output_bytes=32_768, disk_bytes=32 * MB
)
MOST_BYTES = 200_000
COMMANDS: dict[str, tuple[str, ...]] = {  # -B: its folder is read-only
    "python": ("/usr/bin/python3", "-sBu", "/code/snippet.py"),
    "shell": ("/bin/sh", "/code/snippet.sh"),
}
SOCKET = "/code/console.sock"
SDK = Path(__file__).with_name("sdk") / "aiops.py"


@dataclass(frozen=True, slots=True)
class Snippet:
    language: Language
    code: str


def checked(language: Any, code: Any) -> Snippet:
    """Errors: InvalidInput for another language, for no code or too much, for text that is no UTF-8."""
    if language not in get_args(Language):
        raise InvalidInput("A language is python or shell.", param="language")
    if not isinstance(code, str) or not code.strip():
        raise InvalidInput("There is no code to run.", param="code")
    try:
        size = len(code.encode())
    except UnicodeEncodeError:
        raise InvalidInput("The code is no valid Unicode text.", param="code") from None
    if size > MOST_BYTES:
        raise InvalidInput(f"Code is at most {MOST_BYTES:,} bytes; this is {size:,}.", param="code")
    if "\0" in code:
        raise InvalidInput("Code holds no NUL characters.", param="code")
    return Snippet(language, code)


def box(snippet: Snippet, socket: Path | None = None, limits: Limits = LIMITS) -> Sandbox:
    """Its sandbox: no network, the code and the SDK read-only at /code, and the console's socket if given."""
    command = COMMANDS[snippet.language]
    texts = {command[-1]: snippet.code.encode(), "/code/aiops.py": SDK.read_bytes()}
    return Sandbox(
        limits=limits,
        texts=texts,
        sockets={socket: SOCKET} if socket else {},
        environment={"PYTHONPATH": "/code", **({"AIOPS_SOCKET": SOCKET} if socket else {})},
    )


async def execute(snippet: Snippet, socket: Path | None = None, limits: Limits = LIMITS) -> Run:
    """Runs it to its end or to a limit. Errors: NotConfigured where there is no sandbox: then nothing runs."""
    return await box(snippet, socket, limits).run(COMMANDS[snippet.language])


def as_result(done: Run) -> dict[str, Any]:
    """{exit_code, stdout, stderr, killed_by}: the limit that ended it, else None."""
    return {
        "exit_code": done.exit_code,
        "stdout": done.stdout,
        "stderr": done.stderr,
        "killed_by": done.killed_by or None,
    }
