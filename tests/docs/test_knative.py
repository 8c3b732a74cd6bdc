"""The manifests of the code executor: against Kubernetes' schemas, Knative's, and what the console counts on."""

import copy
import json
import re
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from intelligence.agents import snippet

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs/deploy/knative"
OBJECTS = list(yaml.safe_load_all((FOLDER / "executor.yaml").read_text("utf-8")))
FUNCTION = yaml.safe_load((FOLDER / "func.yaml").read_text("utf-8"))
[SERVICE] = [one for one in OBJECTS if one["apiVersion"].startswith("serving.knative.dev/")]
SCHEMA = jsonschema.Draft202012Validator(json.loads((HERE / "knative_service.json").read_text("utf-8")))
VERSION = "1.37"


def revision(thing: dict[str, Any] = SERVICE) -> dict[str, Any]:
    return thing["spec"]["template"]["spec"]


def test_kubernetes_takes_what_is_its_own() -> None:
    own = [one for one in OBJECTS if one is not SERVICE]
    assert [one["kind"] for one in own] == ["Namespace", "NetworkPolicy", "ResourceQuota"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the validator's own imports
        for one in own:
            kubernetes_validate.validate(one, VERSION, strict=True)


def test_knative_takes_the_service_as_it_comes() -> None:
    SCHEMA.check_schema(SCHEMA.schema)
    assert [error.message for error in SCHEMA.iter_errors(SERVICE)] == []


MISTAKES = {
    "a misspelt field": lambda s: revision(s).update(containerConcurency=1),
    "a number as an annotation": lambda s: s["spec"]["template"]["metadata"]["annotations"].update(
        {"autoscaling.knative.dev/max-scale": 5}
    ),
    "an annotation that there is not": lambda s: s["spec"]["template"]["metadata"]["annotations"].update(
        {"autoscaling.knative.dev/maxScales": "5"}
    ),
    "a field that needs a feature": lambda s: revision(s).update(hostNetwork=True),
    "the pod's own security, which needs one too": lambda s: revision(s).update(securityContext={"runAsUser": 1}),
    "a capability more": lambda s: revision(s)["containers"][0]["securityContext"]["capabilities"].update(
        add=["ALL"]
    ),
    "a token of the cluster": lambda s: revision(s).update(automountServiceAccountToken=True),
    "longer than Knative waits": lambda s: revision(s).update(timeoutSeconds=3_600),
    "no image": lambda s: revision(s)["containers"][0].pop("image"),
    "two ports": lambda s: revision(s)["containers"][0].update(ports=[{"containerPort": 1}, {"containerPort": 2}]),
    "another version": lambda s: s.update(apiVersion="serving.knative.dev/v1beta1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_knative_would_refuse_is_found(name) -> None:
    wrong = copy.deepcopy(SERVICE)
    MISTAKES[name](wrong)
    assert list(SCHEMA.iter_errors(wrong)), name


def test_both_ways_to_deploy_it_say_the_same() -> None:
    [container], about = revision()["containers"], FUNCTION["deploy"]["options"]
    scale = SERVICE["spec"]["template"]["metadata"]["annotations"]
    assert (FUNCTION["name"], FUNCTION["namespace"]) == (
        SERVICE["metadata"]["name"],
        SERVICE["metadata"]["namespace"],
    )
    assert FUNCTION["deploy"]["namespace"] == FUNCTION["namespace"] and FUNCTION["image"] == container["image"]
    assert revision()["containerConcurrency"] == about["resources"]["limits"]["concurrency"] == 1
    for side, name in (("min", "min-scale"), ("max", "max-scale")):
        assert scale[f"autoscaling.knative.dev/{name}"] == str(about["scale"][side])
    probes = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")}
    assert probes == FUNCTION["deploy"]["healthEndpoints"] and FUNCTION["invoke"] == "cloudevent"
    assert {"specVersion", "created"} <= set(FUNCTION)


def test_it_reaches_nothing_holds_nothing_and_has_time_for_the_longest_snippet() -> None:
    policy, quota = OBJECTS[2]["spec"], OBJECTS[3]["spec"]["hard"]
    assert (
        policy["egress"] == []
        and set(policy["policyTypes"]) == {"Ingress", "Egress"}
        and not policy["podSelector"]
    )
    assert SERVICE["metadata"]["labels"]["networking.knative.dev/visibility"] == "cluster-local"
    [container] = revision()["containers"]
    held = container["securityContext"]
    assert held["readOnlyRootFilesystem"] and held["runAsNonRoot"] and held["capabilities"] == {"drop": ["ALL"]}
    assert held["allowPrivilegeEscalation"] is False and revision()["automountServiceAccountToken"] is False
    assert revision()["timeoutSeconds"] > snippet.LIMITS.wall_s
    most = int(SERVICE["spec"]["template"]["metadata"]["annotations"]["autoscaling.knative.dev/max-scale"])
    assert int(quota["pods"]) >= most, "the quota stops what the autoscaler may start"
    assert {one["metadata"].get("namespace", "aiops-code") for one in OBJECTS} == {OBJECTS[0]["metadata"]["name"]}


def test_the_cleanup_finds_by_label_all_that_was_made() -> None:
    text = (FOLDER / "cleanup.sh").read_text("utf-8")
    labels = dict(pair.split("=") for pair in re.search(r"-l (app=\S+)", text).group(1).split(","))
    kinds = {"Service": "ksvc", "NetworkPolicy": "networkpolicy", "ResourceQuota": "resourcequota"}
    for one in OBJECTS[1:]:
        assert labels.items() <= one["metadata"]["labels"].items() and kinds[one["kind"]] in text, one["kind"]
    assert labels["part"] == SERVICE["spec"]["template"]["metadata"]["labels"]["part"], (
        "its revisions are found too"
    )
