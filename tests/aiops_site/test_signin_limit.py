"""Wrong sign-ins are counted, also while Redis is away."""

import pytest

from aiops_site import signin_limit

RIGHT = {"username": "mara", "password": "correct horse battery"}


@pytest.mark.parametrize("redis", ["", "redis://127.0.0.1:1/0"])
def test_the_eleventh_wrong_sign_in_waits_and_others_still_get_in(client, people, settings, redis) -> None:
    signin_limit.limiter.cache_clear()
    settings.REDIS_URL = redis
    assert client.post("/login/", RIGHT).status_code == 302
    client.logout()
    answers = [client.post("/login/", {"username": "mara", "password": "no"}).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]
    assert client.post("/login/", RIGHT).status_code == 429
    signin_limit.limiter.cache_clear()
