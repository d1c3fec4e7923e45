# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads of the plan as an API server shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAN = {"dr.ocpvirt.io/plan": "payroll"}
PROTECTED = "protected.dr.ocpvirt.io/payroll"
RECORDED = "dr.ocpvirt.io/recorded"


def template(app: str, claim: str = "", **pod: Any) -> dict[str, Any]:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [], "volumes": volumes, **pod}}


def workload(kind: str, name: str, labels: Mapping[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    group = "batch/v1" if kind in ("CronJob", "Job") else "apps/v1"
    return {
        "apiVersion": group,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "payroll",
            "labels": dict(PLAN if labels is None else labels),
            "annotations": {},
        },
        "spec": spec,
    }


def deployment(
    name: str = "front", replicas: int = 3, claim: str = "", labels: Mapping[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    own = {"selector": {"matchLabels": {"app": name}}, "template": template(name, claim)}
    return workload("Deployment", name, labels, replicas=replicas, **{**own, **spec})


def stateful_set(name: str = "store", replicas: int = 2, scaled: str = "Retain", **spec: Any) -> dict[str, Any]:
    return workload(
        "StatefulSet",
        name,
        replicas=replicas,
        selector={"matchLabels": {"app": name}},
        template=template(name),
        volumeClaimTemplates=[{"metadata": {"name": "data"}}],
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": scaled},
        **spec,
    )


def daemon_set(name: str = "agent", **node_selector: str) -> dict[str, Any]:
    pods = template(name)
    if node_selector:
        pods["spec"]["nodeSelector"] = dict(node_selector)
    return workload("DaemonSet", name, selector={"matchLabels": {"app": name}}, template=pods)


def cron_job(name: str = "nightly", suspend: bool = False) -> dict[str, Any]:
    return workload(
        "CronJob", name, schedule="0 2 * * *", suspend=suspend, jobTemplate={"spec": {"template": template(name)}}
    )


def job(
    name: str = "import", suspend: bool = False, done: str = "", owner: dict[str, Any] | None = None
) -> dict[str, Any]:
    pods = template(name)
    pods["metadata"]["labels"] |= {"controller-uid": "j-1", "batch.kubernetes.io/job-name": name}
    found = workload("Job", name, suspend=suspend, selector={"matchLabels": {"controller-uid": "j-1"}}, template=pods)
    if done:
        found["status"] = {"conditions": [{"type": done, "status": "True"}]}
    if owner:
        owned_by(found, owner["kind"], owner["metadata"]["name"], owner["metadata"].get("uid", ""))
    return found


def owned_by(item: dict[str, Any], kind: str, name: str, uid: str = "o-1") -> dict[str, Any]:
    item["metadata"]["ownerReferences"] = [{"kind": kind, "name": name, "uid": uid, "controller": True}]
    return item


def pod(name: str, app: str = "", claim: str = "", **status: Any) -> dict[str, Any]:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    return {
        "metadata": {"name": name, "namespace": "payroll", "labels": {"app": app} if app else {}},
        "spec": {"volumes": volumes},
        "status": {"phase": "Running", **status},
    }
