"""Every act of an admin is one entry, written with the act or neither; never a secret in it."""

import json

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from providers.access import identity
from providers.access import people as accounts
from providers.configuration import configure, policy_form
from providers.exceptions import InvalidInput, NotAllowed
from providers.ledger import triggers
from providers.models import AIProviderSettings, AIServiceConfig, ApiToken, AuditEntry, ProviderBreaker, UserAICap
from providers.money import caps
from providers.trail import audit
from tests.providers.usage.usage_kit import NOW, insert, row

CANARY = "sk-canary-5f0c7d2e91b34a685f0c7d2e"
pytestmark = pytest.mark.django_db


def update(client: Client, fields: dict) -> object:
    return client.post("/api/v1/ai/providers/update/", json.dumps(fields), content_type="application/json")


def newest() -> AuditEntry:
    return AuditEntry.objects.order_by("-number")[0]


def since(number: int) -> list[str]:
    return list(AuditEntry.objects.filter(number__gt=number).order_by("number").values_list("action", flat=True))


def test_an_entry_says_who_what_and_what_it_was_before(people, mara):
    mara.post(
        "/usage/caps/ivo/",
        {"daily_cost_cap_usd": "15", "reason": "a long night"},
        HTTP_X_REQUEST_ID="req-12345678",
    )
    entry = newest()
    assert (entry.action, entry.object_type, entry.object_id) == ("cap.raise", "user", str(people["ivo"].pk))
    assert (entry.actor_id, entry.role, entry.surface) == (people["mara"].pk, "admin", "page")
    assert (entry.was, entry.became) == ({"daily_cost_cap_usd": "10.00"}, {"daily_cost_cap_usd": "15.00"})
    assert (entry.reason, entry.request_id, entry.address) == ("a long night", "req-12345678", "127.0.0.1")


def test_keys_models_and_order_are_entries_without_the_key(people, mara):
    number = newest().number
    saved = [
        {"openai_api_key": CANARY},
        {"openai_api_key": CANARY + "2"},
        {"openai_model": "gpt-x"},
        {"openai_api_key": None},
    ]
    for fields in saved:
        response = mara.post("/api/v1/ai/providers/update/", json.dumps(fields), content_type="application/json")
        assert response.status_code == 200
    assert since(number) == ["key.save", "key.replace", "provider.change", "key.clear"]
    assert newest().surface == "api"
    entries = AuditEntry.objects.filter(number__gt=number).order_by("number")
    assert [entry.object_label for entry in entries] == ["OpenAI"] * 4
    assert [(e.was, e.became) for e in entries][:2] == [
        ({"openai_api_key": "none"}, {"openai_api_key": "set"}),
        ({"openai_api_key": "set"}, {"openai_api_key": "set"}),
    ]
    assert CANARY not in "".join(str(vars(entry)) for entry in AuditEntry.objects.all())


def test_policy_committee_order_and_breaker_are_entries(people):
    for slug in ("openai", "claude"):
        configure.save_provider(slug=slug, by="Mara", key=CANARY)
    number = newest().number
    policy_form.save({"daily_cost_limit_usd": "50"}, "Mara")
    policy_form.save({"daily_cost_limit_usd": "50"}, "Mara")  # nothing changes
    configure.save_committee(mode="solo", senate_enabled=True, senate_max_members=3, seats=[])
    configure.move(slug="claude", step=-1)
    ProviderBreaker.objects.create(provider="openai", model="m", failures=9, opened_at=NOW)
    configure.wake(slug="openai")
    configure.wake(slug="openai")  # was not resting
    assert since(number) == ["policy.change", "committee.change", "provider.order", "breaker.reset"]


def test_users_roles_and_tokens_are_entries(people, django_user_model):
    number = newest().number
    user = django_user_model.objects.create_user("new", "new@example.org", "correct horse battery")
    user.groups.add(Group.objects.get(name="engineer"))
    user.groups.clear()
    user.is_superuser = True
    user.set_password("another password")
    user.save()
    row, _ = identity.make_token(user, "ci-runner")
    identity.revoke_token(user, row.pk)
    assert since(number) == ["user.add", "role.add", "role.clear", "user.change", "token.add", "token.revoke"]
    change = AuditEntry.objects.get(number=number + 4)
    assert change.became == {"is_superuser": True, "password": "set"}
    assert "new@example.org" not in "".join(str(vars(entry)) for entry in AuditEntry.objects.all())


def test_signing_in_and_out_and_wrong_passwords_are_entries(people):
    number = newest().number
    client = Client()
    client.post("/login/", {"username": "ivo", "password": "wrong"})
    client.post("/login/", {"username": "hunter2-typed-as-name", "password": "wrong"})
    client.post("/login/", {"username": "ivo", "password": "correct horse battery"})
    client.post("/logout/")
    entries = list(AuditEntry.objects.filter(number__gt=number).order_by("number"))
    assert [(e.action, e.outcome) for e in entries] == [
        ("signin", "refused"), ("signin", "refused"), ("signin", "done"), ("signout", "done"),
    ]  # fmt: skip
    assert [e.object_id for e in entries] == [str(people["ivo"].pk), "", *[str(people["ivo"].pk)] * 2]
    assert "hunter2" not in "".join(str(vars(entry)) for entry in entries)


def test_a_cap_changed_in_a_shell_is_audited_as_shell(people):
    ivo = people["ivo"]
    for change in (
        lambda: UserAICap.objects.update_or_create(user=ivo, defaults={"daily_token_cap": 5}),
        lambda: UserAICap.objects.filter(user=ivo).update(daily_token_cap=7),
        lambda: UserAICap.objects.get(user=ivo).delete(),
    ):
        number = newest().number
        change()
        assert len(since(number)) == 1
        assert (newest().surface, newest().actor_id, newest().object_id) == ("shell", None, str(ivo.pk))
    assert newest().action == "cap.reset"


def test_the_key_rotation_is_an_entry(people):
    call_command("rotate_encryption_key", verbosity=0)
    assert newest().action == "encryption_key.rotate"


# An act that can't be audited is refused


@pytest.fixture
def no_audit(people, monkeypatch):
    """The audit log's table refuses every row, as a full disk would."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER full BEFORE INSERT ON providers_auditentry BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        else:
            cursor.execute("ALTER TABLE providers_auditentry ADD CONSTRAINT full_up CHECK (false) NOT VALID")


def test_what_can_not_be_audited_is_not_done(people, mara, no_audit, django_user_model):
    acts = [
        lambda: configure.save_provider(slug="openai", by="Mara", key=CANARY),
        lambda: policy_form.save({"daily_cost_limit_usd": "50"}, "Mara"),
        lambda: caps.change(people["ivo"], daily_token_cap=5, by=people["mara"], reason="x"),
        lambda: UserAICap.objects.update_or_create(user=people["ivo"], defaults={"daily_token_cap": 5}),
        lambda: identity.make_token(people["ivo"], "ci"),
        lambda: django_user_model.objects.create_user("new"),
        lambda: people["ivo"].groups.clear(),
        lambda: call_command("rotate_encryption_key", verbosity=0),
    ]
    for act in acts:
        with pytest.raises(audit.AuditUnavailable), transaction.atomic():
            act()
    assert not AIProviderSettings.get_solo().openai_api_key
    assert AIServiceConfig.get_instance().daily_cost_limit_usd == 100
    assert not UserAICap.objects.exists()
    assert not ApiToken.objects.exists()
    assert not django_user_model.objects.filter(username="new").exists()
    assert people["ivo"].groups.count() == 1


def test_a_page_says_that_it_was_not_done(people, mara, no_audit):
    response = mara.post(
        "/api/v1/ai/providers/update/", json.dumps({"openai_model": "x"}), content_type="application/json"
    )
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "audit_unavailable"
    assert Client().post("/login/", {"username": "ivo", "password": "correct horse battery"}).status_code == 503


def test_nobody_is_signed_in_whose_sign_in_can_not_be_audited(people, no_audit):
    client = Client()
    client.post("/login/", {"username": "ivo", "password": "correct horse battery"})
    assert client.get("/account/").status_code == 302


# Masking and odd text


def test_what_looks_like_a_secret_is_masked_wherever_it_was_typed(people):
    before, after = {"a": CANARY, "password": "p"}, {"n": [CANARY], "d": {"k": CANARY}}
    thing = audit.Thing("y", "z", f"label {CANARY}")
    entry = audit.record("x", thing, before=before, after=after, reason=f"because {CANARY}\x00\ud800")
    assert CANARY not in str(vars(entry))
    assert entry.was["password"] == "set"


def test_a_huge_value_is_cut(people):
    entry = audit.record("x", after={str(i): "y" * 600 for i in range(50)})
    assert "dropped" in entry.became


# Accounts


def test_an_account_with_rows_is_not_deleted_but_erased(people, django_user_model):
    ivo = people["ivo"]
    insert(row(ivo))
    with pytest.raises(NotAllowed, match="1 usage rows and 0 audit entries.*erase_user"), transaction.atomic():
        ivo.delete()
    identity.make_token(ivo, "ci")
    client = Client()
    client.force_login(ivo)
    call_command("erase_user", "ivo", yes=True, reason="asked for it")
    gone = django_user_model.objects.get(pk=ivo.pk)
    assert (gone.username, gone.email, gone.is_active) == (f"erased-{ivo.pk}", "", False)
    assert not gone.has_usable_password()
    assert not gone.api_tokens.exists()
    assert client.get("/account/").status_code == 302
    assert newest().action == "user.erase"
    assert audit.names_of({ivo.pk}) == {ivo.pk: f"erased-{ivo.pk}"}


def test_the_last_administrator_is_not_erased(people, django_user_model):
    root = django_user_model.objects.create_superuser("root")
    with pytest.raises(InvalidInput, match="last administrator"):
        accounts.erase(root)


def test_an_account_without_rows_can_be_deleted(people, django_user_model):
    people["lee"].delete()
    assert newest().action == "user.delete"


def test_entries_are_refused_any_change(people):
    assert triggers.triggers_present()
    with pytest.raises(DatabaseError, match="can not be changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE providers_auditentry SET actor_id = 1")
