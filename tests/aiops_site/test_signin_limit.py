"""Wrong sign-ins are counted, also while Redis is away."""

import re

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aiops_site.sign_in import signin_limit
from providers.models import AuditEntry

RIGHT = {"username": "mara", "password": "correct horse battery"}


@pytest.mark.parametrize("redis", ["", "redis://127.0.0.1:1/0"])
def test_the_eleventh_wrong_sign_in_waits_and_others_still_get_in(client, people, settings, redis) -> None:
    signin_limit.limiter.cache_clear()
    settings.REDIS_URL = redis
    assert client.post("/login/", RIGHT).status_code == 302
    client.logout()
    answers = [client.post("/login/", {"username": "mara", "password": "no"}).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]
    refused = client.post("/login/?next=/usage/", RIGHT)
    assert refused.status_code == 429 and 1 <= int(refused["Retry-After"]) <= 300
    page = refused.content.decode()
    assert re.search(r"You can try again in (\d+ m )?\d+ s\.", page)
    assert 'href="/login/?next=/usage/"' in page
    signin_limit.limiter.cache_clear()


WRONG = {
    "a wrong password": ("mara", "no"),
    "the right password of a closed account": ("lee", "correct horse battery"),
    "an account without a password": ("ana", "no"),
    "a name that nobody has": ("nobody", "no"),
    "a name of 150 signs": ("n" * 150, "no"),
}


@pytest.mark.django_db
def test_d13_a_refusal_is_the_same_work_and_one_entry_whoever_was_named(
    client, people, settings, monkeypatch
) -> None:
    """Who has an account can't be read from the clock: one derivation of the same length, the same queries."""
    derived: list[int] = []
    encode = PBKDF2PasswordHasher.encode

    def counted(self, password: str, salt: str, iterations: int | None = None) -> str:
        derived.append(iterations or self.iterations)
        return encode(self, password, salt, iterations)

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1_000)
    for person in people.values():
        person.set_password("correct horse battery")
    people["ana"].set_unusable_password()
    people["lee"].is_active = False
    for person in people.values():
        person.save()
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    signin_limit.limiter.cache_clear()
    work = {}
    for what, (name, password) in WRONG.items():
        derived.clear()
        with CaptureQueriesContext(connection) as asked:
            answer = client.post("/login/", {"username": name, "password": password})
        assert (answer.status_code, b"inactive" in answer.content) == (400, False)
        work[what] = (tuple(derived), len(asked))
        entry = AuditEntry.objects.latest("number")
        assert (entry.action, entry.outcome) == ("signin", "refused")
    signin_limit.limiter.cache_clear()
    assert set(work.values()) == {((1_000,), work["a wrong password"][1])}, work
