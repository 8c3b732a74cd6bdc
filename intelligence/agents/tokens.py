"""The ops API's own tokens: signed JWTs of at most 15 minutes. Here is their form alone.

    text = make(Claims(…))          claims = read(text)

Signed with HS256 under a key made from SECRET_KEY (and read under its fallbacks as well, told apart by `kid`).
What PyJWT leaves open is checked here: the type, the exact header, whole numbers, one audience, the longest life.
A text that was proven once is not proven again by the same process under the same keys, only its time is: a token
comes with each of some hundred calls. Whether it still holds is another question (`credentials`), asked each time.
"""

import hashlib
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings

from providers.exceptions import AIServiceError

ISSUER, AUDIENCE, TYPE, ALGORITHM = "aiops-console", "aiops-ops-api", "at+jwt", "HS256"
LONGEST_S = 900
AHEAD_S = 5  # clocks of two machines
MOST_CHARS = 8_192
NAMES = frozenset({"iss", "aud", "sub", "own", "scope", "jti", "iat", "exp", "gen", "key"})
_OPTIONS: Any = {"require": sorted(NAMES), "verify_iat": False}
_SUBJECT = re.compile(r"agent:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|user:([0-9]{1,18})")
_ID = re.compile(r"[0-9a-f]{32}")


class TokenRefused(AIServiceError):
    """`why` is for the audit log; the sentence says no more than the bearer needs."""

    http_status = 401
    type = "authentication_error"
    code = "invalid_token"

    def __init__(self, why: str, message: str = "This token is not valid here.") -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class Claims:
    """`agent_id` None: a person's own token. `key_id`: the agent key that it was had for, 0: its owner's
    session. `issued_at` and `expires_at` are seconds since 1970."""

    agent_id: UUID | None
    owner_id: int
    scopes: frozenset[str]
    generation: int
    key_id: int
    jti: str
    issued_at: int
    expires_at: int


@lru_cache(maxsize=4)
def _keys(secrets: tuple[str, ...]) -> dict[str, bytes]:
    """Key id -> key, the signing one first."""
    made = [hashlib.sha256(b"ops-token:" + secret.encode()).digest() for secret in secrets]
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in made}


def keys() -> dict[str, bytes]:
    return _keys(_secrets())


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def make(claims: Claims) -> str:
    kid, key = next(iter(keys().items()))
    body = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"agent:{claims.agent_id}" if claims.agent_id else f"user:{claims.owner_id}",
        "own": claims.owner_id,
        "scope": " ".join(sorted(claims.scopes)),
        "jti": claims.jti,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "gen": claims.generation,
        "key": claims.key_id,
    }
    return jwt.encode(body, key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})


def is_one(text: str) -> bool:
    """Whether it has the form of such a token, true or not."""
    return text.startswith("eyJ") and text.count(".") == 2


def read(text: str) -> Claims:
    """What a token says, where its form, signature and time hold. Errors: TokenRefused."""
    if len(text) > MOST_CHARS:
        raise TokenRefused("too_long")
    claims = _proven(text, _secrets())
    _check_time(claims, time.time())
    return claims


@lru_cache(maxsize=1_000)
def _proven(text: str, secrets: tuple[str, ...]) -> Claims:
    """Form and signature under these secrets; what is refused is not remembered. Errors: TokenRefused."""
    try:
        body = jwt.decode(
            text,
            _key_of(jwt.get_unverified_header(text), _keys(secrets)),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options=_OPTIONS,
        )
    except jwt.ExpiredSignatureError:
        raise _expired() from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused(type(error).__name__) from None
    return _claims(body)


def _check_time(claims: Claims, now: float) -> None:
    if claims.expires_at <= now:
        raise _expired()
    if claims.issued_at > now + AHEAD_S or not 0 < claims.expires_at - claims.issued_at <= LONGEST_S:
        raise TokenRefused("lifetime")


def _expired() -> TokenRefused:
    return TokenRefused("expired", "This token has expired. Ask for a new one.")


def _key_of(header: dict[str, Any], known: dict[str, bytes]) -> bytes:
    """The key that the header names. Nothing else in it is believed, so nothing else may be in it."""
    if set(header) != {"alg", "typ", "kid"} or header["alg"] != ALGORITHM or header["typ"] != TYPE:
        raise TokenRefused("header")
    found = known.get(header["kid"]) if isinstance(header["kid"], str) else None
    if found is None:
        raise TokenRefused("unknown_key")
    return found


def _claims(body: dict[str, Any]) -> Claims:
    numbers = [body[name] for name in ("own", "iat", "exp", "gen", "key")]
    texts = [body[name] for name in ("sub", "scope", "jti", "aud")]
    if set(body) != NAMES or not all(type(n) is int for n in numbers) or not all(type(t) is str for t in texts):
        raise TokenRefused("claims")
    subject = _SUBJECT.fullmatch(body["sub"])
    if subject is None or not _ID.fullmatch(body["jti"]):
        raise TokenRefused("claims")
    agent, user = subject.groups()
    if user is not None and int(user) != body["own"]:
        raise TokenRefused("claims")
    return Claims(
        UUID(agent) if agent else None,
        body["own"],
        frozenset(body["scope"].split()),
        body["gen"],
        body["key"],
        body["jti"],
        body["iat"],
        body["exp"],
    )
