from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from intelligence.approval import acts, approvals
from intelligence.models import Approval, Service
from providers.exceptions import InvalidInput, NotAllowed
from providers.models import AuditEntry
from providers.trail import audit

pytestmark = pytest.mark.django_db
RAN = []


@pytest.fixture(autouse=True)
def act(monkeypatch):
    RAN.clear()

    def run(arguments, approval):
        if arguments.get("fails"):
            raise InvalidInput("It can't be done.")
        RAN.append(arguments)
        return {"ran": len(RAN)}

    def state(arguments):
        return {"name": Service.objects.values_list("name", flat=True).get(pk=arguments["service"])}

    monkeypatch.setattr(acts, "_acts", {})
    return approvals.register(approvals.Act("service.restart", run, state))


@pytest.fixture
def ask(people, service):
    def made(user="ivo", **more):
        arguments = {"service": str(service.pk), **more.pop("arguments", {})}
        about = {"target": service.name, "title": f"Restart {service.name}", **more}
        return approvals.request("service.restart", arguments, user=people[user], requester=user, **about)

    return made


def test_what_is_approved_runs_once_as_it_was_asked(ask, people, as_user):
    asked = ask(arguments={"mode": "rolling"})
    url = f"/api/v1/ops/approvals/{asked.pk}/"
    done = as_user("mara").post(url, {"decision": "approve", "reason": "yes"}, format="json")
    assert done.status_code == 200 and done.json()["state"] == "done" and done.json()["result"] == {"ran": 1}
    assert RAN == [{"service": str(asked.arguments["service"]), "mode": "rolling"}]
    again = as_user("mara").post(url, {"decision": "approve"}, format="json")
    assert again.status_code == 409 and len(RAN) == 1
    assert as_user("lee").get(url).json()["decided_by"] == "mara"


def test_a_long_argument_is_folded_whole_and_a_short_one_stays_open(ask, people):
    short = ask(arguments={"mode": "rolling"})
    long = ask(arguments={"script": "echo 1;" * 400 + "<b>end"})
    client = Client()
    client.force_login(people["mara"])
    folded, whole = (client.get(f"/approvals/{one.pk}/").content.decode() for one in (long, short))
    assert '<details class="fold">' in folded and "&lt;b&gt;end&quot;</span></details>" in folded
    assert long.digest in folded and '<details class="fold">' not in whole and short.digest in whole


def test_the_requester_and_those_who_only_read_do_not_decide(ask, people, as_user):
    asked = ask(user="mara")
    url = f"/api/v1/ops/approvals/{asked.pk}/"
    own = as_user("mara").post(url, {"decision": "approve"}, format="json")
    assert own.status_code == 403 and "somebody else decides" in own.json()["error"]["message"]
    for name in ("ana", "lee"):
        assert as_user(name).post(url, {"decision": "approve"}, format="json").status_code == 403
    assert RAN == [] and Approval.objects.get().state == "pending"
    waiting = [approvals.waiting_for(people[name]).count() for name in ("mara", "ivo")]
    assert waiting == [0, 1]


def test_a_denied_one_never_runs(ask, people):
    asked = ask()
    assert approvals.decide(asked.pk, people["mara"], "deny", "no").state == "denied"
    with pytest.raises(approvals.AlreadyDecided):
        approvals.decide(asked.pk, people["mara"], "approve")
    with pytest.raises(approvals.AlreadyDecided):
        approvals.execute(asked.pk)
    assert RAN == []


@pytest.mark.parametrize("state", ["pending", "approved"])
def test_one_whose_time_is_up_never_runs(ask, people, state):
    asked = ask()
    past = timezone.now() - timedelta(seconds=1)
    Approval.objects.update(expires_at=past, state=state, decided_at=past)
    with pytest.raises(approvals.AlreadyDecided, match="expired|time is up"):
        approvals.decide(asked.pk, people["mara"], "approve") if state == "pending" else approvals.execute(
            asked.pk
        )
    approvals.expire()
    assert RAN == [] and Approval.objects.get().state == "expired"


@pytest.mark.parametrize(
    "tamper",
    [
        lambda a: {"arguments": {**a.arguments, "mode": "all"}},
        lambda a: {"act": "service.other"},
        lambda a: {"digest": "0" * 64},
        lambda a: {"requested_by": None},
        lambda a: {"caller": {"scopes": ["everything"]}},
        lambda a: {"arguments": {**a.arguments, "service": a.arguments["service"].upper()}},
    ],
)
def test_a_row_that_was_changed_after_asking_is_refused(ask, people, act, tamper):
    approvals.register(approvals.Act("service.other", act.run, act.state))
    asked = ask()
    Approval.objects.update(**tamper(asked))
    with pytest.raises(approvals.NotAsApproved):
        approvals.decide(asked.pk, people["mara"], "approve")
    assert RAN == [] and Approval.objects.get().state == "changed"


def test_a_target_that_changed_meanwhile_is_not_touched(ask, people, service):
    asked = ask()
    Service.objects.update(name="renamed")
    with pytest.raises(approvals.NotAsApproved, match="ask again"):
        approvals.decide(asked.pk, people["mara"], "approve")
    assert RAN == []


def test_a_destructive_act_wants_its_target_typed(ask, people):
    asked = ask(risk="destructive")
    with pytest.raises(InvalidInput, match="Type checkout-api"):
        approvals.decide(asked.pk, people["mara"], "approve", typed="checkout")
    assert approvals.decide(asked.pk, people["mara"], "approve", typed="checkout-api").state == "done"


def test_an_act_that_fails_says_so_and_does_not_run_again(ask, people):
    asked = ask(arguments={"fails": True})
    with pytest.raises(InvalidInput):
        approvals.decide(asked.pk, people["mara"], "approve")
    row = Approval.objects.get()
    assert (row.state, row.error) == ("failed", "It can't be done.")
    with pytest.raises(approvals.AlreadyDecided):
        approvals.execute(asked.pk)


def test_asking_twice_for_the_same_is_one_row(ask):
    assert ask().pk == ask().pk
    assert ask(arguments={"mode": "rolling"}).pk != ask().pk


def test_only_plain_values_are_bound(ask):
    with pytest.raises(InvalidInput, match="plain JSON"):
        ask(arguments={"x": float("nan")})


def test_a_role_is_looked_at_when_it_decides_not_before(ask, people):
    asked = ask()
    people["mara"].is_active = False
    with pytest.raises((NotAllowed, Exception)) as caught:
        approvals.decide(asked.pk, people["mara"], "approve")
    assert caught.value.code in ("not_found", "not_the_approver") and RAN == []


@pytest.mark.django_db(transaction=True)
def test_eight_deciders_at_once_run_it_once(ask, people):
    asked, mara = ask(), people["mara"]

    def decide(_):
        try:
            return approvals.decide(asked.pk, mara, "approve").state
        except approvals.AlreadyDecided:
            return "late"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(decide, range(8)))
    assert sorted(said) == ["done", *["late"] * 7] and len(RAN) == 1


def test_asking_deciding_and_executing_stand_in_the_audit_log_and_without_it_nothing_happens(
    ask, people, monkeypatch
):
    asked = ask(why="it hangs")
    approvals.decide(asked.pk, people["mara"], "approve", "go on")
    rows = AuditEntry.objects.filter(object_id=str(asked.pk)).order_by("pk")
    acts_of_it = ["approval.ask", "approval.approve", "approval.execute", "approval.result"]
    assert [r.action for r in rows] == acts_of_it
    assert [r.reason for r in rows[:2]] == ["it hangs", "go on"] and asked.digest in rows[1].after

    def full(*_, **__):
        raise audit.AuditUnavailable("This can't be written into the audit log now, so it was not done.")

    second = ask(arguments={"mode": "rolling"})
    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(audit.AuditUnavailable):
        approvals.decide(second.pk, people["mara"], "approve")
    assert Approval.objects.get(pk=second.pk).state == "pending" and len(RAN) == 1
