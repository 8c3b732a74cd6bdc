"""What may do harm when it is given what somebody else wrote, found in the syntax tree of a file."""

import ast
import re
from collections.abc import Iterator

CLIENTS = {"requests", "httpx", "httpx2", "urllib3", "aiohttp", "socket", "ssl", "smtplib", "ftplib", "telnetlib"}
CLIENTS |= {"websockets", "websocket", "paramiko", "openai", "anthropic", "pycurl", "xmlrpc", "http.client"}
CLIENTS |= {"urllib.request", "imaplib", "poplib", "nntplib"}
UNPACKERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
PARSERS = {"yaml", "xml", "lxml", "tarfile", "zipfile"}
PROCESSES = {"subprocess", "pty", "multiprocessing", "pexpect"}
IMPORTS = {"client": CLIENTS, "unpacks": UNPACKERS, "parses": PARSERS, "process": PROCESSES}
STARTS = re.compile(r"^os\.(?:exec\w*|spawn\w*|posix_spawnp?|fork|forkpty)$|\.create_subprocess_exec$")
SHELLS = re.compile(r"^os\.(?:system|popen)$|\.?(?:create_subprocess_shell|getoutput|getstatusoutput)$")
SAFE = re.compile(r"(?:^|\.)(?:mark_safe|SafeString|SafeText|SafeData)$")
STATEMENTS = re.compile(r"\.(?:cursor|raw|extra|executescript)$|(?:^|\.)(?:RawSQL|RunSQL)$")
LOGS = re.compile(r"^(?:logger|logging|log|_log|LOG)\.(?:debug|info|warning|error|exception|critical|log)$")
SECRET = re.compile(
    r"(?i)(?:^|_)(?:api_?key|secret|token|passw(?:or)?d|authorization|credentials?|headers|cookies?)s?$"
)


def name_of(node: ast.AST) -> str:
    """`os.system` for a call of it; what is called on something else than names begins with a dot."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def imported(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _constant(call: ast.Call) -> bool:
    return all(isinstance(one, ast.Constant) for one in call.args)


def _of_parts(call: ast.Call) -> bool:
    """Whether the statement is put together where it is sent."""
    first = call.args[0] if call.args else None
    formatted = isinstance(first, ast.Call) and name_of(first.func).endswith(".format")
    return formatted or isinstance(first, ast.JoinedStr | ast.BinOp)


def _switched(call: ast.Call, name: str, *harmless: object) -> bool:
    """Whether it is called with this keyword, and another value than these."""
    given = [one.value for one in call.keywords if one.arg == name]
    return bool(given) and not (isinstance(given[0], ast.Constant) and given[0].value in harmless)


def _logs_a_secret(call: ast.Call) -> bool:
    """Names of what is logged, also inside an f-string; not the words of the message."""
    told = [*call.args, *(one.value for one in call.keywords)]
    names = (
        node.id if isinstance(node, ast.Name) else node.attr
        for one in told
        for node in ast.walk(one)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    return any(SECRET.search(name) for name in names)


def _kinds_of(call: ast.Call) -> Iterator[str]:
    name = name_of(call.func)
    tests = {
        "process": STARTS.search(name),
        "shell": SHELLS.search(name) or _switched(call, "shell", False),
        "safe": SAFE.search(name) and not _constant(call),
        "sql": STATEMENTS.search(name) or (name.endswith((".execute", ".executemany")) and _of_parts(call)),
        "evaluates": name in {"eval", "exec", "compile", "__import__"},
        "unverified": _switched(call, "verify", True) or name.endswith("_create_unverified_context"),
        "no token": name.endswith("csrf_exempt"),
        "logs a secret": LOGS.search(name) and _logs_a_secret(call),
    }
    yield from (kind for kind, true in tests.items() if true)


def found(tree: ast.AST) -> set[str]:
    """The kinds of what may do harm in it, by the names that `tests/architecture/test_dangers.py` lists."""
    nodes = list(ast.walk(tree))
    names = {name for one in imported(nodes) for name in (one.split(".")[0], ".".join(one.split(".")[:2]))}
    kinds = {kind for kind, of in IMPORTS.items() if names & of}
    for node in nodes:
        if isinstance(node, ast.Call):
            kinds.update(_kinds_of(node))
        for decorator in getattr(node, "decorator_list", ()):
            kinds |= {"no token"} if name_of(decorator).endswith("csrf_exempt") else set()
    return kinds
