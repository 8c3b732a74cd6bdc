import asyncio

import pytest

from jules.forges import FORGES, ForgeError, forge_of
from jules.forges.base import waits
from providers.network import outbound
from tests.fakes import forge as fake
from tests.fakes.forge import Fault
from tests.fakes.forges.state import ENDED

BRANCH = "jules/auto-fix-7"


@pytest.fixture
def server():
    with fake.running() as server:
        kept = outbound.guard().entries
        outbound.configure([server.url.removeprefix("http://")])
        yield server
        outbound.configure(kept)


def ask(server, kind, work, token=fake.TOKEN):
    async def go():
        try:
            return await work(forge_of(kind, "https://forge.example.org/team/shop.git", server.api(kind), token))
        finally:
            await outbound.aclose_all()

    return asyncio.run(go())


def opened(forge):
    return forge.open(BRANCH, "main", "Fix it", "Because", draft=True)


@pytest.mark.parametrize("kind", FORGES)
def test_one_pull_request_a_branch_however_often_it_is_opened(server, kind):
    first, second = (ask(server, kind, opened) for _ in range(2))
    assert (first.number, first.state, first.draft) == (1, "open", True)
    assert second.number == 1 and first.url.startswith(server.url)
    assert len(server.pulls) == 1


ENDING = {"github": "pulls", "gitlab": "merge_requests", "bitbucket": "pullrequests"}


@pytest.mark.parametrize("kind", FORGES)
@pytest.mark.parametrize("status", [0, 502])
def test_a_lost_answer_makes_no_second_one(server, kind, status):
    server.faults.append(Fault("POST", ENDING[kind], status, after=True))
    assert ask(server, kind, opened).number == 1
    assert len(server.pulls) == 1


@pytest.mark.parametrize("kind", FORGES)
def test_one_that_was_closed_is_told_and_not_reopened(server, kind):
    ask(server, kind, opened)

    async def close(forge):
        await forge.close(1)
        return await forge.find(BRANCH)

    closed = ask(server, kind, close)
    assert (closed.state, closed.ended_at) == ("closed", ENDED)
    server.pulls[0].state = "merged"
    merged = ask(server, kind, lambda forge: forge.find(BRANCH))
    assert (merged.state, merged.ended_at) == ("merged", ENDED)
    assert ask(server, kind, lambda forge: forge.find("other")) is None


@pytest.mark.parametrize("kind", FORGES)
def test_a_comment_is_written_over_and_labels_are_set(server, kind):
    ask(server, kind, opened)

    async def say(forge):
        await forge.say(1, "left-out", "first")
        await forge.say(1, "left-out", "second")
        await forge.say(1, "other", "third")
        await forge.label(1, ["jules", "auto-fix"])
        await forge.update(1, "New title", "New body")

    ask(server, kind, say)
    pull = server.pulls[0]
    assert [text.split("\n")[0] for text in pull.comments.values()] == ["second", "third"]
    assert pull.title.endswith("New title") and pull.body == "New body"
    assert pull.title.startswith("Draft: ") == (kind == "gitlab")
    assert pull.labels == ([] if kind == "bitbucket" else ["jules", "auto-fix"])


@pytest.mark.parametrize("kind", FORGES)
@pytest.mark.parametrize(
    ("status", "headers", "again"),
    [(401, {}, False), (403, {}, False), (404, {}, False), (422, {}, False), (429, {}, True), (503, {}, True),
     (403, {"Retry-After": "7"}, True)],
)  # fmt: skip
def test_a_refusal_says_whether_to_try_again(server, kind, status, headers, again):
    server.faults.append(Fault("GET", ENDING[kind], status, headers=headers))
    with pytest.raises(ForgeError, match=str(status)) as caught:
        ask(server, kind, opened)
    assert caught.value.retryable is again
    assert caught.value.retry_after == (7.0 if headers else 60.0 if status == 429 else None)


@pytest.mark.parametrize("kind", FORGES)
def test_a_wrong_token_that_the_forge_repeats_is_masked(server, kind):
    with pytest.raises(ForgeError, match="refuses the token") as caught:
        ask(server, kind, opened, token="wrong-token-778899")
    assert "778899" not in f"{caught.value} {caught.value!r} {caught.value.as_dict()}"


def test_an_address_without_owner_or_to_a_private_host_is_refused():
    with pytest.raises(ForgeError, match="owner and a repository"):
        forge_of("github", "https://github.com/shop", "", "t")
    forge = forge_of("github", "https://github.com/team/shop", "https://10.0.0.1/api/v3", "t")
    with pytest.raises(ForgeError, match="private address"):
        asyncio.run(forge.find("main"))


@pytest.mark.parametrize("kind", FORGES)
@pytest.mark.parametrize(
    ("checks", "says"),
    [
        ({}, ""), ({"tests": "success", "legacy/lint": "success"}, "success"),
        ({"tests": "success", "legacy/lint": "pending"}, "pending"),
        ({"tests": "failure", "legacy/lint": "pending"}, "failure"),
    ],
)  # fmt: skip
def test_all_checks_of_a_pull_request_are_one_word(server, kind, checks, says):
    made = ask(server, kind, opened)
    server.pulls[0].checks = checks
    assert ask(server, kind, lambda forge: forge.checks(made)) == says


def test_a_persons_bitbucket_token_is_sent_as_basic_and_masked(server):
    assert ask(server, "bitbucket", opened, token=f"ivo@example.org:{fake.TOKEN}").number == 1
    with pytest.raises(ForgeError) as caught:
        ask(server, "bitbucket", opened, token="ivo@example.org:wrong-token-778899")
    assert "778899" not in str(caught.value)


@pytest.mark.parametrize("kind", FORGES)
def test_a_server_that_is_no_forge_is_told_in_words(server, kind):
    other = next(name for name in FORGES if name != kind)
    server.pulls.clear()

    async def work(forge):
        forge.repo = type(forge.repo).of("https://x.example/team/shop", server.url, fake.TOKEN)
        forge.call = lambda *a, **k: asyncio.sleep(0, {"hello": other})
        return await forge.open(BRANCH, "main", "Fix it", "Because", draft=True)

    with pytest.raises(ForgeError, match=f"does not answer like {kind}"):
        ask(server, kind, work)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None), ({"retry-after": "7"}, 7.0), ({"retry-after": "soon"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1090"}, 90.0),
        ({"x-ratelimit-remaining": "4", "x-ratelimit-reset": "1090"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "900"}, 1.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "999999"}, 3600.0),
    ],
)  # fmt: skip
def test_how_long_a_forge_asks_to_wait(headers, seconds):
    assert waits(headers, now=1_000.0) == seconds
