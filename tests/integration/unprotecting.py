# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is protected and unprotected, with a look at all objects before, between and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.captures import backups
from ansible_collections.ocpvirt.dr.tests.integration.world import VELERO, World, must
from demo.cluster import Cluster, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE, PLAN_LABEL

LABEL = "protected.dr.ocpvirt.io/payroll"
BY_HAND = "of-a-person"
WORKLOAD = "reports"
KINDS = ("PersistentVolume", "PersistentVolumeClaim", "Secret", "Service", "ConfigMap", "Deployment", "VirtualMachine")
UNPROTECT = ("unprotect", "-e", "dr_site=east")


@dataclass(frozen=True)
class Seen:
    """objects: by kind and name what owners and `protect` write of them. captures: names of backups."""

    objects: Mapping[str, Any]
    captures: list[str]


@dataclass(frozen=True)
class Unprotected:
    """What east held before and after each playbook, and what `unprotect` said: in check mode, for real, once more.

    captures_left: by site, after it was asked to delete them.
    """

    world: World
    before: Seen
    protected: Seen
    checked: Played
    after_check: Seen
    played: Played
    after: Seen
    again: Played
    after_again: Seen
    captures_left: Mapping[str, list[str]]
    records: Mapping[str, Mapping[str, Any]]


def protect_and_unprotect(world: World) -> Unprotected:
    """A workload is beside the VMs, and a ConfigMap that nothing refers to has the plan's label by hand."""
    east = world.cluster("east")
    for name, labels in ((BY_HAND, {LABEL: "true"}), (WORKLOAD, {})):
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
        east.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}})
    create_workload(east)
    before = look(east)
    must(world.protect())
    world.storage.await_replicated(world.sites)
    protected = look(east)
    checked = must(world.play(*UNPROTECT, "--check"))
    after_check = look(east)
    played = must(world.play(*UNPROTECT))
    after = look(east)
    again = must(world.play(*UNPROTECT))
    after_again = look(east)
    must(world.play(*UNPROTECT, "-e", "unprotect_captures=true"))
    left = {site: backups(world.cluster(site)) for site in world.sites}
    for kind, name in (("Deployment", WORKLOAD), ("ConfigMap", WORKLOAD), ("ConfigMap", BY_HAND)):
        east.delete(kind, name, NAMESPACE)
    records = {site: world.lab.records(site) for site in world.sites}
    return Unprotected(world, before, protected, checked, after_check, played, after, again, after_again, left, records)


def create_workload(east: Cluster) -> None:
    """Scaled to zero; it needs the ConfigMap of its name."""
    container = {"name": "main", "image": "example.org/reports", "envFrom": [{"configMapRef": {"name": WORKLOAD}}]}
    pods = {"metadata": {"labels": {"app": WORKLOAD}}, "spec": {"containers": [container]}}
    metadata = {"name": WORKLOAD, "namespace": NAMESPACE, "labels": {PLAN_LABEL: "payroll"}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": WORKLOAD}}, "template": pods}
    east.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})

    def unseen() -> list[str]:
        annotations = east.get("Deployment", WORKLOAD, NAMESPACE)["metadata"].get("annotations", {})
        return [] if "deployment.kubernetes.io/revision" in annotations else [WORKLOAD]

    wait_until("the controller of Deployments to write its annotation", 30, unseen)


def look(cluster: Cluster) -> Seen:
    found: dict[str, Any] = {}
    for kind in KINDS:
        for item in cluster.list(kind, None if kind == "PersistentVolume" else NAMESPACE):
            meta = item["metadata"]
            kept = {key: meta.get(key) for key in ("labels", "annotations", "uid", "finalizers")}
            found[f"{kind}/{meta['name']}"] = {**kept, **{key: item.get(key) for key in ("spec", "data")}}
    path = f"/apis/velero.io/v1/namespaces/{VELERO}/schedules"
    found |= {f"Schedule/{item['metadata']['name']}": item["spec"] for item in cluster.call("GET", path)["items"]}
    return Seen(found, backups(cluster))
