"""A small OpenID provider: discovery, tokens, keys, claims. `twist` makes one answer wrong."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


def a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """`asked`: the query of the browser's last visit; `twist(token)` changes a token's claims before signing."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "preferred_username": "nora"})
    key: rsa.RSAPrivateKey = field(default_factory=a_key)
    signs: rsa.RSAPrivateKey | None = None
    twist: Callable[[dict[str, Any]], None] = lambda token: None
    asked: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    def visited(self, location: str) -> str:
        """What the browser is sent back with: the code for what it came with."""
        self.asked = {name: value[0] for name, value in parse_qs(urlsplit(location).query).items()}
        return f"code=the-code&state={self.asked['state']}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        shown = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = base64.urlsafe_b64encode(shown).decode().rstrip("=") == self.asked.get("code_challenge")
        if form.get("code") != "the-code" or form.get("client_secret") != "the-secret" or not proven:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": "console", "iat": now, "exp": now + 300, "nonce": self.asked["nonce"]}
        claims |= {"sub": self.claims["sub"]}
        self.twist(claims)
        signed = jwt.encode(claims, self.signs or self.key, algorithm="RS256", headers={"kid": "k1"})
        return 200, {"access_token": "an-access-token", "token_type": "Bearer", "id_token": signed}

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.paths.append(path)
        match path:
            case "/.well-known/openid-configuration":
                names = ("authorization", "token", "userinfo")
                return 200, {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"} | {
                    f"{name}_endpoint": f"{self.url}/{name}" for name in names
                }
            case "/token":
                return self.token(form)
            case "/jwks":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
                return 200, {"keys": [public | {"kid": "k1", "alg": "RS256", "use": "sig"}]}
            case "/userinfo":
                return 200, self.claims
        return 404, {}


@contextmanager
def running() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: value[0] for name, value in parse_qs(given).items()}
            status, said = issuer.answer(urlsplit(self.path).path, form)
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
