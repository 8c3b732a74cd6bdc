"""Whose turn it is to be beat: of several that run, on one machine or on many, one sends.

A file in DATA_DIR keeps a second one off on the same folder; the system frees it however the first ended. With
Redis, which the messages go through anyway, one folder of all holds the turn for `LASTS` seconds at a time.
"""

import fcntl
import logging
import uuid
from typing import IO

import redis
from django.conf import settings

KEY = "aiops:beat"
LASTS = 15  # seconds; a beat looks at least every five
# Keeps the turn, or takes it where nobody has it.
TAKE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) end
return redis.call('set', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) and 1 or 0"""
GIVE_UP = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

logger = logging.getLogger(__name__)
_file: IO[str] | None = None
_said = False


def mine() -> bool:
    """Whether this process may send now. False also where Redis is away: nothing could be sent."""
    global _said
    has_it = _has_it()
    if has_it != _said:
        logger.info("This beat sends from now on." if has_it else "This beat stands by.")
    _said = has_it
    return has_it


def _has_it() -> bool:
    name = _of_this_folder()
    if not name:
        return False
    if not settings.REDIS_URL:
        return True
    try:
        with _redis() as client:
            return bool(client.eval(TAKE, 1, KEY, name, LASTS))
    except redis.RedisError as error:
        logger.warning("Whose turn it is to be beat can't be asked: %s", type(error).__name__)
        return False


def give_up() -> None:
    """After a clean stop, so that another need not wait."""
    global _file
    if _file is None:
        return
    name = _of_this_folder()
    _file.close()
    _file = None
    if settings.REDIS_URL:
        try:
            with _redis() as client:
                client.eval(GIVE_UP, 1, KEY, name)
        except redis.RedisError as error:
            logger.warning("The turn of beat ends by itself: %s", type(error).__name__)


def _of_this_folder() -> str:
    """The name under which this folder takes turns, the same after a crash; empty while another process has it."""
    global _file
    if _file is None:
        file = (settings.DATA_DIR / "beat.turn").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return ""
        _file = file
    _file.seek(0)
    name = _file.read()
    if not name:
        name = uuid.uuid4().hex
        _file.write(name)
        _file.flush()
    return name


def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
