"""What is measured: our site under Daphne and under uvicorn, LiteLLM's proxy, and the upstream itself."""

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path

from aiops_site.supervisor.redis_server import find
from tests.benchmarks.process import Process, answers, start, wait_until
from tests.benchmarks.words import MODEL

ROOT = Path(__file__).resolve().parents[2]
PLAIN = ("PATH", "HOME", "LANG")
LITELLM = "litellm[proxy]"


@dataclass
class Gateway:
    """One address to ask. `process`: what is measured; `beside`: what it needs to run, measured apart."""

    name: str
    url: str
    keys: str  # with commas
    model: str
    process: Process
    beside: tuple[Process, ...] = ()
    note: str = ""
    env: dict[str, str] = field(default_factory=dict, repr=False)


def upstream(folder: Path, port: int) -> Gateway:
    command = [sys.executable, "-m", "tests.benchmarks.upstream", "--port", str(port)]
    process = start("upstream", command, _plain(), folder, ROOT)
    wait_until(process, answers(f"http://127.0.0.1:{port}/"))
    return Gateway("direct", f"http://127.0.0.1:{port}/v1/chat/completions", "sk-bench", MODEL, process)


def ours(folder: Path, port: int, server: str, upstream_port: int) -> Gateway:
    """The web process and a Redis of its own, on a fresh SQLite database. Authentication, throttle, caps, ledger,
    breaker and guard are all on; only the limits are so high that none binds."""
    data = folder / server
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    redis_url, redis = _redis(data)
    env = _plain() | {
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "aiops_site.settings",
        "SECRET_KEY": "bench-" * 12,
        "AI_ENCRYPTION_KEY": urlsafe_b64encode(b"b" * 32).decode(),
        "AI_PRIVATE_HOSTS": f"127.0.0.1:{upstream_port}",
        "AI_CHAT_RATE": "1000000000/min",
        "DATA_DIR": str(data),
        "DATABASE_URL": os.environ.get("BENCH_DATABASE_URL", ""),
        "REDIS_URL": redis_url,
        "WEB_SERVER": server,
        "PORT": str(port),
    }
    seed = [sys.executable, "-m", "tests.benchmarks.seed", f"http://127.0.0.1:{upstream_port}/v1"]
    tokens = subprocess.run(seed, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[-1]
    process = start(server, [sys.executable, "-m", "aiops_site.supervisor.web"], env, folder, ROOT)
    wait_until(process, answers(f"http://127.0.0.1:{port}/healthz"))
    url = f"http://127.0.0.1:{port}/api/v1/ai/chat/completions"
    return Gateway(server, url, tokens, "openai", process, redis, env=env)


def proven(gateway: Gateway, rows: int) -> dict[str, float]:
    """That many made-up usage rows, and those of the load, proven by their seals: {rows, rows_per_s}."""

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, env=gateway.env, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout

    manage("seed_usage", "--rows", str(rows), "--force")
    manage("verify_ledger", "--chain", "usage")  # seals what is new
    said = manage("verify_ledger", "--chain", "usage")
    found = re.search(r"([\d,]+) rows proven in .*?\(([\d,]+) rows/s\)", said)
    if found is None:
        raise SystemExit(f"verify_ledger said nothing that is known here:\n{said}")
    proven_rows, rows_per_s = (float(figure.replace(",", "")) for figure in found.groups())
    return {"rows": proven_rows, "rows_per_s": rows_per_s}


def _redis(data: Path) -> tuple[str, tuple[Process, ...]]:
    """As `make run` would start it: (its URL, the process); nothing where the machine has none."""
    found = find("", data / "redis")
    if not found.command:
        return "", ()
    configuration = data / "redis.conf"
    configuration.write_text(found.configuration)
    return found.url, (start("redis", [found.command[0], str(configuration)], _plain(), data, ROOT),)


def litellm(folder: Path, port: int, upstream_port: int, venv: Path) -> Gateway | None:
    """LiteLLM's proxy with one worker, its key check on, without database and budgets. None: not installable."""
    program = venv / "bin" / "litellm"
    if not program.exists() and not install(venv):
        return None
    params = {
        "model": f"openai/{MODEL}",
        "api_base": f"http://127.0.0.1:{upstream_port}/v1",
        "api_key": "sk-bench",
    }
    config = {
        "model_list": [{"model_name": "bench", "litellm_params": params}],
        "general_settings": {"master_key": "sk-bench-master"},
    }
    (folder / "litellm.yaml").write_text(json.dumps(config))  # JSON is YAML
    command = [str(program), "--config", str(folder / "litellm.yaml"), "--port", str(port)]
    env = _plain() | {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(folder)}
    env["PATH"] = f"{venv / 'bin'}:{env['PATH']}"
    process = start("litellm", [*command, "--host", "127.0.0.1", "--num_workers", "1"], env, folder, folder)
    wait_until(process, answers(f"http://127.0.0.1:{port}/health/liveliness"), 180)
    url = f"http://127.0.0.1:{port}/chat/completions"
    return Gateway("litellm", url, "sk-bench-master", "bench", process, note=_version(venv))


def install(venv: Path) -> bool:
    """LiteLLM in a virtual environment of its own: its pins are not ours."""
    print(f"Installing {LITELLM} into {venv} ...", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True)
    if made.returncode:
        return False
    pip = [str(venv / "bin" / "pip"), "install", "-q", LITELLM]
    return subprocess.run(pip, capture_output=True).returncode == 0 and (venv / "bin" / "litellm").exists()


def _version(venv: Path) -> str:
    found = "import importlib.metadata as m; print(m.version('litellm'))"
    return subprocess.run(
        [str(venv / "bin" / "python"), "-c", found], capture_output=True, text=True
    ).stdout.strip()


def _plain() -> dict[str, str]:
    return {name: os.environ[name] for name in PLAIN if name in os.environ} | {"PYTHONUNBUFFERED": "1"}
