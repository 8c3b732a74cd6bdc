"""A chat model over real HTTP: the contract, one more question with the exact errors, caps, cheats."""

import json

import pytest

from providers.models import AIUsageLog
from tests.fakes import modes

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {"app.py": "def f():\n    return 1 / 0\n", "tests/test_app.py": "def test_f():\n    assert f() == 1\n"}


def told(*changes, says="Divides by one."):
    paths = [change["path"] for change in changes]
    return json.dumps({"fix_description": says, "files_to_change": paths, "suggested_changes": list(changes)})


def edit(search, replace):
    return {"path": "app.py", "edits": [{"search": search, "replace": replace}]}


@pytest.fixture
def says(model, monkeypatch):
    """Sets what the model answers, one text after the other; what it was asked."""
    asked = []

    def answers(*texts):
        waiting = list(texts)

        def written(model_name, question, system, schema):
            asked.append(question)
            return waiting.pop(0)

        monkeypatch.setattr(modes, "written", written)
        return asked

    return answers


def test_an_answer_that_does_not_fit_is_asked_again_with_the_exact_errors(
    service_of, failed, fixed, git, forge, says
):
    asked = says(told(edit("return 2 / 0", "return 1 / 1")), told(edit("1 / 0", "1 / 1")))
    attempt = fixed(failed(service_of(FILES), log="ZeroDivisionError: division by zero\n"), "chat")
    assert (attempt.state, attempt.error) == ("succeeded", "")
    assert len(asked) == 2 and "The most similar lines are:" in asked[1] and "return 1 / 0" in asked[1]
    assert git.show("team/shop", attempt.branch, "app.py") == "def f():\n    return 1 / 1\n"
    [pull] = forge.pulls
    assert pull.draft and "**Not verified:** no check command" in pull.body
    calls = AIUsageLog.objects.filter(session_id=f"fix-{attempt.pk}")
    assert {row.metadata["service"] for row in calls} == {str(attempt.service_id)}
    assert calls.count() == 2 and attempt.model == "local/fake-engineer" and len(attempt.prompt_hash) == 64


def test_an_answer_that_can_not_be_used_twice_ends_the_attempt(service_of, failed, fixed, git, says):
    says("I would look at the log.", "{}")
    attempt = fixed(failed(service_of(FILES)), "chat")
    assert (attempt.state, attempt.step) == ("failed", "ask") and "could not be used, twice" in attempt.error
    assert set(git.branches("team/shop")) == {"main"}


def test_a_cheating_patch_is_stopped_and_shown_and_no_branch_is_pushed(
    service_of, failed, fixed, git, forge, says
):
    says(told({"path": "tests/test_app.py", "content": "def test_f():\n    assert True\n"}))
    attempt = fixed(failed(service_of(FILES)), "chat")
    assert (attempt.state, attempt.step) == ("failed", "plan") and attempt.error.startswith("Stopped: ")
    assert attempt.findings and "assert True" in attempt.diff
    assert set(git.branches("team/shop")) == {"main"} and forge.pulls == []


def test_over_the_cap_whole_files_are_taken_as_a_draft_with_a_comment(
    service_of, failed, fixed, git, forge, says, settings
):
    says(told(*({"path": f"new{n}.txt", "content": f"{n}\n" * 3} for n in range(7))))
    attempt = fixed(failed(service_of(FILES)), "chat")
    assert attempt.truncated and len(attempt.files) == 5 and len(attempt.left_out) == 2
    assert len(attempt.proposal["changes"]) == 7
    [pull] = forge.pulls
    assert pull.draft and "new6.txt" in next(iter(pull.comments.values()))
    diff = git.show("team/shop", attempt.branch, "new4.txt")
    assert diff == "4\n" * 3


def test_a_dependency_that_nobody_vouches_for_is_flagged_and_makes_a_draft(service_of, failed, fixed, forge, says):
    says(told({"path": "requirements.txt", "content": "requests\nreqests-tolbelt\n"}))
    attempt = fixed(failed(service_of(FILES)), "chat")
    assert attempt.new_packages == ["reqests-tolbelt"]
    assert forge.pulls[0].draft and "nobody vouches for" in forge.pulls[0].body


def test_a_model_that_is_away_ends_the_attempt_with_a_sentence_and_retry_goes_on(
    service_of, failed, fixed, says, model, everyone
):
    from jules import autofix

    model.script(*["500"] * 8)
    attempt = fixed(failed(service_of(FILES)), "chat")
    assert (attempt.state, attempt.step) == ("failed", "ask") and attempt.error
    model.reset()
    says(told(edit("1 / 0", "1 / 1")))
    autofix.retry(attempt, everyone["ivo"])
    assert fixed(attempt.deployment, "chat").state == "succeeded"
