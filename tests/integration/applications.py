# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest of an application beside its VMs: one workload of each kind, on the site's storage where it has any."""

from __future__ import annotations

import copy
import json
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.workload import NAMESPACE, PLAN_LABEL, Tier, Vm, demo_vms, deploy, manifests

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
GROUPS = {"CronJob": "batch/v1", "Job": "batch/v1"}
CLAIMS = ("files", "data-store-0", "data-store-1")
STRANGER = "stranger"
UNDER_WAY = "nightly-1"
RECORDED = "dr.ocpvirt.io/recorded"
# pods of each once everything is up; KWOK ends the pods of Jobs, and this Job's pod fits nowhere
RUNNING = {"front": 3, "store": 2, "agent": 0, "import": 1}
FEW = (Tier("db", 1, 1), Tier("app", 1, 2))


def deploy_application(world: World) -> None:
    """At east, and wait until all of it is up. A workload that the plan does not select is beside it."""
    east, site = world.cluster("east"), world.sites["east"]
    world.vms = demo_vms(FEW, off=0)
    deploy(east, site, world.sites["west"], world.vms, storage=world.storage)
    world.storage.provision(site, world.sites["west"], list(CLAIMS))
    volumes = [body for name in CLAIMS for body in _volume(name, site)]
    others = [
        _named("ServiceAccount", "front", "v1"),
        {**_named("ConfigMap", "front", "v1"), "data": {"colour": "blue"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "front"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "front", "namespace": NAMESPACE}],
        },
        {
            **_named("Service", "store", "v1"),
            "spec": {"clusterIP": "None", "selector": {"app": "store"}, "ports": [{"port": 5432}]},
        },
    ]
    east.create_all(volumes + others)
    wait_until("bound claims", 60, lambda: _unbound(east))
    nodes = len(east.call("GET", "/api/v1/nodes")["items"])
    RUNNING["agent"] = nodes
    east.create_all(workloads())
    east.create(_under_way(east.get("CronJob", "nightly", NAMESPACE)))
    await_up(east)


def workloads() -> list[Object]:
    selected = {PLAN_LABEL: "payroll"}
    deployments: list[tuple[str, int, dict[str, str]]] = [("idle", 0, selected), (STRANGER, 1, {})]
    front = _pods("front", serviceAccountName="front")
    front["spec"]["volumes"] = [{"name": "files", "persistentVolumeClaim": {"claimName": "files"}}]
    front["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "front"}}]
    after = {"dr.ocpvirt.io/depends-on": "StatefulSet/store, app-0", "dr.ocpvirt.io/priority": "1"}
    return [
        _workload("Deployment", "front", {**selected, "tier": "app"}, after, replicas=3, template=front),
        *(_workload("Deployment", name, labels, replicas=n, template=_pods(name)) for name, n, labels in deployments),
        _workload(
            "StatefulSet",
            "store",
            {**selected, "tier": "db"},
            replicas=2,
            serviceName="store",
            template=_pods("store"),
            persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Delete"},
            volumeClaimTemplates=[
                {
                    "metadata": {"name": "data"},
                    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
                }
            ],
        ),
        _workload("DaemonSet", "agent", selected, template=_pods("agent")),
        _cron_job("nightly", selected, suspend=False),
        _cron_job("paused", selected, suspend=True),
        _workload(
            "Job", "import", selected, template=_pods("import", restartPolicy="Never", nodeSelector={"nowhere": "true"})
        ),
    ]


def await_up(cluster: Cluster) -> None:
    wait_until(f"pods of {', '.join(RUNNING)}", 120, lambda: _missing(cluster))


def pods_at(cluster: Cluster) -> dict[str, int]:
    """Pods that are not on their way out, by workload."""
    found = dict.fromkeys(RUNNING, 0)
    for pod in cluster.list("Pod", NAMESPACE):
        app = pod["metadata"].get("labels", {}).get("app", "")
        if app in found and "deletionTimestamp" not in pod["metadata"]:
            found[app] += 1
    return found


def pod_uids(cluster: Cluster) -> set[str]:
    """Of the workloads' pods: other ones after each start."""
    pods = cluster.list("Pod", NAMESPACE)
    return {pod["metadata"]["uid"] for pod in pods if pod["metadata"].get("labels", {}).get("app") in RUNNING}


def specs(cluster: Cluster) -> dict[str, Any]:
    """By workload of the plan all that its owner wrote; a Job's selector and pod labels are its cluster's."""
    found = {}
    for kind in KINDS:
        for item in cluster.list(kind, NAMESPACE):
            if PLAN_LABEL in item["metadata"].get("labels", {}):
                found[f"{kind}/{item['metadata']['name']}"] = _own(kind, copy.deepcopy(item["spec"]))
    return found


def recorded(cluster: Cluster) -> dict[str, Any]:
    """By workload what a run wrote on it of its size."""
    return {
        f"{kind}/{item['metadata']['name']}": json.loads(item["metadata"]["annotations"][RECORDED])
        for kind in KINDS
        for item in cluster.list(kind, NAMESPACE)
        if RECORDED in item["metadata"].get("annotations", {})
    }


def stranger(cluster: Cluster) -> Any:
    """What nobody may have written; its controller writes its status."""
    item = cluster.get("Deployment", STRANGER, NAMESPACE)
    return {key: item["metadata"].get(key) for key in ("labels", "annotations", "generation")} | {"spec": item["spec"]}


def volume_sources(cluster: Cluster) -> dict[str, Any]:
    """By claim of a workload the source of the volume that it is bound to."""
    claims = {name: cluster.get("PersistentVolumeClaim", name, NAMESPACE) for name in CLAIMS}
    return {
        name: cluster.get("PersistentVolume", claim["spec"]["volumeName"])["spec"]["nfs"]
        for name, claim in claims.items()
        if claim["status"]["phase"] == "Bound"
    }


def intruder(claim: str) -> Object:
    """A workload that is not the plan's and mounts a claim that is."""
    pods = _pods("intruder")
    pods["spec"]["volumes"] = [{"name": "files", "persistentVolumeClaim": {"claimName": claim}}]
    return _workload("Deployment", "intruder", {}, replicas=1, template=pods)


def _missing(cluster: Cluster) -> list[str]:
    seen = pods_at(cluster)
    return [f"{name} {seen[name]}/{count}" for name, count in RUNNING.items() if seen[name] != count]


def _unbound(cluster: Cluster) -> list[str]:
    claims = cluster.list("PersistentVolumeClaim", NAMESPACE)
    return [item["metadata"]["name"] for item in claims if item.get("status", {}).get("phase") != "Bound"]


def _own(kind: str, spec: Object) -> Object:
    if kind == "Job":
        spec.pop("selector", None)
        spec["template"]["metadata"]["labels"] = {"app": spec["template"]["metadata"]["labels"]["app"]}
    return spec


def _volume(name: str, site: dict[str, Any]) -> list[Object]:
    wanted = ("PersistentVolume", "PersistentVolumeClaim")
    return [body for body in manifests([Vm(name, "none", "Halted", False, 3)], site) if body["kind"] in wanted]


def _named(kind: str, name: str, version: str, labels: dict[str, str] | None = None) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels or {}},
    }


def _workload(
    kind: str, name: str, labels: dict[str, str], annotations: dict[str, str] | None = None, **spec: Any
) -> Object:
    body = _named(kind, name, GROUPS.get(kind, "apps/v1"), labels)
    body["metadata"]["annotations"] = annotations or {}
    if kind not in GROUPS:
        spec["selector"] = {"matchLabels": {"app": name}}
    return {**body, "spec": spec}


def _pods(app: str, **pod: Any) -> Object:
    containers = [{"name": "main", "image": "registry.example.org/main:1"}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, **pod}}


def _under_way(owner: Object) -> Object:
    """A Job that the CronJob made and whose pod waits for a node."""
    pods = _pods("nightly", restartPolicy="Never", nodeSelector={"nowhere": "true"})
    job = _workload("Job", UNDER_WAY, {}, template=pods)
    job["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }
    ]
    return job


def _cron_job(name: str, labels: dict[str, str], suspend: bool) -> Object:
    jobs = {"spec": {"template": _pods(name, restartPolicy="Never")}}
    return _workload("CronJob", name, labels, schedule="0 2 1 1 *", suspend=suspend, jobTemplate=jobs)
