import io

import pytest
from django.core.management import CommandError, call_command

from senate.management.commands import ask as command
from senate.models import SenateSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_wait(monkeypatch):
    monkeypatch.setattr(command, "WAIT_FOR_WORKER_S", 0.0)


def ask(*arguments, **options):
    out = io.StringIO()
    try:
        call_command("ask", *arguments, stdout=out, **options)
    finally:
        ask.said = out.getvalue()
    return ask.said


def test_a_question_is_worked_on_and_shown_also_without_a_worker(asker, committee):
    said = ask("Roll back or raise the pool?", user="ivo")
    session = SenateSession.objects.get()
    assert session.state == "done" and session.visibility == "team"
    assert "5 members can sit, so they deliberate as a Senate." in said
    assert "No worker took it" in said
    assert all(f"\n{phase}\n" in said for phase in ("Propose", "Review", "Chair"))
    assert session.resolution in said
    assert "Done. 11 calls" in said


def test_members_and_mode_can_be_chosen(asker, committee, upstream):
    said = ask("Roll back?", user="ivo", mode="code-review", members="local/fake-brief, local/fake-sceptic")
    assert {call.body["model"] for call in upstream.calls} == {"fake-brief", "fake-sceptic"}
    assert len(upstream.calls) == 4
    assert "reviews it" in said


def test_the_only_administrator_asks_by_default(committee, django_user_model):
    django_user_model.objects.create_superuser("rosa", password="correct horse battery")
    ask("Roll back?", mode="solo")
    assert SenateSession.objects.get().owner.username == "rosa"


def test_without_a_single_administrator_it_says_what_to_give(asker, committee):
    with pytest.raises(CommandError, match="--user"):
        ask("Roll back?")


def test_a_refusal_is_one_sentence(asker, committee):
    with pytest.raises(CommandError, match="There is no model or provider named 'nobody'"):
        ask("Roll back?", user="ivo", members="nobody")
    assert not SenateSession.objects.exists()


def test_a_failed_session_ends_the_command_with_its_reason(asker, committee):
    committee("fake-optimist-401")
    with pytest.raises(CommandError, match="401"):
        ask("Roll back?", user="ivo")
