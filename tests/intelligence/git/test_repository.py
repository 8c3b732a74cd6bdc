"""Against a real git server over smart HTTP."""

import asyncio
import os
import subprocess
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from intelligence.git import GitError, Remote, Repository
from intelligence.git.command import Git
from providers.exceptions import OutboundRefused
from providers.network.addresses import Guard
from tests.fakes.git_server import TOKEN, git, running

FILES = {"app/main.py": "print(1)\n", "README.md": "# Hi\n"}


@pytest.fixture
def server(tmp_path):
    (tmp_path / "served").mkdir()
    with running(tmp_path / "served") as server:
        yield server


@pytest.fixture
def guard(server):
    return Guard([server.url.removeprefix("http://")])


@pytest.fixture
def cloned(server, guard, tmp_path):
    url = server.make("shop", FILES)

    @asynccontextmanager
    async def clone(token=TOKEN, branch="main", url=url):
        async with Repository.cloned(Remote(url, token), branch, guard, folder=tmp_path / "clones") as repository:
            yield repository

    return clone


def test_a_fix_is_committed_without_a_work_tree_and_pushed_once(server, cloned, tmp_path):
    async def go():
        async with cloned() as repository:
            assert await repository.tree() == {"README.md": "100644", "app/main.py": "100644"}
            assert await repository.read("app/main.py") == b"print(1)\n"
            assert await repository.read("nothing.py") is None
            sha = await repository.commit(
                "HEAD", {"app/main.py": b"print(2)\n", "new.txt": b"x", "README.md": None}, "Fix"
            )
            assert await repository.changed("HEAD", sha) == ["README.md", "app/main.py", "new.txt"]
            assert b"-print(1)\n+print(2)\n" in await repository.diff("HEAD", sha, ["app/main.py"])
            assert await repository.remote_head("fix/1") == ""
            await repository.push(sha, "fix/1", expected="")
            assert await repository.remote_head("fix/1") == sha
            with pytest.raises(GitError, match="Somebody else pushed|rejected"):
                await repository.push(await repository.head(), "fix/1", expected="")
            return sha

    sha = asyncio.run(go())
    assert server.branches("shop")["fix/1"] == sha
    assert server.show("shop", "fix/1", "app/main.py") == "print(2)\n"
    assert list((tmp_path / "clones").iterdir()) == []


def test_a_persons_commit_on_the_branch_is_seen(server, cloned):
    server.commit("shop", {"x.txt": "1\n"}, "fix/1", "By hand")

    async def go():
        async with cloned() as repository:
            return await repository.commits_on("fix/1")

    commits = asyncio.run(go())
    assert ("ivo@example.org", "By hand") in [(c.author, c.subject) for c in commits]


def test_a_git_patch_is_applied_without_fuzz(cloned):
    good = b"--- a/app/main.py\n+++ b/app/main.py\n@@ -1 +1 @@\n-print(1)\n+print(3)"
    bad = good.replace(b"-print(1)", b"-print(7)")

    async def go():
        async with cloned() as repository:
            sha = await repository.patched("HEAD", good, "Fix")
            assert await repository.read("app/main.py", sha) == b"print(3)\n"
            for patch in (
                bad,
                good.replace(b"app/main.py", b"../main.py"),
                good.replace(b"app/main.py", b".git/config"),
            ):
                with pytest.raises(GitError):
                    await repository.patched("HEAD", patch, "Fix")

    asyncio.run(go())


def test_the_tree_is_written_out_for_the_sandbox_without_hooks_or_filters(server, cloned, tmp_path):
    server.commit("shop", {".gitattributes": "* filter=evil\n", "a.txt": "a\n"})
    out = tmp_path / "out"
    out.mkdir()

    async def go():
        async with cloned() as repository:
            await repository.export(out)

    asyncio.run(go())
    assert (out / "a.txt").read_text() == "a\n" and (out / "app/main.py").exists()
    assert not (out / ".git").exists()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"token": "wrong-token-123456"}, "refuses the token"),
        ({"token": ""}, "asks for a token|refuses"),
        ({"branch": "nowhere"}, "no such branch"),
        ({"url": "missing"}, "no such repository"),
    ],
)
def test_what_the_server_refuses_is_said_in_a_sentence_without_the_token(server, cloned, how, says):
    if "url" in how:
        how = {"url": f"{server.url}/missing.git"}

    async def go():
        async with cloned(**how):
            raise AssertionError("cloned")

    with pytest.raises(GitError, match=says) as caught:
        asyncio.run(go())
    shown = f"{caught.value} {caught.value.detail} {caught.value!r}"
    assert not caught.value.retryable and "wrong-token" not in shown and TOKEN not in shown


def test_a_fault_of_the_server_may_be_tried_again(server, cloned):
    server.faults.append(503)

    async def go():
        async with cloned():
            raise AssertionError("cloned")

    with pytest.raises(GitError, match="fault of its own") as caught:
        asyncio.run(go())
    assert caught.value.retryable


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x.git", "https://169.254.169.254/x.git", "file:///etc", "ext::sh -c id", "ssh://-oProxyCommand=x",
     "https://user:pw@example.org/x.git", "git://example.org/x.git", "--upload-pack=id"],
)  # fmt: skip
def test_other_addresses_are_never_called(guard, tmp_path, url):
    async def go():
        async with Repository.cloned(Remote(url, TOKEN), "main", guard, folder=tmp_path):
            raise AssertionError("cloned")

    with pytest.raises(OutboundRefused):
        asyncio.run(go())


def test_a_name_that_leads_inside_is_refused(guard, tmp_path, monkeypatch):
    async def inside(*_: object, **__: object):
        return [(2, 1, 6, "", ("127.0.0.1", 443))]

    async def go():
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", inside)
        async with Repository.cloned(Remote("https://git.example.org/x.git"), "main", guard, folder=tmp_path):
            raise AssertionError("cloned")

    with pytest.raises(OutboundRefused, match="private address"):
        asyncio.run(go())


def test_the_token_is_in_no_process_list_and_no_file(server, cloned, tmp_path):
    seen, over = [], threading.Event()

    def look():
        while not over.is_set():
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = place.read_bytes()
                except OSError:
                    continue
                seen.append(line)

    watcher = threading.Thread(target=look)
    watcher.start()

    async def go():
        async with cloned() as repository:
            sha = await repository.commit("HEAD", {"a": b"1"}, "Fix")
            await repository.push(sha, "fix/2", expected="")
            for place in (tmp_path / "clones").rglob("*"):
                assert not place.is_file() or TOKEN.encode() not in place.read_bytes()

    asyncio.run(go())
    over.set()
    watcher.join()
    assert any(b"push" in line for line in seen)
    assert not any(TOKEN.encode() in line or b"Authorization" in line for line in seen)


def test_git_inherits_nothing_of_the_console(monkeypatch, tmp_path, guard):
    monkeypatch.setenv("AI_ENCRYPTION_KEY", "canary-1")
    monkeypatch.setenv("GIT_SSH_COMMAND", "touch /tmp/canary")
    made = asyncio.run(Git(tmp_path, guard).run("-c", "alias.show-env=!env", "show-env")).decode()
    assert "canary" not in made and "OPENAI" not in made


def test_a_repository_that_grows_too_large_is_given_up(server, guard, tmp_path):
    url = server.make("big", {"blob.bin": os.urandom(3_000_000)})

    async def go():
        place = tmp_path / "big"
        place.mkdir()
        small = Git(place, guard, most_disk=100_000)
        await small.run("clone", "--quiet", "--bare", "--", url, "x.git", remote=Remote(url, TOKEN))
        await small.run("fsck", "--full")

    with pytest.raises((GitError, subprocess.SubprocessError)):
        asyncio.run(go())


def test_a_repository_with_a_hostile_submodule_is_refused(server, cloned, tmp_path):
    bare = server.root / "shop.git"
    git(bare, "config", "receive.fsckObjects", "false")
    server.commit(
        "shop", {".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = a\n\tupdate = !touch /tmp/pwned\n'}
    )

    async def go():
        async with cloned():
            raise AssertionError("cloned")

    with pytest.raises(GitError, match="git's own check"):
        asyncio.run(go())


def test_k5_no_name_and_no_revision_becomes_an_option(server, cloned, guard, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    option = f"--upload-pack=touch {canary}"
    ran: list[tuple[str, ...]] = []
    run = Git.run

    async def spied(self, *arguments, **rest):
        ran.append(arguments)
        return await run(self, *arguments, **rest)

    async def act():
        async with cloned() as found:
            sha = await found.head()
            monkeypatch.setattr(Git, "run", spied)
            revisions = [
                lambda: found.head(option),
                lambda: found.tree(option),
                lambda: found.read("README.md", option),
                lambda: found.export(tmp_path / "out", option),
                lambda: found.commit(option, {}, "m"),
                lambda: found.patched(option, b"", "m"),
                lambda: found.changed(option, sha),
                lambda: found.diff(sha, option),
                lambda: found.push(option, "main", sha),
            ]
            for each in revisions:
                with pytest.raises(GitError, match="no commit id"):
                    await each()
            assert not ran, "git is not even started"
            assert await found.remote_head(option) == ""
            assert await found.read(option) is None
            assert await found.diff(sha, sha, [option]) == b""
            await found.commit(sha, {option: b"a file may be called so"}, option)
            for each in (lambda: found.commits_on(option), lambda: found.push(sha, option, "")):
                with pytest.raises(GitError):
                    await each()
        with pytest.raises(GitError):
            async with cloned(branch=option):
                pass

    asyncio.run(act())
    read_as_options = [one for words in ran for one in words[: words.index("--") if "--" in words else None]]
    assert option not in read_as_options and len(ran) > 8
    assert not canary.exists()
