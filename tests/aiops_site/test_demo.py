"""Sample data: everywhere, once, told from real data, refused beside it, and taken away again."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from aiops_site import demo
from aiops_site.demo import usage
from aiops_site.demo.services import LOGS
from intelligence.models import (
    AgentRun,
    AnalysisRun,
    Approval,
    Deployment,
    Incident,
    Recommendation,
    Sample,
    Service,
)
from intelligence.rules.analysis import analyse
from jules.models import FixAttempt
from providers.ledger.reconcile import reconcile
from providers.models import AIProviderSettings, AIUsageLog, AuditEntry, ChainCheck
from senate import chat
from senate.models import SenateSession
from tests.providers.ledger import ledger_kit

ROOT = {"code": "ABCD-EFGH", "username": "root", "password": "correct horse battery"}


def post(client, path: str, **fields: str):
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    return client.post(path, {"csrfmiddlewaretoken": token, **fields})


@pytest.fixture
def few(monkeypatch) -> None:
    monkeypatch.setattr(usage, "ROWS", 200)


def seeded(*more: str) -> str:
    said = StringIO()
    call_command("seed_demo", *more, stdout=said)
    return said.getvalue()


def clean() -> bool:
    call_command("verify_ledger", stdout=StringIO())
    return reconcile().clean and not ChainCheck.objects.filter(ok=False).exists()


def test_it_fills_every_page_once_is_marked_and_goes_again(transactional_db, few, django_user_model) -> None:
    django_user_model.objects.create_superuser("root", password="x" * 12)
    assert "8 services, 6 sessions, 200 usage rows" in seeded()
    filled_everything()
    marked()
    assert clean()
    rows = [model.objects.count() for model in (Service, Deployment, SenateSession, AIUsageLog, AuditEntry)]
    assert "already" in seeded()
    assert rows == [
        model.objects.count() for model in (Service, Deployment, SenateSession, AIUsageLog, AuditEntry)
    ]
    taken_away()
    assert clean()
    assert "8 services, 6 sessions, 0 usage rows" in seeded()


def filled_everything() -> None:
    assert {i.state for i in Incident.objects.all()} == {"open", "resolved", "snoozed", "dismissed"}
    assert {r.state for r in Recommendation.objects.all()} == {"open", "accepted", "rejected"}
    assert {a.state for a in AnalysisRun.objects.all()} == {"done"}
    assert {a.state for a in Approval.objects.all()} == {"pending", "denied", "expired"}
    assert FixAttempt.objects.filter(verified=True, pr_state="merged").count() == 1
    assert FixAttempt.objects.filter(error__startswith="Stopped: 1 test deleted").count() == 1
    assert Incident.objects.filter(code="MEMORY_GROWTH").count() == 1
    assert [step.kind for step in AgentRun.objects.get().steps.all()] == ["think", "tool", "tool", "tool", "think"]
    assert Sample.objects.count() > 1_000
    told = [chat.transcript(session) for session in SenateSession.objects.all()]
    assert {one["state"] for one in told} == {"done", "partial", "failed"}
    assert {one["plan"] for one in told} == {"solo", "code-review", "senate"}
    five = next(one for one in told if len(one["members"]) == 5)
    assert [(d["member"], d["state"]) for d in five["dissents"]] == [(2, "answered"), (4, "answered")]
    rotated = next(one for one in told if one["resolution"]["rotations"])
    assert rotated["state_label"] == "Partial: 3 of 4 members" and rotated["dissents"][0]["state"] == "unanswered"


def marked() -> None:
    assert set(AIUsageLog.objects.values_list("price_source", flat=True)) == {"seeded"}
    for name in SenateSession.objects.values_list("owner__username", flat=True):
        assert name.startswith("demo-")
    assert all(".example/" in service.repository_url for service in Service.objects.all())


def taken_away() -> None:
    assert "Removed: " in seeded("--remove")
    assert not Service.objects.exists() and not SenateSession.objects.exists() and not Approval.objects.exists()
    assert AIUsageLog.objects.count() == 200
    assert "no sample data" in seeded("--remove")


def test_a_log_of_the_sample_says_what_it_is_shown_for() -> None:
    healthy = {path.stem: analyse([path.read_bytes()]).healthy for path in LOGS.glob("*.log")}
    assert {name for name, good in healthy.items() if good} == {n for n in healthy if n.startswith("ok_")} | {
        "cart_after"
    }


def test_real_usage_rows_refuse_it_even_where_debug_is_on(everyone, settings) -> None:
    settings.DEBUG = True
    ivo = everyone["ivo"].pk
    ledger_kit.record(ledger_kit.attempt(ivo), ledger_kit.reserve(ivo))
    with pytest.raises(CommandError, match="real usage rows"):
        seeded()
    assert not Service.objects.exists()


@pytest.mark.parametrize("what", ["key", "people", "work"])
def test_a_site_where_people_work_refuses_it(db, django_user_model, settings, what) -> None:
    root = django_user_model.objects.create_superuser("root", password="x" * 12)
    assert demo.refusal() == ""
    match what:
        case "key":
            row = AIProviderSettings.get_solo()
            row.openai_api_key = "sk-canary-0123456789abcdef"
            row.save()
        case "people":
            django_user_model.objects.create_user("second")
        case _:
            Service.objects.create(owner=root, name="of our own")
    assert demo.refusal()
    settings.DEBUG = True
    assert demo.refusal() == ""


def test_the_first_visit_and_the_overview_offer_it_and_an_admin_takes_it_away(
    transactional_db, few, client, monkeypatch
) -> None:
    from aiops_site.sign_in import setup_code

    monkeypatch.setattr(setup_code, "matches", lambda code: True)
    page = client.get("/setup/").content.decode()
    assert 'name="samples" value="1"' in page and 'name="samples" value="1" checked' not in page
    post(client, "/setup/", **ROOT)
    assert "Fill with sample data" in client.get("/").content.decode()
    assert post(client, "/samples/", do="nonsense").status_code == 400
    assert post(client, "/samples/", do="fill").status_code == 303
    shown = client.get("/").content.decode()
    assert "Sample data of a made-up team is here" in shown and "Fill with sample data" not in shown
    assert "checkout-api failed" in shown and "Push the fix of checkout-api" in shown
    post(client, "/samples/", do="remove")
    assert "made-up team is here" not in client.get("/").content.decode()


@pytest.mark.parametrize(("given", "filled"), [({"samples": "1"}, [True]), ({}, [])])
def test_the_first_visit_fills_it_only_where_the_box_is_ticked(db, client, monkeypatch, given, filled) -> None:
    from aiops_site.sign_in import setup_code

    asked: list[bool] = []
    monkeypatch.setattr(setup_code, "matches", lambda code: True)
    monkeypatch.setattr(demo, "fill", lambda: asked.append(True))
    client.get("/setup/")
    assert post(client, "/setup/", **ROOT, **given).status_code == 303
    assert asked == filled
