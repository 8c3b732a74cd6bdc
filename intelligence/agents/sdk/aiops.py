"""The console's tools for Python code: in its sandbox, and anywhere else.

    import aiops

    for tool in aiops.tools():
        print(tool["name"], tool["description"])
    found = aiops.call("list_services")
    aiops.call("redeploy", service="checkout-api")    # waits until a person has decided

In the console's sandbox it speaks through the socket that was put there, with that run's own rights, and waits for
nobody: what a person has to approve first is an error with the code approval_needed. Anywhere else it needs
AIOPS_URL and AIOPS_AGENT_KEY (or `Console(url, agent_key)`); it fetches a short-lived token with the key, and a
new one before that ends. Keep the key out of the code. One file, the standard library alone.
"""

import http.client
import json
import os
import socket
import sys
import time
import urllib.parse

__all__ = ["AiopsError", "ApprovalDenied", "Console", "call", "tools"]
MOST_ANSWER = 4_000_000
RENEW_S = 60.0  # before a token ends
POLL_S, LISTEN_S = 1.0, 20  # between two looks at an approval, and how long one look waits for news


class AiopsError(Exception):
    """What the console answers instead of a result. `status`: of HTTP, 0 where none came; `code`: a word."""

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class ApprovalDenied(AiopsError):
    """A person said no, or nobody answered in time."""


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("console", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Console:
    """One console. `timeout` (seconds) is of a single request; waiting for a person has its own."""

    def __init__(
        self, url: str = "", agent_key: str = "", scopes: "list[str] | None" = None, timeout: float = 60.0
    ) -> None:
        self._socket = "" if url else os.environ.get("AIOPS_SOCKET", "")
        self._url = urllib.parse.urlsplit(url or os.environ.get("AIOPS_URL", ""))
        self._key = agent_key or os.environ.get("AIOPS_AGENT_KEY", "")
        self._scopes, self._timeout = scopes, timeout
        self._token, self._ends = "", 0.0

    def __repr__(self) -> str:
        return "<aiops.Console {}>".format(self._socket or self._url.netloc or "nowhere")

    def tools(self) -> "list[dict]":
        """What may be called: [{"name", "description", "parameters", …}]."""
        return self._ask("GET", "/api/v1/ops/tools/")["tools"]

    def call(self, name: str, /, *, wait_s: "float | None" = None, **arguments: object) -> object:
        """The tool's result. Where a person has to say yes first, waits up to `wait_s` seconds for that
        (None: 15 minutes, and not at all in the sandbox).

        Errors: AiopsError; ApprovalDenied.
        """
        path = "/api/v1/ops/tools/{}/".format(urllib.parse.quote(name, safe=""))
        answer = self._ask("POST", path, {"arguments": arguments})
        if answer.get("approval_id"):
            if wait_s is None:
                wait_s = 0.0 if self._socket else 900.0
            return self.approved(answer["approval_id"], wait_s)
        return answer.get("result")

    def approved(self, approval_id: str, wait_s: float = 900.0) -> object:
        """The result of what waits for a person, once it was approved and done."""
        until = time.monotonic() + wait_s
        path = "/api/v1/ops/approvals/{}/".format(urllib.parse.quote(approval_id, safe=""))
        while True:
            left = until - time.monotonic()
            if not self._socket and left > 1:
                path = "{}?wait={}".format(path.partition("?")[0], int(min(left, LISTEN_S)))
            found = self._ask("GET", path)
            state = found.get("state")
            if state == "done":
                return found.get("result")
            if state not in ("pending", "approved", "executing"):
                raise ApprovalDenied(found.get("error") or f"It is {state}.", 403, str(state))
            if time.monotonic() >= until:
                raise AiopsError(f"Approval {approval_id} waits for a person.", 202, "approval_needed")
            time.sleep(POLL_S)

    def _ask(self, method: str, path: str, body: "object | None" = None) -> "dict":
        headers = {} if self._socket else {"Authorization": "Bearer " + self._fresh_token()}
        status, answer = self._send(method, path, body, headers)
        if status == 401 and self._token:  # it ended early: the key was rotated, or the console began anew
            self._token = ""
            status, answer = self._send(method, path, body, {"Authorization": "Bearer " + self._fresh_token()})
        return self._good(status, answer)

    def _fresh_token(self) -> str:
        if not self._token or time.monotonic() > self._ends - RENEW_S:
            if not self._key:
                raise AiopsError("There is no console here: set AIOPS_URL and AIOPS_AGENT_KEY.", 0, "no_console")
            wish = {"agent_key": self._key}
            if self._scopes is not None:
                wish["scopes"] = self._scopes
            answer = self._good(*self._send("POST", "/api/v1/ops/token/", wish, {}))
            self._token, self._ends = answer["token"], time.monotonic() + float(answer["expires_in"])
        return self._token

    def _connection(self) -> "http.client.HTTPConnection":
        if self._socket:
            return _Unix(self._socket, self._timeout)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise AiopsError("There is no console here: set AIOPS_URL and AIOPS_AGENT_KEY.", 0, "no_console")
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname, self._url.port, timeout=self._timeout)

    def _send(self, method: str, path: str, body: object, headers: "dict[str, str]") -> "tuple[int, object]":
        connection = self._connection()
        sent = None if body is None else json.dumps(body).encode()
        headers = dict(headers, Accept="application/json")
        if sent is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._url.path.rstrip("/") + path, sent, headers)
            answer = connection.getresponse()
            text = answer.read(MOST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise AiopsError(f"The console can't be reached: {type(error).__name__}.") from None
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            raise AiopsError("The console answered with no JSON.", answer.status) from None

    @staticmethod
    def _good(status: int, answer: object) -> "dict":
        if not isinstance(answer, dict):
            raise AiopsError("The console answered with no object.", status)
        if status >= 400:
            error = answer.get("error") or {}
            raise AiopsError(error.get("message") or f"HTTP {status}", status, error.get("code") or "")
        return answer


_console = None


def _default() -> Console:
    global _console
    if _console is None:
        _console = Console()
    return _console


def tools() -> "list[dict]":
    """What may be called here; see `Console.tools`."""
    return _default().tools()


def call(name: str, /, *, wait_s: "float | None" = None, **arguments: object) -> object:
    """`Console.call` of the console that this code runs in, or that AIOPS_URL names."""
    return _default().call(name, wait_s=wait_s, **arguments)


def main() -> int:
    """`python3 -m aiops` lists the tools; `python3 -m aiops NAME '{"argument": 1}'` calls one."""
    try:
        if len(sys.argv) < 2:
            answer = [{"name": one["name"], "description": one["description"]} for one in tools()]
        else:
            answer = call(sys.argv[1], **json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}"))
    except (AiopsError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
