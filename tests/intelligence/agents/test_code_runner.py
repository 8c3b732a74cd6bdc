"""Snippets in the sandbox: what they say, how they end, what they may ask the console."""

import asyncio
import json
import time

import pytest

from intelligence.agents import code_runner, confine, snippet
from providers.exceptions import InvalidInput, NotConfigured
from tests.intelligence.deployer.conftest import needs_sandbox

ASKED = []


async def answering(method, path, body):
    ASKED.append((method, path, body))
    if path == "/api/v1/ops/tools/":
        return 200, {"tools": [{"name": "look", "description": "Looks."}]}
    if path.endswith("/write/"):
        return 202, {"approval_id": "a-1"}
    if path.endswith("/a-1/"):
        return 200, {"state": "pending"}
    if path.endswith("/refused/"):
        error = {"message": "Not granted.", "type": "permission_error", "code": "scope_not_granted", "param": None}
        return 403, {"error": error}
    return 200, {"result": {"got": body["arguments"]}}


def run(language, code, ask=None):
    ASKED.clear()
    return asyncio.run(code_runner.run(language, code, ask))


@needs_sandbox
def test_python_and_shell_give_their_end_and_what_they_said():
    code = "import sys\nprint(6 * 7)\nprint('und öde', file=sys.stderr)\nsys.exit(3)"
    assert run("python", code) == {"exit_code": 3, "stdout": "42\n", "stderr": "und öde\n", "killed_by": None}
    done = run("shell", 'echo "$(id -u)"; cat; read x || echo "no input"')
    assert done == {"exit_code": 0, "stdout": "65534\nno input\n", "stderr": "", "killed_by": None}


@needs_sandbox
def test_an_error_in_it_is_told_with_its_line_and_a_limit_with_its_name(monkeypatch):
    assert '/code/snippet.py", line 2' in run("python", "x = 1\nx / 0")["stderr"]
    short = snippet.Limits(cpu_s=1, wall_s=0.5)
    monkeypatch.setattr(snippet, "LIMITS", short)
    monkeypatch.setattr(snippet.execute, "__defaults__", (None, short))
    assert run("shell", "sleep 30")["killed_by"] == "wall"


@needs_sandbox
def test_without_a_console_the_sdk_says_so_and_nothing_else_answers():
    code = (
        "import aiops, os\ntry: aiops.tools()\nexcept aiops.AiopsError as e: print(e)\nprint(os.listdir('/code'))"
    )
    said = run("python", code)["stdout"].splitlines()
    assert said[0].startswith("There is no console here") and "AIOPS_SOCKET" not in said[1]


@needs_sandbox
def test_code_asks_the_console_through_its_socket_and_its_words_come_as_they_were_sent():
    code = """
import aiops
print(aiops.tools()[0]["name"], aiops.call("look", service="shöp", n=[1, None]))
for name in ("refused", "write", "../../etc/passwd", "a/b?c#d"):
    try: print(aiops.call(name))
    except aiops.AiopsError as e: print(e.status, e.code, e)
"""
    said = run("python", code, answering)
    assert said["stdout"].splitlines() == [
        "look {'got': {'service': 'shöp', 'n': [1, None]}}",
        "403 scope_not_granted Not granted.",
        "202 approval_needed Approval a-1 waits for a person.",
        "{'got': {}}",
        "{'got': {}}",
    ], said["stderr"]
    assert [path for _, path, _ in ASKED][-2:] == [
        "/api/v1/ops/tools/..%2F..%2Fetc%2Fpasswd/",
        "/api/v1/ops/tools/a%2Fb%3Fc%23d/",
    ]


@needs_sandbox
def test_a_shell_script_uses_the_same_client():
    done = run(
        "shell", """python3 -m aiops; python3 -m aiops look '{"n": 2}'; python3 -m aiops refused""", answering
    )
    assert '"name": "look"' in done["stdout"] and '"n": 2' in done["stdout"]
    assert done["stderr"] == "Not granted.\n" and done["exit_code"] == 1


BROKEN = {
    "no HTTP": b"hello\r\n\r\n",
    "another method": b"DELETE / HTTP/1.1\r\n\r\n",
    "no length that is a number": b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "chunks": b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "too long a body": b"POST /x HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
    "no JSON": b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\n{{{",
    "JSON without an end": b"POST /x HTTP/1.1\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60000,
    "a head without an end": b"GET /" + b"x" * 20_000,
}


@needs_sandbox
def test_what_is_no_request_is_refused_and_reaches_nobody():
    code = f"""
import os, socket
for name, words in {BROKEN!r}.items():
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ["AIOPS_SOCKET"])
    try:
        s.sendall(words); s.shutdown(1); print(s.recv(99).split(b" ")[1].decode(), name)
    except OSError as e: print(type(e).__name__, name)
import aiops; print(aiops.call("look"))
"""
    done = run("python", code, answering)
    lines = done["stdout"].splitlines()
    assert len(lines) == len(BROKEN) + 1, done
    assert all(line.split()[0] in ("400", "413", "BrokenPipeError", "ConnectionResetError") for line in lines[:-1])
    assert [path for _, path, _ in ASKED] == ["/api/v1/ops/tools/look/"]


@needs_sandbox
def test_many_connections_that_say_nothing_do_not_hold_up_the_end():
    code = "import os, socket\nkept = []\nfor _ in range(40):\n  s = socket.socket(socket.AF_UNIX); s.connect(os.environ['AIOPS_SOCKET']); kept.append(s)\nprint(len(kept))"  # noqa: E501
    started = time.monotonic()
    assert run("python", code, answering)["stdout"] == "40\n" and time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("language", "code", "said"),
    [
        ("ruby", "puts 1", "python or shell"),
        (None, "1", "python or shell"),
        (["python"], "1", "python or shell"),
        ("python", "", "no code"),
        ("python", "  \n", "no code"),
        ("python", None, "no code"),
        ("python", 7, "no code"),
        ("python", "#" * 200_001, "at most 200,000 bytes"),
        ("python", "print(1)\0", "NUL"),
        ("python", "\ud800", "Unicode"),
    ],
)
def test_what_is_no_snippet_is_refused_in_a_sentence(language, code, said):
    with pytest.raises(InvalidInput, match=said):
        run(language, code)


def test_where_there_is_no_sandbox_nothing_runs(settings, monkeypatch):
    monkeypatch.setattr(code_runner, "confinement", lambda: confine.Confinement(missing=confine.INSTALL))
    with pytest.raises(NotConfigured, match="apt-get install bubblewrap") as refused:
        run("shell", "touch /tmp/was-here")
    assert refused.value.code == "sandbox_off"
    settings.SANDBOX_BACKEND = "docker"
    assert "bubblewrap or knative" in code_runner.off()
    settings.SANDBOX_BACKEND, settings.KNATIVE_EXECUTOR_URL = "knative", ""
    assert "KNATIVE_EXECUTOR_URL is empty" in code_runner.off()


@needs_sandbox
def test_the_socket_is_gone_with_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for place in (tmp_path, *tmp_path.parents[:3]):
        if place != place.parent and place.stat().st_mode & 0o055 != 0o055 and str(place).startswith("/tmp/"):  # noqa: S108
            place.chmod(0o755)
    assert json.loads(run("shell", "python3 -m aiops look", answering)["stdout"]) == {"got": {}}
    assert [place.name for place in tmp_path.iterdir()] in ([], ["trial.json"])
