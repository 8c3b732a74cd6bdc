"""The deploy files against the schemas of those who read them, and against the site that they start."""

import json
import re
import shutil
import subprocess
import warnings
from importlib import resources
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml
from django.urls import resolve

from aiops_site.supervisor.web import DRAIN
from tests.aiops_site.test_configuration import read_by_the_code

DEPLOY = Path(__file__).resolve().parents[2] / "docs/deploy"
OBJECTS = [
    thing
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for thing in yaml.safe_load_all(path.read_text("utf-8"))
]
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
VERSION = "1.37"
PAGES = ("configuration.md", "operations.md", "runbook.md", "retention.md")  # beside those in docs/deploy


def read(name: str):
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def seconds(text: str) -> int:
    return int(re.fullmatch(r"(\d+)s", text).group(1))


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: f"{thing['kind']}-{thing['metadata']['name']}")
def test_kubernetes_takes_every_object(thing) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the validator's own imports
        kubernetes_validate.validate(thing, VERSION, strict=True)


def test_a_misspelt_field_would_be_refused() -> None:
    with pytest.raises(kubernetes_validate.ValidationError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kubernetes_validate.validate({**OBJECTS[0], "dataa": {}}, VERSION, strict=True)


def pods() -> dict[str, dict]:
    return {
        o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in OBJECTS if "template" in o.get("spec", {})
    }


def test_pods_start_what_there_is_with_settings_that_there_are() -> None:
    config = next(o for o in OBJECTS if o["kind"] == "ConfigMap")
    assert set(config["data"]) <= read_by_the_code()
    named = {env["name"] for pod in pods().values() for c in pod["containers"] for env in c.get("env", [])}
    assert named <= read_by_the_code()
    for pod in pods().values():
        for container in (*pod["containers"], *pod.get("initContainers", [])):
            assert container["command"][0] == "python"
    commands = [c["command"] for pod in pods().values() for c in pod["containers"] if "-Q" in c["command"]]
    queues = {command[command.index("-Q") + 1] for command in commands}
    from aiops_site.views.metrics import QUEUES

    assert queues == set(QUEUES)


def test_probes_ask_what_the_site_answers_and_leave_it_time_to_drain() -> None:
    web = pods()["console-web"]
    container = web["containers"][0]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        resolve(container[probe]["httpGet"]["path"])
    waits = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert web["terminationGracePeriodSeconds"] > waits + DRAIN


def test_everything_that_runs_twice_may_be_disrupted_one_at_a_time() -> None:
    twice = {o["metadata"]["name"] for o in OBJECTS if o["kind"] == "Deployment" and o["spec"]["replicas"] > 1}
    assert twice == {o["metadata"]["name"] for o in OBJECTS if o["kind"] == "PodDisruptionBudget"}
    assert twice == {o["metadata"]["name"] for o in OBJECTS if o["kind"] == "HorizontalPodAutoscaler"}


def test_compose_takes_its_file() -> None:
    text = (
        resources.files("check_jsonschema.builtin_schemas.vendor").joinpath("compose-spec.json").read_text("utf-8")
    )
    schema = json.loads(text)
    checked = jsonschema.validators.validator_for(schema)(schema)
    checked.validate(read("compose.yaml"))
    with pytest.raises(jsonschema.ValidationError):
        checked.validate({"services": {"console": {"imagee": "x"}}})


def test_every_setting_that_a_deploy_file_or_an_operators_page_names_is_read() -> None:
    known = {*read_by_the_code(), *(f"{name}_FILE" for name in (*read_by_the_code(), "NAME"))}
    assert set(read("compose.yaml")["services"]["console"]["environment"]) <= known
    image = re.findall(r"^ENV (.+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    unit = re.findall(r"^Environment=(\w+)", (DEPLOY / "aiops-console.service").read_text("utf-8"), re.MULTILINE)
    assert {*re.findall(r"(\w+)=", " ".join(image)), *unit} <= known | {"PYTHONDONTWRITEBYTECODE"}
    wrong = {}
    for page in (*DEPLOY.rglob("*.md"), *(DEPLOY.parent / name for name in PAGES)):
        named = re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", page.read_text("utf-8"))
        if odd := {name for name in named if name not in known and not name.startswith("DJANGO_SUPERUSER_")}:
            wrong[page.name] = odd
    assert wrong == {}


def test_the_health_check_of_compose_asks_under_a_name_that_is_answered() -> None:
    console = read("compose.yaml")["services"]["console"]
    host = re.search(r"http://(\w+):8000", " ".join(console["healthcheck"]["test"])).group(1)
    assert host in console["environment"]["ALLOWED_HOSTS"].split(",")


def test_no_proxy_cuts_a_stream_or_believes_a_caller() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert int(re.search(r"proxy_read_timeout (\d+)s", nginx).group(1)) > 180
    assert "proxy_buffering off" in nginx and "X-Forwarded-For $remote_addr" in nginx and "$http_upgrade" in nginx
    entry = read("traefik/traefik.yaml")["entryPoints"]["websecure"]
    assert seconds(entry["transport"]["respondingTimeouts"]["idleTimeout"]) > 180
    assert seconds(entry["transport"]["respondingTimeouts"]["writeTimeout"]) == 0
    assert entry["forwardedHeaders"]["insecure"] is False
    service = read("traefik/console.yaml")["http"]["services"]["console"]["loadBalancer"]
    resolve(service["healthCheck"]["path"])


@pytest.mark.skipif(NGINX is None, reason="There is no nginx on this machine.")
def test_nginx_takes_its_file(tmp_path) -> None:
    made = (DEPLOY / "nginx.conf").read_text("utf-8").replace("/etc/nginx/tls/console", str(tmp_path / "tls"))
    key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=console"]
    subprocess.run(
        [*key, "-keyout", tmp_path / "tls.key", "-out", tmp_path / "tls.crt"], check=True, capture_output=True
    )
    (tmp_path / "console.conf").write_text(made)
    whole = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ include {tmp_path}/console.conf; }}"
    (tmp_path / "nginx.conf").write_text(whole)
    told = subprocess.run([NGINX, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
