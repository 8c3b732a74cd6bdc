"""Tokens of the ops API: every forgery is refused and audited, and what ends a token ends it at once."""

import base64
import json
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from intelligence.agents import credentials, roster, tokens
from intelligence.models import Agent, AgentKey
from providers.access.identity import make_token
from providers.models import AuditEntry

pytestmark = pytest.mark.usefixtures("tools")
TOOLS = "/api/v1/ops/tools/"


@pytest.fixture
def made(people) -> tuple[Agent, str]:
    return roster.create(people["mara"], "nightwatch", "ivo", ["read", "things:write"])


def issue(key: str, **more: Any) -> Any:
    return APIClient().post("/api/v1/ops/token/", {"agent_key": key, **more}, format="json")


def get_tools(token: str, **headers: str) -> Any:
    return APIClient().get(TOOLS, HTTP_AUTHORIZATION=f"Bearer {token}", **headers)


def why() -> list[str]:
    return [
        row.became.get("why", "") for row in AuditEntry.objects.filter(action="token.refuse").order_by("number")
    ]


def test_a_key_is_exchanged_for_a_token_of_at_most_15_minutes(made):
    answer = issue(made[1])
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 900 and answer.json()["scopes"] == ["read", "things:write"]
    offered = get_tools(answer.json()["token"])
    assert [one["name"] for one in offered.json()["tools"]] == ["look", "mark", "note"]
    entry = AuditEntry.objects.get(action="token.issue")
    assert entry.object_id == str(made[0].pk) and entry.became["scopes"] == ["read", "things:write"]
    assert made[1] not in str(list(AuditEntry.objects.values_list("after", flat=True)))
    assert answer.json()["token"] not in str(list(AuditEntry.objects.values_list("after", flat=True)))


@pytest.mark.parametrize(
    ("wish", "status", "lasts"),
    [
        ({"expires_in": 60}, 200, 60),
        ({"expires_in": 86_400}, 200, 900),
        ({"expires_in": 0}, 400, None),
        ({"expires_in": -5}, 400, None),
        ({"expires_in": "soon"}, 400, None),
        ({"scopes": ["things:read"]}, 200, 900),
        ({"scopes": ["look", "read"]}, 200, 900),
        ({"scopes": ["destructive"]}, 403, None),
        ({"scopes": ["wipe"]}, 403, None),
        ({"scopes": ["write"]}, 200, 900),
        ({"scopes": ["everything"]}, 400, None),
        ({"scopes": [5]}, 400, None),
        ({"audience": "other"}, 400, None),
    ],
)
def test_a_token_never_holds_more_or_lasts_longer_than_was_granted(made, wish, status, lasts):
    answer = issue(made[1], **wish)
    assert answer.status_code == status, answer.json()
    if lasts:
        claims = tokens.read(answer.json()["token"])
        assert claims.expires_at - claims.issued_at == lasts == answer.json()["expires_in"]
        assert answer.json()["scopes"] == sorted(wish.get("scopes", ["read", "things:write"]))
    else:
        assert set(answer.json()["error"]) == {"message", "type", "code", "param"}


@pytest.mark.parametrize("key", ["", "nonsense", "aiops_agent_" + "x" * 43, "\u00fc" * 20, "x" * 300])
def test_a_wrong_key_gives_no_token(made, key):
    answer = issue(key)
    assert answer.status_code in (400, 401)
    assert APIClient().post("/api/v1/ops/token/", {"agent_key": 5}, format="json").status_code in (400, 401)


def b64(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(token: str, header: dict[str, Any] | None = None, *, secret: Any = None, **claims: Any) -> str:
    """The token with another header or other claims, signed with our own key unless another is given."""
    head = {**jwt.get_unverified_header(token), **(header or {})}
    body = {**jwt.decode(token, options={"verify_signature": False}), **claims}
    body = {name: value for name, value in body.items() if value is not ...}
    key = next(iter(tokens.keys().values())) if secret is None else secret
    text = f"{b64(head)}.{b64(body)}"
    signature = jwt.algorithms.HMACAlgorithm("sha256").sign(text.encode(), key)
    return f"{text}.{b64(signature)}"


def now() -> int:
    return int(time.time())


FORGERIES = {
    "signed with another key": lambda t: forged(t, secret=b"k" * 32),
    "signed with the public name of the key": lambda t: forged(t, secret=b"HS256"),
    "the bare SECRET_KEY": lambda t: forged(t, secret=b"s" * 50),
    "alg none": lambda t: forged(t, {"alg": "none"}).rsplit(".", 1)[0] + ".",
    "alg None": lambda t: forged(t, {"alg": "None"}),
    "alg nOnE": lambda t: forged(t, {"alg": "nOnE"}),
    "alg HS512": lambda t: forged(t, {"alg": "HS512"}),
    "alg RS256": lambda t: forged(t, {"alg": "RS256"}),
    "empty signature": lambda t: t.rsplit(".", 1)[0] + ".",
    "cut signature": lambda t: t[:-8],
    "unknown kid": lambda t: forged(t, {"kid": "0" * 16}),
    "kid that is a path": lambda t: forged(t, {"kid": "../../dev/null"}, secret=b""),
    "kid that is a list": lambda t: forged(t, {"kid": ["a"]}),
    "jku": lambda t: forged(t, {"jku": "https://evil.test/jwks"}),
    "x5u": lambda t: forged(t, {"x5u": "https://evil.test/x"}),
    "jwk": lambda t: forged(t, {"jwk": {"kty": "oct", "k": b64(b"k" * 32)}}, secret=b"k" * 32),
    "crit": lambda t: forged(t, {"crit": ["exp"]}),
    "typ JWT": lambda t: forged(t, {"typ": "JWT"}),
    "typ id": lambda t: forged(t, {"typ": "id+jwt"}),
    "expired": lambda t: forged(t, iat=now() - 1_000, exp=now() - 100),
    "expired a second ago": lambda t: forged(t, iat=now() - 100, exp=now() - 1),
    "from the future": lambda t: forged(t, iat=now() + 90, exp=now() + 300),
    "not yet valid": lambda t: forged(t, nbf=now() + 300),
    "lives an hour": lambda t: forged(t, exp=now() + 3_600),
    "lives for ever": lambda t: forged(t, exp=10**18),
    "exp is a text": lambda t: forged(t, exp=str(now() + 100)),
    "exp is missing": lambda t: forged(t, exp=...),
    "iat is missing": lambda t: forged(t, iat=...),
    "jti is missing": lambda t: forged(t, jti=...),
    "exp is true": lambda t: forged(t, exp=True),
    "another audience": lambda t: forged(t, aud="aiops-user-api"),
    "audiences, ours among them": lambda t: forged(t, aud=["aiops-ops-api", "other"]),
    "no audience": lambda t: forged(t, aud=...),
    "another issuer": lambda t: forged(t, iss="https://evil.test"),
    "issuers, ours among them": lambda t: forged(t, iss=["aiops-console"]),
    "another claim": lambda t: forged(t, admin=True),
    "somebody else's agent id": lambda t: forged(t, sub=f"agent:{uuid4()}"),
    "a subject with more behind it": lambda t: forged(t, sub="agent:../../1"),
    "another owner": lambda t: forged(t, own=1_000_000),
    "a user's number with another owner": lambda t: forged(t, sub="user:1", own=2_000_000),
    "another generation": lambda t: forged(t, gen=99),
    "another key's number": lambda t: forged(t, key=123_456),
    "scopes that are a list": lambda t: forged(t, scope=["read"]),
    "a huge token": lambda t: forged(t, scope="read " * 4_000),
    "deep nesting": lambda t: f"{b64(b'[' * 2_000)}.{b64(b'{}')}.x",
    "no JSON": lambda t: f"{b64(b'eyJ')}.{b64(b'no')}.x",
    "eyJ..": lambda t: "eyJ..",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused_and_audited(made, name):
    token = issue(made[1]).json()["token"]
    before = len(why())
    answer = get_tools(FORGERIES[name](token))
    assert answer.status_code == 401 and answer.json()["error"]["type"] == "authentication_error"
    assert answer["WWW-Authenticate"] == "Bearer" and len(why()) == before + 1 and why()[-1]


def test_our_own_forgery_kit_makes_tokens_that_pass_where_nothing_is_changed(made):
    assert get_tools(forged(issue(made[1]).json()["token"])).status_code == 200


ENDINGS = {
    "the agent is revoked": lambda a, p: roster.revoke(p["mara"], a),
    "its key is rotated out": lambda a, p: roster.rotate(p["mara"], a, revoke_old=True),
    "its key has ended": lambda a, p: AgentKey.objects.update(ends_at=timezone.now() - timedelta(seconds=1)),
    "its owner is disabled": lambda a, p: type(p["ivo"]).objects.filter(pk=p["ivo"].pk).update(is_active=False),
    "it has another owner": lambda a, p: Agent.objects.update(owner=p["mara"]),
    "a generation is over": lambda a, p: Agent.objects.update(generation=2),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_token_ends_at_once_when(made, people, name):
    token = issue(made[1]).json()["token"]
    assert get_tools(token).status_code == 200
    ENDINGS[name](made[0], people)
    assert get_tools(token).status_code == 401
    assert (
        APIClient()
        .post(f"{TOOLS}look/", {"arguments": {"name": "x"}}, format="json", HTTP_AUTHORIZATION=f"Bearer {token}")
        .status_code
        == 401
    )


def test_a_token_that_was_given_back_is_no_longer_one(made):
    token, other = issue(made[1]).json()["token"], issue(made[1]).json()["token"]
    client = APIClient()
    assert client.delete("/api/v1/ops/token/", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 204
    assert get_tools(token).status_code == 401 and get_tools(other).status_code == 200
    assert client.delete("/api/v1/ops/token/").status_code == 401


def test_two_keys_live_while_one_is_rotated_and_a_third_ends_the_first(made, people):
    agent, first = made
    second, until = roster.rotate(people["mara"], agent)
    assert until is not None and issue(first).status_code == issue(second).status_code == 200
    third, _ = roster.rotate(people["mara"], agent)
    assert [issue(key).status_code for key in (first, second, third)] == [401, 200, 200]


def test_a_user_token_is_no_ops_token_and_an_ops_token_is_no_user_token(made, people):
    _, secret = make_token(people["mara"], "mine")
    token, client = issue(made[1]).json()["token"], APIClient()
    for wrong in (secret, made[1]):
        assert get_tools(wrong).status_code == 401
    client.force_login(people["mara"])
    assert client.get(TOOLS).status_code == 401
    for address in ("/api/v1/services/", "/api/v1/ai/providers/", "/api/v1/ops/agents/", "/api/v1/audit/"):
        assert APIClient().get(address, HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401
        assert APIClient().get(address, HTTP_AUTHORIZATION=f"Token {token}").status_code == 401
    assert APIClient().get(f"{TOOLS}?token={token}").status_code == 401
    assert APIClient().get(f"{TOOLS}?access_token={token}", HTTP_X_API_KEY=token).status_code == 401


def test_an_owner_gets_a_token_of_their_agent_and_nobody_else_does(made, people):
    wish = {"agent": str(made[0].pk), "scopes": ["read"]}
    for name, status in (("ivo", 200), ("mara", 200), ("lee", 404), ("ana", 404)):
        client = APIClient()
        client.force_authenticate(people[name])
        answer = client.post("/api/v1/ops/token/", wish, format="json")
        assert answer.status_code == status
        if status == 200:
            assert tokens.read(answer.json()["token"]).agent_id == made[0].pk
    assert APIClient().post("/api/v1/ops/token/", wish, format="json").status_code == 401


def test_a_persons_own_token_is_held_by_their_role(people):
    client = APIClient()
    client.force_authenticate(people["lee"])
    token = client.post("/api/v1/ops/token/", {}, format="json").json()["token"]
    assert [one["name"] for one in get_tools(token).json()["tools"]] == ["look", "note"]
    type(people["lee"]).objects.filter(username="lee").update(is_active=False)
    assert get_tools(token).status_code == 401


def test_a_session_needs_the_csrf_token_to_get_one(people):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(people["ivo"])
    assert client.post("/api/v1/ops/token/", {}, format="json").status_code == 403


def test_a_stopped_site_gives_no_tokens(made, people):
    roster.stop_all(people["ivo"], "an incident")
    answer = issue(made[1])
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "agents_stopped"


def test_wrong_credentials_from_one_address_are_soon_refused_unread(made, monkeypatch):
    monkeypatch.setattr(credentials, "WRONG", "3/min")
    codes = [get_tools("eyJ.a.b").status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429] and len(why()) == 3


def test_tokens_signed_before_the_secret_was_changed_are_read_while_it_is_a_fallback(made, settings):
    token, old = issue(made[1]).json()["token"], settings.SECRET_KEY
    with override_settings(SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[old]):
        assert get_tools(token).status_code == 200
        assert tokens.read(issue(made[1]).json()["token"])
    with override_settings(SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[]):
        assert get_tools(token).status_code == 401


def why_not_now(token: str) -> str:
    with pytest.raises(tokens.TokenRefused) as caught:
        tokens.read(token)
    return caught.value.why


def test_a_text_that_was_proven_before_is_still_held_by_its_time(made, monkeypatch):
    token = issue(made[1], expires_in=60).json()["token"]
    assert tokens.read(token) is tokens.read(token), "the second time nothing is parsed"
    before, began = tokens._proven.cache_info().currsize, now()
    assert why_not_now(forged(token, secret=b"k" * 32)) == "InvalidSignatureError"
    assert tokens._proven.cache_info().currsize == before, "a forged one is kept nowhere"
    for away, why_not in ((61, "expired"), (-900, "lifetime")):
        monkeypatch.setattr(tokens, "time", SimpleNamespace(time=lambda away=away: began + away))
        assert why_not_now(token) == why_not


def test_two_tokens_with_the_same_beginning_are_never_mixed(made, people):
    other, key = roster.create(people["mara"], "second", "ana", ["things:read"])
    one, two = issue(made[1]).json()["token"], issue(key).json()["token"]
    assert one[:60] == two[:60]
    assert len(get_tools(one).json()["tools"]) == 3 and len(get_tools(two).json()["tools"]) == 1
