"""A real git server over smart HTTP with token authentication: `git http-backend` behind a small web server."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = "forge-token-5d41402abc4b2a76"
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ivo",
    "GIT_AUTHOR_EMAIL": "ivo@example.org",
    "GIT_COMMITTER_NAME": "Ivo",
    "GIT_COMMITTER_EMAIL": "ivo@example.org",
}


@dataclass
class GitServer:
    """`faults`: answers for the next requests, e.g. [503]; `requests`: what was asked so far."""

    root: Path
    url: str = ""
    token: str = TOKEN
    faults: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def make(self, name: str, files: dict[str, str | bytes], branch: str = "main") -> str:
        """A repository with one commit; its address."""
        bare = self.root / f"{name}.git"
        git(self.root, "init", "-q", "--bare", f"--initial-branch={branch}", str(bare))
        git(bare, "config", "http.receivepack", "true")
        self.commit(name, files, branch)
        return f"{self.url}/{name}.git"

    def commit(
        self, name: str, files: dict[str, str | bytes], branch: str = "main", message: str = "Change"
    ) -> str:
        """A person's commit on a branch; its id."""
        bare = self.root / f"{name}.git"
        work = self.root / f"work-{name.replace('/', '-')}"
        work.mkdir(exist_ok=True)
        there = git(bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").strip()
        index = {"GIT_INDEX_FILE": str(work / "index")}
        git(bare, "read-tree", there or "--empty", env=index)
        for path, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            blob = git(bare, "hash-object", "-w", "--stdin", stdin=data).strip()
            git(bare, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
        tree = git(bare, "write-tree", env=index).strip()
        parents = ["-p", there] if there else []
        sha = git(bare, "commit-tree", tree, *parents, "-m", message).strip()
        git(bare, "update-ref", f"refs/heads/{branch}", sha)
        return sha

    def branches(self, name: str) -> dict[str, str]:
        rows = git(
            self.root / f"{name}.git", "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"
        )
        return dict(row.split() for row in rows.splitlines())

    def log(self, name: str, branch: str) -> list[str]:
        """First lines of its commits, newest first."""
        return git(self.root / f"{name}.git", "log", "--format=%s", f"refs/heads/{branch}").splitlines()

    def show(self, name: str, revision: str, path: str) -> str:
        return git(self.root / f"{name}.git", "show", f"{revision}:{path}")


def git(folder: Path, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=folder, input=stdin, env={**ENVIRONMENT, **(env or {})}, capture_output=True, check=True
    )
    return done.stdout.decode()


@contextmanager
def running(root: Path) -> Iterator[GitServer]:
    server = GitServer(root)
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler(server))
    server.url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        web.shutdown()
        web.server_close()
        thread.join(30)


def handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Backend(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def _refuse(self, status: int) -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _serve(self) -> None:
            body = self._body()
            path, _, query = self.path.partition("?")
            server.requests.append(f"{self.command} {self.path}")
            if server.faults:
                self._refuse(server.faults.pop(0))
                return
            given = self.headers.get("Authorization", "").partition(" ")[2]
            if base64.b64decode(given or "Og==").decode().partition(":")[2] != server.token:
                self._refuse(401)
                return
            environment = {
                **ENVIRONMENT,
                "GIT_PROJECT_ROOT": str(server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "bot",
                "REMOTE_ADDR": "127.0.0.1",
            }
            done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True)
            self._answer(done.stdout)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _answer(self, raw: bytes) -> None:
            head, _, body = raw.partition(b"\r\n\r\n")
            headers = [line.decode().split(": ", 1) for line in head.split(b"\r\n") if b": " in line]
            status = next((int(v.split()[0]) for k, v in headers if k == "Status"), 200)
            self.send_response(status)
            for name, value in headers:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve  # noqa: N815

    return Backend
