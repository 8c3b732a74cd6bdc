"""The sandbox's self-test: every line holds here, and each can fail."""

import asyncio
import os

import pytest
import uvloop

from intelligence.agents import confine, self_test
from intelligence.agents.sandbox import Sandbox
from intelligence.agents.sandbox_types import Run
from tests.intelligence.deployer.conftest import needs_sandbox


@needs_sandbox
def test_every_check_holds_on_this_machine():
    checks = asyncio.run(self_test.self_test())
    assert [check.name for check in checks if not check.ok] == [] and len(checks) == 20
    assert self_test.off_because(checks) == ""


def test_without_a_sandbox_it_says_why_and_tries_nothing(monkeypatch):
    monkeypatch.setattr(self_test, "confinement", lambda: confine.Confinement(missing=confine.INSTALL))
    checks = asyncio.run(self_test.self_test())
    assert [(c.name, c.ok) for c in checks] == [("sandbox", False)] and confine.INSTALL in checks[0].detail
    assert "apt-get install bubblewrap" in self_test.off_because(checks)


@pytest.mark.parametrize("trial", self_test.trials(1, 3), ids=lambda trial: trial.name)
def test_a_sandbox_that_lets_everything_through_fails_every_check(trial):
    leaky = {"ways out": "chroot\n", "host files": "root\n", "environment": "PATH SECRET_KEY\n"}
    let_through = Run(0, leaky.get(trial.name, "0\n200\n"), "", "", 1.0)
    assert not trial.right(let_through)


@needs_sandbox
@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_no_open_file_of_the_console_is_passed_on_by_the_loop_of_a_worker_or_of_the_web_process(loop):
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    listed = "import os; print(*sorted(int(one) for one in os.listdir('/proc/self/fd')))"
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            run = runner.run(Sandbox().run(["python3", "-I", "-c", listed], stdin=b"x"))
    finally:
        os.close(reader)
        os.close(writer)
    assert run.ok and run.stdout == "0 1 2 3\n", run  # 3 is the folder that it lists
