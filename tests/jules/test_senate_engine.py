"""The Senate as engine: a real committee on the fake upstream deliberates, its resolution becomes the fix."""

import json

import pytest

from jules import autofix
from jules.models import FixAttempt
from jules.work.desk import DESK
from providers.models import AIProviderSettings, AIServiceConfig, AIUsageLog
from providers.runtime import loop
from senate.models import SenateSession
from senate.work import nudges as senate_nudges
from senate.work.desk import DESK as SENATE
from tests.fakes import modes

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {"app.py": "def f():\n    return 1 / 0\n", "notes.md": "Nothing.\n"}
FIX = {"path": "app.py", "edits": [{"search": "1 / 0", "replace": "1 / 1"}]}


@pytest.fixture
def committee(model, monkeypatch):
    """Three members; their sessions are worked on in this process as soon as they are asked for."""
    AIServiceConfig.objects.update(model_pricing={"*": {"input": "1", "output": "2"}})
    row = AIProviderSettings.get_solo()
    row.openai_base_url, row.openai_api_key = model.openai_url, "sk-test-key-0123456789"
    row.seats = [f"openai/fake-{name}" for name in ("optimist", "sceptic", "engineer")]
    row.save()
    SENATE.open()
    monkeypatch.setattr(senate_nudges, "workers", lambda pk, *_, **__: loop.spawn(SENATE.take(pk)))
    yield model
    loop.run(SENATE.close())
    SENATE.open()


def fix(*changes):
    paths = [change["path"] for change in changes]
    return json.dumps({"fix_description": "By one.", "files_to_change": paths, "suggested_changes": list(changes)})


@pytest.fixture
def resolves(committee, monkeypatch):
    """Sets what the chair resolves, one text after the other; what the chairs were asked."""
    asked, ordinary = [], modes.written

    def answers(*texts):
        waiting = list(texts)

        def written(model, question, system, schema):
            said = ordinary(model, question, system, schema)
            if schema and "resolution" in schema.get("properties", {}):
                asked.append(question)
                return json.dumps(json.loads(said) | {"resolution": waiting.pop(0)})
            return said

        monkeypatch.setattr(modes, "written", written)
        return asked

    return answers


def test_a_resolution_becomes_the_fix_and_its_cost_is_the_sessions(
    service_of, failed, fixed, git, forge, resolves, everyone
):
    asked = resolves(f"```json\n{fix(FIX)}\n```")
    log = "ZeroDivisionError: division by zero\nSECRET_TOKEN=abc\n"
    attempt = fixed(failed(service_of(FILES), log=log), "senate", everyone["ivo"])
    assert (attempt.state, attempt.error, attempt.description) == ("succeeded", "", "By one.")
    assert git.show("team/shop", attempt.branch, "app.py") == "def f():\n    return 1 / 1\n"
    session = SenateSession.objects.get()
    assert (attempt.remote_session, attempt.model) == (str(session.pk), f"senate session {session.pk}")
    assert len(asked) == 1 and "ZeroDivisionError" in asked[0] and session.owner == everyone["ivo"]
    calls = AIUsageLog.objects.filter(session_id=str(session.pk))
    assert calls.count() == 7 and attempt.cost_usd == sum(row.actual_cost_usd for row in calls) > 0
    assert len(attempt.prompt_hash) == 64 and forge.pulls[0].draft


def test_a_resolution_that_does_not_fit_is_asked_for_again_once(service_of, failed, fixed, git, resolves):
    asked = resolves("Divide by one.", fix({**FIX, "edits": [{"search": "2 / 0", "replace": "1"}]}))
    attempt = fixed(failed(service_of(FILES), log="ZeroDivisionError\n"), "senate")
    assert (attempt.state, attempt.step) == ("failed", "ask")
    assert "could not be used, twice" in attempt.error and "An earlier answer could not be used" in asked[1]
    assert SenateSession.objects.count() == 2 and set(git.branches("team/shop")) == {"main"}
    assert attempt.cost_usd == sum(AIUsageLog.objects.values_list("actual_cost_usd", flat=True))


def test_a_session_that_a_lost_worker_began_is_gone_on_with(service_of, failed, resolves, everyone, monkeypatch):
    resolves(fix(FIX))
    begun = []

    def lost(pk, *_, **__):
        begun.append(pk)
        loop.spawn(DESK.close())

    with monkeypatch.context() as patched:
        patched.setattr(senate_nudges, "workers", lost)
        attempt = autofix.start(failed(service_of(FILES), log="ZeroDivisionError\n"), everyone["ivo"], "senate")
        loop.run(autofix._worked_on(attempt.pk))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.claimed_by, attempt.remote_session) == ("running", "", str(begun[0]))
    DESK.open()
    loop.spawn(SENATE.take(begun[0]))
    loop.run(autofix._worked_on(attempt.pk))
    assert FixAttempt.objects.get().state == "succeeded" and SenateSession.objects.count() == 1
