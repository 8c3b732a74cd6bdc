"""Jules sessions against a real HTTP server."""

from dataclasses import replace

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.types import Meter
from providers.wires import wire_for
from providers.wires.jules import Activity, Source
from tests.fakes.jules import DIFF, SOURCE
from tests.providers.wires.wire_kit import KEY, connection, prompt


@pytest.fixture
async def jules(upstream):
    yield wire_for(connection(upstream, "jules"))
    await outbound.aclose_all()


async def started(jules):
    return await jules.create("Fix the build", source=SOURCE, branch="main", title="Build")


async def test_a_session_goes_from_its_plan_to_its_patch(jules, upstream):
    made = await started(jules)
    assert (made.state, made.title, made.patches) == ("QUEUED", "Build", ()) and made.url.startswith("https://")
    waiting = await jules.poll(made.id, seconds=30, every=0)
    assert waiting.state == "AWAITING_PLAN_APPROVAL" and waiting.waits_for_us and not waiting.ended
    await jules.approve_plan(made.id)
    await jules.send_message(made.id, "Keep it small.")
    done = await jules.poll(made.id, seconds=30, every=0)
    assert done.ended and done.state == "COMPLETED"
    assert [(one.diff, one.base_commit, one.message) for one in done.patches] == [(DIFF, "abc123", "Pin redis")]


async def test_it_never_opens_a_pull_request_by_itself_and_waits_with_its_plan(jules, upstream):
    await started(jules)
    body = upstream.calls[0].body
    assert body["requirePlanApproval"] is True and "automationMode" not in body
    assert body["sourceContext"] == {"source": SOURCE, "githubRepoContext": {"startingBranch": "main"}}
    assert upstream.calls[0].headers["x-goog-api-key"] == KEY and KEY not in upstream.calls[0].path


async def test_the_steps_of_all_pages_are_read(jules, upstream):
    steps = await jules.activities((await started(jules)).id)
    assert [step.kind for step in steps] == [
        "planGenerated",
        "planApproved",
        "progressUpdated",
        "agentMessaged",
        "",
        "sessionCompleted",
    ]
    assert steps[0] == Activity("a0", "2026-11-20T10:00:00Z", "agent", "planGenerated", "Look at the log\nPin it")
    assert [step.text for step in steps[2:4]] == ["Ran the tests\n42 passed", "Done."]


async def test_the_sources_are_listed_by_their_own_names(jules):
    assert await jules.sources() == [Source(SOURCE, "acme", "shop")]


async def test_a_key_is_tested_without_a_session(jules, upstream):
    assert await jules.list_models() == []
    assert [(call.method, call.path) for call in upstream.calls] == [("GET", "/jules/v1alpha/sources?pageSize=1")]
    wrong = wire_for(connection(upstream, "jules", key="wrong-key-123456"))
    with pytest.raises(errors.KeyRefused, match="401 Unauthorized"):
        await wrong.list_models()


async def test_polling_outlasts_a_short_failure_but_not_its_time(jules, upstream):
    made = await started(jules)
    upstream.script("503", "reset", "500")
    assert (await jules.poll(made.id, seconds=30, every=0)).waits_for_us
    upstream.set_mode("503")
    with pytest.raises(errors.UpstreamUnavailable):
        await jules.poll(made.id, seconds=0, every=0)


async def test_polling_ends_in_time_while_the_session_still_works(jules, upstream):
    upstream.jules.ending = "IN_PROGRESS"
    made = await started(jules)
    await jules.poll(made.id, seconds=30, every=0)
    await jules.approve_plan(made.id)
    with pytest.raises(errors.UpstreamTimeout, match=r"did not end within 0\.05 seconds"):
        await jules.poll(made.id, seconds=0.05, every=0.01)


async def test_a_failed_session_is_an_end_without_a_patch(jules, upstream):
    upstream.jules.ending = "FAILED"
    made = await started(jules)
    await jules.poll(made.id, seconds=30, every=0)
    await jules.approve_plan(made.id)
    done = await jules.poll(made.id, seconds=30, every=0)
    assert (done.state, done.ended, done.patches) == ("FAILED", True, ())


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("403", errors.KeyRefused),
        ("404", errors.UpstreamRejected),
        ("429", errors.UpstreamRateLimited),
        ("500", errors.UpstreamUnavailable),
        ("html", errors.UpstreamBroken),
        ("echokey", errors.KeyRefused),
        ("redirect", errors.UpstreamBroken),
        ("huge", errors.UpstreamBroken),
        ("reset", errors.UpstreamUnavailable),
    ],
)
async def test_a_fault_becomes_one_clear_error(jules, upstream, mode, kind):
    upstream.set_mode(mode)
    for exchange in (started(jules), jules.session("1")):
        with pytest.raises(kind, match="Provider jules failed: ") as caught:
            await exchange
        assert KEY[3:12] not in caught.value.message and caught.value.__context__ is None


async def test_an_unknown_session_and_one_that_is_a_path_are_not_found(jules, upstream):
    for name in ("9", "../sources", "1:approvePlan"):
        with pytest.raises(errors.UpstreamRejected, match="404 Not Found"):
            await jules.session(name)
    assert [call.path for call in upstream.calls][1] == "/jules/v1alpha/sessions/..%2Fsources"


@pytest.mark.parametrize("hosts", [(), ("jules.googleapis.com",), ("127.0.0.1.example.com",), ("27.0.0.1",)])
async def test_a_host_that_is_not_allowed_is_refused_at_the_call(jules, upstream, hosts):
    jules.connection = replace(jules.connection, allowed_hosts=hosts)
    with pytest.raises(errors.OutboundRefused, match="Provider 'jules' not in JULES_ALLOWED_HOSTS. Allowed:"):
        await started(jules)
    with pytest.raises(errors.OutboundRefused):
        await jules.session("1")
    assert upstream.calls == []


async def test_it_is_no_chat_model(jules):
    with pytest.raises(errors.InvalidInput, match="no chat model"):
        await jules.achat(prompt("jules", "ok"), Meter())
