import pytest

from jules.models import FixAttempt
from tests.jules.conftest import needs_sandbox

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {"src/server.py": "print('up')\n", "start.sh": "python3 app/server.py\n"}


@needs_sandbox
def test_a_fix_is_asked_for_followed_and_listed_by_the_api(service_of, failed, fixed, as_user, world):
    deployment = failed(service_of(FILES, "sh start.sh"))
    ivo = as_user("ivo")
    answer = ivo.post("/api/v1/jules/fix/", {"deployment_id": str(deployment.pk)}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    pk = answer.json()["attempt_id"]
    assert world == [pk]
    again = ivo.post("/api/v1/jules/fix/", {"deployment_id": str(deployment.pk), "engine": "chat"}, format="json")
    assert again.json()["attempt_id"] == pk
    assert fixed(deployment).pk == pk
    shown = as_user("lee").get(answer["Location"]).json()
    assert (shown["state"], shown["verified"], shown["step"]) == ("succeeded", True, "pull_request")
    assert (
        shown["pull_request"]["number"] == 1
        and shown["red"]["exit_code"] == 2
        and shown["green"]["exit_code"] == 0
    )
    assert [s["state"] for s in shown["steps"]] == ["done"] * 5 and "python3 src/server.py" in shown["diff"]
    listed = as_user("lee").get(f"/api/v1/jules/history/{deployment.service_id}/").json()
    assert [row["id"] for row in listed["results"]] == [pk]


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("ivo", {"deployment_id": "nothing"}, 400, "UUID"),
        ("ivo", {}, 400, "required"),
        ("ivo", {"deployment_id": "00000000-0000-4000-8000-000000000000"}, 404, "no such deployment"),
        ("ivo", {"engine": "magic"}, 400, "engine: Send one of "),
        ("ivo", {"run": "rm"}, 400, "run"),
        ("lee", {}, 403, ""),
    ],
)
def test_a_wish_that_can_not_be_met_is_refused_in_words(service_of, failed, as_user, name, body, status, words):
    deployment = failed(service_of(FILES))
    sent = {"deployment_id": str(deployment.pk), **body} if "engine" in body or "run" in body else body
    answer = as_user(name).post("/api/v1/jules/fix/", sent, format="json")
    assert answer.status_code == status and words in answer.json()["error"]["message"]
    assert not FixAttempt.objects.exists()


def test_a_deployment_that_runs_is_not_fixed(service_of, failed, as_user):
    deployment = failed(service_of(FILES))
    type(deployment).objects.update(status="RUNNING")
    answer = as_user("ivo").post("/api/v1/jules/fix/", {"deployment_id": str(deployment.pk)}, format="json")
    assert answer.status_code == 400 and "RUNNING" in answer.json()["error"]["message"]


def test_after_two_attempts_on_a_failure_and_its_fixes_nothing_is_tried_any_more(service_of, failed, as_user):
    service = service_of(FILES)
    first = failed(service)
    second = failed(service, fixes=first)
    third = failed(service, fixes=second)
    reported = type(first).objects.create(service=service, status="FAILED", branch=f"jules/auto-fix-{first.pk}")
    ivo = as_user("ivo")
    answers = [
        ivo.post("/api/v1/jules/fix/", {"deployment_id": str(d.pk)}, format="json")
        for d in (first, second, third, reported)
    ]
    assert [a.status_code for a in answers] == [202, 202, 400, 400]
    assert answers[2].json()["error"]["code"] == "lineage_used_up"
    assert set(FixAttempt.objects.values_list("branch", flat=True)) == {f"jules/auto-fix-{first.pk}"}
