"""Of several beats one sends: by a file on one folder, by Redis between folders."""

import subprocess
import sys
from datetime import timedelta

import pytest
import redis
from celery import Celery
from celery.schedules import crontab

from aiops_site.celery import Scheduler
from aiops_site.operation import turn
from tests import redis_server
from tests.aiops_site.running import ROOT, environment

OTHER = """
import django; django.setup()
from aiops_site.operation import turn
print(turn.mine(), flush=True)
for line in __import__("sys").stdin:
    turn.give_up()
    print("gave up", flush=True)
"""


@pytest.fixture
def here(settings, tmp_path):
    """A folder and no turn of this process yet."""
    settings.DATA_DIR, settings.REDIS_URL = tmp_path / "here", ""
    settings.DATA_DIR.mkdir()
    turn.give_up()
    yield settings
    turn.give_up()


@pytest.fixture
def shared(here):
    try:
        with redis_server.server() as url:
            here.REDIS_URL = url
            yield redis.Redis.from_url(url)
            turn.give_up()
    except LookupError as error:
        pytest.skip(str(error))


def beat_in(folder, redis_url: str) -> "subprocess.Popen[str]":
    """Another process that takes its turn, if it is its, and gives it up when it reads a line."""
    env = environment(folder, DJANGO_SETTINGS_MODULE="aiops_site.settings", REDIS_URL=redis_url)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", OTHER], cwd=ROOT, env=env, **pipes)


def another_folder(settings, path) -> None:
    """From now on this process stands for a machine with that folder."""
    turn._file, settings.DATA_DIR = None, path
    path.mkdir(exist_ok=True)


def test_on_one_folder_the_second_has_its_turn_when_the_first_is_killed(here) -> None:
    other = beat_in(here.DATA_DIR, "")
    assert other.stdout.readline() == "True\n"
    assert not turn.mine()
    other.kill()
    other.wait()
    assert turn.mine() and turn.mine()


def test_between_folders_the_second_has_its_turn_when_the_first_stops_or_is_not_heard_of(
    here, shared, tmp_path
) -> None:
    assert turn.mine() and turn.mine()
    assert 0 < shared.ttl(turn.KEY) <= turn.LASTS
    first = turn._file
    another_folder(here, tmp_path / "there")
    assert not turn.mine()
    turn.give_up()
    assert shared.exists(turn.KEY), "who has no turn takes nobody else's away"
    assert not turn.mine()
    shared.delete(turn.KEY)  # as when its time has run out
    assert turn.mine()
    turn._file, here.DATA_DIR = first, tmp_path / "here"
    assert not turn.mine()


def test_a_beat_that_is_started_again_goes_on_at_once(here, shared) -> None:
    assert turn.mine()
    turn._file.close()
    turn._file = None  # as after kill -9: the system has freed the file, Redis knows of nothing
    assert turn.mine()


def test_while_redis_is_away_it_is_nobodys_turn(here) -> None:
    here.REDIS_URL = "redis://127.0.0.1:1/0"
    assert not turn.mine()


def test_a_beat_without_its_turn_sends_nothing_and_one_with_it_sends(here, shared, monkeypatch) -> None:
    app = Celery("once", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"a": {"task": "a", "schedule": 0.0}}
    app.conf.beat_max_loop_interval = 5
    scheduler = Scheduler(app, schedule_filename=str(here.DATA_DIR / "schedule"))
    sent: list[str] = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **more: sent.append(entry.task))
    shared.set(turn.KEY, "somebody else")
    assert [scheduler.tick() for _ in range(3)] == [5.0, 5.0, 5.0]
    assert sent == []
    shared.delete(turn.KEY)
    scheduler.tick()
    assert sent == ["a"]
    scheduler.close()
    assert not shared.exists(turn.KEY)


def test_a_clock_that_was_set_back_does_not_keep_beat_waiting_until_it_is_that_late_again(here, caplog) -> None:
    app = Celery("set-back", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {
        "a": {"task": "a", "schedule": 60.0},
        "b": {"task": "b", "schedule": crontab(hour=3)},
    }
    scheduler = Scheduler(app, schedule_filename=str(here.DATA_DIR / "schedule"))
    scheduler.tick()
    for entry in scheduler.schedule.values():
        entry.last_run_at += timedelta(hours=25)
    assert scheduler.schedule["a"].is_due().next > 86_400
    scheduler.tick()
    assert scheduler.schedule["a"].is_due().next <= 60
    assert scheduler.schedule["b"].is_due().next <= 86_400
    assert caplog.text.count("The clock was set back") == 1
    scheduler.tick()
    assert caplog.text.count("The clock was set back") == 1
    scheduler.close()
