"""Exact moving windows in Redis, for many users in one exchange: each user costs one run of a script.

The `limits` library asks twice for one request (the hit, then how things stand), each in an exchange of its own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from limits import RateLimitItem
from redis import Redis
from redis.exceptions import NoScriptError

# A list of moments, the newest first. What has left the window is dropped, so it never holds more than the limit.
# Moments to come are of a clock that was set back since: they were by now at the latest.
SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local limit, window, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], -1)
while oldest and tonumber(oldest) <= now - window do
    redis.call('RPOP', KEYS[1])
    oldest = redis.call('LINDEX', KEYS[1], -1)
end
local ahead = 0
local newest = redis.call('LINDEX', KEYS[1], ahead)
while newest and tonumber(newest) > now do
    redis.call('LSET', KEYS[1], ahead, string.format('%.6f', now))
    ahead = ahead + 1
    newest = redis.call('LINDEX', KEYS[1], ahead)
end
if oldest then oldest = redis.call('LINDEX', KEYS[1], -1) end
local left = limit - redis.call('LLEN', KEYS[1])
local granted = math.max(0, math.min(wanted, left))
for _ = 1, granted do
    redis.call('LPUSH', KEYS[1], string.format('%.6f', now))
end
redis.call('EXPIRE', KEYS[1], window)
return {granted, left, tostring((tonumber(oldest) or now) + window - now)}
"""
SHA = hashlib.sha1(SCRIPT.encode()).hexdigest()  # noqa: S324  (so Redis names scripts)


@dataclass(slots=True)
class Granted:
    """What one user got of what they wanted: so many requests. `remaining`: what was left before them."""

    requests: int
    remaining: int
    reset_s: float


def take_all(
    client: Redis, scope: str, item: RateLimitItem, wanted: Mapping[int | str, int]
) -> dict[int | str, Granted]:
    """`wanted`: user -> number of requests. Errors: RedisError; what was counted until then stays counted."""
    found: dict[int | str, Granted] = {}
    left = dict(wanted)
    for _ in range(2):
        pipe = client.pipeline(transaction=False)
        for user_id, many in left.items():
            key = f"rate:{scope}:{item.get_expiry()}:{user_id}"
            pipe.evalsha(SHA, 1, key, item.amount, item.get_expiry(), many)
        for user_id, answer in zip(list(left), pipe.execute(raise_on_error=False), strict=True):
            if isinstance(answer, NoScriptError):
                continue
            if isinstance(answer, Exception):
                raise answer
            requests, remaining, reset_s = answer
            found[user_id] = Granted(requests, remaining, float(reset_s))
            del left[user_id]
        if not left:
            return found
        client.script_load(SCRIPT)  # this Redis is new, or was started again
    raise NoScriptError("Redis forgot a script that it was just given.")
