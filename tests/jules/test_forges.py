import asyncio

import pytest

from jules.forges import FORGES, ForgeError, forge_of
from providers import outbound
from tests.fakes import forge as fake
from tests.fakes.forge import Fault

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


@pytest.mark.parametrize("kind", FORGES)
@pytest.mark.parametrize("status", [502, 500])
def test_a_lost_answer_makes_no_second_one(server, kind, status):
    ending = "pulls" if kind == "github" else ("merge_requests" if kind == "gitlab" else "pullrequests")
    server.faults.append(Fault("POST", ending, status, after=True))
    assert ask(server, kind, opened).number == 1
    assert len(server.pulls) == 1


@pytest.mark.parametrize("kind", FORGES)
def test_one_that_was_closed_is_told_and_not_reopened(server, kind):
    ask(server, kind, opened)

    async def close(forge):
        await forge.close(1)
        return await forge.find(BRANCH)

    assert ask(server, kind, close).state == "closed"
    server.pulls[0].state = "merged"
    assert ask(server, kind, lambda forge: forge.find(BRANCH)).state == "merged"
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
    ending = {"github": "pulls", "gitlab": "merge_requests", "bitbucket": "pullrequests"}[kind]
    server.faults.append(Fault("GET", ending, status, headers=headers))
    with pytest.raises(ForgeError, match=str(status)) as caught:
        ask(server, kind, opened)
    assert caught.value.retryable is again
    assert caught.value.retry_after == (7.0 if headers else None)


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
