"""Sign-in by an OpenID provider against a real one on loopback: who gets in, as whom, and who does not."""

import pytest
from django.contrib.auth import get_user_model

from aiops_site.sign_in import oidc, signin_limit
from providers.access.roles import Role, role_of
from providers.network import outbound
from tests.fakes import oidc as fake


@pytest.fixture
def issuer(db, people, settings):
    with fake.running() as running:
        settings.OIDC_ISSUER = running.url
        settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = "console", "the-secret"
        settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, "aiops_site.sign_in.oidc.Backend"]
        kept = outbound.guard().entries
        outbound.configure([*kept, running.url.removeprefix("http://")])
        oidc._found.clear()
        signin_limit.limiter.cache_clear()
        yield running
        outbound.configure(kept)


def signed_in(client, issuer):
    """(where the browser ends, the user or None)."""
    away = client.get("/login/elsewhere/?next=/usage/")
    assert away.status_code == 302 and away["Location"].startswith(f"{issuer.url}/authorization?")
    back = client.get(f"/login/elsewhere/back/?{issuer.visited(away['Location'])}")
    pk = client.session.get("_auth_user_id")
    return back["Location"], get_user_model().objects.filter(pk=pk).first() if pk else None


def test_a_person_comes_in_as_a_viewer_and_is_the_same_one_the_next_time(client, issuer) -> None:
    where, user = signed_in(client, issuer)
    assert (where, user.username, role_of(user)) == ("/usage/", "nora", Role.VIEWER)
    assert not user.has_usable_password()
    assert issuer.asked["code_challenge_method"] == "S256"
    client.logout()
    issuer.claims["preferred_username"] = "renamed"
    assert signed_in(client, issuer)[1] == user


def test_roles_follow_the_claim(client, issuer) -> None:
    issuer.claims["groups"] = ["engineer", "somebody-elses-group"]
    user = signed_in(client, issuer)[1]
    assert role_of(user) is Role.ENGINEER
    client.logout()
    issuer.claims["groups"] = []
    assert role_of(signed_in(client, issuer)[1]) is Role.VIEWER


def test_name_and_mail_of_somebody_here_take_nothing_over(client, issuer, people) -> None:
    people["mara"].email = "mara@example.org"
    people["mara"].save()
    issuer.claims |= {"preferred_username": "mara", "email": "mara@example.org", "email_verified": True}
    user = signed_in(client, issuer)[1]
    assert user != people["mara"] and user.username == "mara-2" and role_of(user) is Role.VIEWER


def test_an_inactive_account_stays_out(client, issuer) -> None:
    user = signed_in(client, issuer)[1]
    client.logout()
    user.is_active = False
    user.save()
    assert signed_in(client, issuer) == ("/login/?elsewhere=failed", None)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another-client"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "guessed"},
        {"exp": 1},
        {"sub": "u-2"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(client, issuer, change) -> None:
    issuer.twist = lambda token: token.update(change)
    assert signed_in(client, issuer) == ("/login/?elsewhere=failed", None)


def test_a_token_signed_by_another_key_opens_nothing(client, issuer) -> None:
    issuer.signs = fake.a_key()
    assert signed_in(client, issuer) == ("/login/?elsewhere=failed", None)
    assert "did not work" in client.get("/login/?elsewhere=failed").content.decode()


def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(client, issuer) -> None:
    client.get("/login/elsewhere/")
    back = client.get("/login/elsewhere/back/?code=the-code&state=made-up")
    assert back["Location"] == "/login/?elsewhere=failed"


def test_a_provider_that_is_away_is_a_sentence(client, issuer, settings) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:1"
    outbound.configure([*outbound.guard().entries, "127.0.0.1:1"])
    page = client.get("/login/elsewhere/")
    assert page.status_code == 502 and "The OpenID provider does not answer." in page.content.decode()


def test_without_a_provider_there_is_no_such_page_and_no_button(client, people) -> None:
    assert client.get("/login/elsewhere/").status_code == 404
    assert "Sign in with" not in client.get("/login/").content.decode()
