"""The manifests: what Kubernetes takes, and what a pod of ours may and may not do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import deployments
import kubernetes_validate
import kustomize
import pytest
import windows
import yaml

VARIANTS = list(deployments.KUBERNETES)
# the oldest with what we use, one between, and the newest that the published schemas have
VERSIONS = ["1.25", "1.31", kubernetes_validate.latest_version()]
ADAPTER = deployments.DEPLOY / "kubernetes" / "prometheus-adapter.yaml"


def of_kind(variant: str, kind: str) -> dict[str, dict[str, Any]]:
    """The specs of a kind by name."""
    found = (one for one in deployments.cluster(variant) if one["kind"] == kind)
    return {one["metadata"]["name"]: one["spec"] for one in found}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_as_the_published_schema_says(version: str) -> None:
    """Those that are the same in each variant once: it takes long."""
    every = [one for variant in VARIANTS for one in deployments.cluster(variant)]
    for text in sorted({json.dumps(one, sort_keys=True) for one in every}):
        kubernetes_validate.validate(json.loads(text), version, strict=True)


def test_a_word_that_the_schema_does_not_know_is_found() -> None:
    """So the test above can fail."""
    document = deployments.cluster(VARIANTS[0])[0]
    document["metadata"]["lables"] = {}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[-1], strict=True)


def test_every_file_beside_the_kustomizations_is_used() -> None:
    folder = deployments.DEPLOY / "kubernetes"
    for asked in folder.rglob("kustomization.yaml"):
        said = yaml.safe_load(asked.read_text(encoding="utf-8"))
        named = {*said["resources"], *(one.get("path") for one in said.get("patches", []))}
        files = {path.name for path in asked.parent.iterdir() if path != asked}
        assert files <= named, asked.parent
    assert set(deployments.KUBERNETES.values()) == {
        path.name for path in deployments.OVERLAYS.iterdir()
    }


@pytest.mark.parametrize("name", ["triton", "gateway"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pod_may_do_what_its_namespace_allows_and_no_more(variant: str, name: str) -> None:
    """Kubernetes' own profile "restricted", which the namespace enforces, and a read-only root."""
    pod = deployments.pod(deployments.cluster(variant), name)
    own = pod["securityContext"]

    assert own["runAsNonRoot"] is True
    assert own["runAsUser"] > 0  # a name would not do: the kubelet cannot tell who that is
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "initContainers"}
    for volume in pod["volumes"]:
        assert volume.keys() - {"name"} <= {"emptyDir", "persistentVolumeClaim", "secret"}
        assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), volume
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_mounted_is_there_and_models_are_read_only(variant: str) -> None:
    claims = of_kind(variant, "PersistentVolumeClaim")
    for name in ("triton", "gateway"):
        pod = deployments.pod(deployments.cluster(variant), name)
        (container,) = pod["containers"]
        mounts = {one["name"]: one for one in container["volumeMounts"]}
        assert mounts.keys() == {one["name"] for one in pod["volumes"]}
        for volume in pod["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
                assert volume["persistentVolumeClaim"]["readOnly"] is True
                assert mounts[volume["name"]]["readOnly"] is True
    assert bool(claims) == (variant != "kubernetes, s3")


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_the_gateway_reaches_triton_and_only_prometheus_its_metrics(variant: str) -> None:
    policies = of_kind(variant, "NetworkPolicy")
    triton = policies["triton"]
    ways = {
        (rule["ports"][0]["port"], tuple(_labels(one) for one in rule["from"]))
        for rule in triton["ingress"]
    }

    assert policies["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert _labels(triton) == ("triton",)
    assert ways == {(8001, (("gateway",),)), (8002, (("prometheus", "monitoring"),))}
    # none: a model that is a bad program calls nobody
    assert len(triton.get("egress", [])) == (2 if variant == "kubernetes, s3" else 0)
    assert _labels(policies["gateway"]) == ("gateway",)


def _labels(selected: dict[str, Any]) -> tuple[str, ...]:
    parts = [selected[key] for key in ("podSelector", "namespaceSelector") if key in selected]
    return tuple(value for part in parts for value in part["matchLabels"].values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_the_gateway_is_a_door_of_the_cluster(variant: str) -> None:
    services = of_kind(variant, "Service")

    assert {name: one.get("type", "ClusterIP") for name, one in services.items()} == {
        "triton": "ClusterIP",
        "gateway": "LoadBalancer",
    }
    for name, service in services.items():
        (container,) = deployments.pod(deployments.cluster(variant), name)["containers"]
        named = {one["name"]: one["containerPort"] for one in container["ports"]}
        assert all(named[one["targetPort"]] == one["port"] for one in service["ports"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_drained_node_and_a_new_version_leave_a_server_at_work(variant: str) -> None:
    deployed = of_kind(variant, "Deployment")
    budgets = of_kind(variant, "PodDisruptionBudget")
    scaler = of_kind(variant, "HorizontalPodAutoscaler")["triton"]
    fewest = {"triton": scaler["minReplicas"], "gateway": deployed["gateway"].get("replicas")}

    assert "replicas" not in deployed["triton"]  # an apply would undo what the autoscaler did
    for name, one in deployed.items():
        assert one["selector"] == budgets[name]["selector"]
        assert (
            one["selector"]["matchLabels"].items() <= one["template"]["metadata"]["labels"].items()
        )
        assert budgets[name]["minAvailable"] < fewest[name]
        assert fewest[name] - one["strategy"]["rollingUpdate"]["maxUnavailable"] >= 1
        spread = one["template"]["spec"]["topologySpreadConstraints"][0]
        assert spread["labelSelector"] == one["selector"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_memory_is_more_than_the_shared_part_of_it_and_the_models(variant: str) -> None:
    """What the table of sizes in server/deploy/README.md is made of."""
    pod = deployments.pod(deployments.cluster(variant))
    (container,) = pod["containers"]
    limit = _mebibytes(container["resources"]["limits"]["memory"])
    (shm,) = (one["emptyDir"] for one in pod["volumes"] if one["name"] == "shm")
    frame = 3840 * 2160 * 4 * 4 / 2**20

    assert shm["medium"] == "Memory"
    assert _mebibytes(shm["sizeLimit"]) >= 4 * 2 * frame
    assert limit >= 1536 + 4 * 6 * frame
    assert limit >= _mebibytes(shm["sizeLimit"]) + 1536


def _mebibytes(words: str) -> float:
    found = re.fullmatch(r"(\d+)(Mi|Gi)", words)
    assert found, words
    return int(found[1]) * {"Mi": 1, "Gi": 1024}[found[2]]


def test_prometheus_understands_what_the_adapter_will_ask(tmp_path: Path) -> None:
    if shutil.which("promtool") is None and windows.may_skip():
        pytest.skip("promtool is not here: sudo apt-get install prometheus")
    rules = []
    for rule in kustomize.read(ADAPTER)[0]["rules"]["custom"]:
        query = (
            rule["metricsQuery"]
            .replace("<<.Series>>", rule["seriesQuery"].partition("{")[0])
            .replace("<<.GroupBy>>", "pod")
            .replace("<<.LabelMatchers>>", 'namespace="answerprint"')
        )
        rules.append({"record": rule["name"]["as"], "expr": query})
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "adapter", "rules": rules}]}))

    said = subprocess.run(
        ["promtool", "check", "rules", str(file)], check=False, capture_output=True, text=True
    )

    assert said.returncode == 0, said
    assert f"{len(rules)} rules found" in said.stdout
