"""The memory of a process and of what came of it."""

import os
import subprocess
import sys

from intelligence.agents import memory

GROWS = (
    "import os, sys, threading\n"
    "def child():\n"
    "  if os.fork() == 0:\n"
    "    x = bytearray(30 << 20); print('ready', flush=True); sys.stdin.read(); os._exit(0)\n"
    "threading.Thread(target=child).start()\n"
    "sys.stdin.read()"
)


def test_what_a_child_of_a_thread_holds_is_counted_with_it():
    process = subprocess.Popen([sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        assert 30 << 20 < memory.used(process.pid) < 200 << 20
    finally:
        process.kill()
        process.communicate()


def test_a_process_that_is_gone_holds_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert memory.used(process.pid) == 0 and memory.used(os.getpid()) > 0
