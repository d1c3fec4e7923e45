# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Argo CD at a site: what its automated sync with self-healing does to VMs, by a minimal Application.

Git holds a Secret, a Service and the VMs, with the runStrategy that they have at that site. The double brings what is
absent, and sets a runStrategy back to Git's, unless the Application has no automated sync or ignores that difference.
"""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.workload import NAMESPACE as WORKLOAD
from demo.workload import manifests

GROUP = "argoproj.io"
DEFINITION = f"applications.{GROUP}"
NAMESPACE = "openshift-gitops"
NAME = "payroll"
APPLICATIONS = f"/apis/{GROUP}/v1alpha1/namespaces/{NAMESPACE}/applications"
AUTOMATED = {"prune": True, "selfHeal": True}


def application(ignoring: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "project": "default",
        "source": {"repoURL": "https://git.example.org/payroll.git", "path": "overlays"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "payroll"},
        "syncPolicy": {"automated": AUTOMATED, "syncOptions": ["CreateNamespace=true"]},
    }
    if ignoring:
        spec["syncPolicy"]["syncOptions"].append("RespectIgnoreDifferences=true")
        entry = {"group": "kubevirt.io", "kind": "VirtualMachine", "jsonPointers": ["/spec/runStrategy"]}
        spec["ignoreDifferences"] = [entry]
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}


class ArgoCd:
    """One instance, with what Git holds for its site."""

    def __init__(self, cluster: Cluster, git: list[dict[str, Any]]) -> None:
        self.cluster = Cluster(cluster.kubeconfig)
        self.git = git

    @property
    def application(self) -> dict[str, Any]:
        return dict(self.cluster.call("GET", f"{APPLICATIONS}/{NAME}"))

    @property
    def automated(self) -> Any:
        return self.application["spec"]["syncPolicy"].get("automated")

    def sync(self) -> None:
        seen = self.application
        if seen["spec"]["syncPolicy"].get("automated") is None:
            return
        heals = "ignoreDifferences" not in seen["spec"]
        for body in self.git:
            self._bring(body, heals)

    def _bring(self, body: dict[str, Any], heals: bool) -> None:
        kind, meta = body["kind"], body["metadata"]
        there = {item["metadata"]["name"]: item for item in self.cluster.list(kind, meta.get("namespace"))}
        if meta["name"] not in there:
            self.cluster.create(body)
        elif kind == "VirtualMachine" and heals:
            wanted = {"runStrategy": body["spec"]["runStrategy"]}
            if there[meta["name"]]["spec"].get("runStrategy") != wanted["runStrategy"]:
                self.cluster.patch(kind, meta["name"], meta["namespace"], {"spec": wanted})


def install(cluster: Cluster, ignoring: bool = True) -> None:
    """The Application's definition, as open as Argo CD's own is in these fields, and one Application."""
    names = {"kind": "Application", "plural": "applications", "singular": "application", "listKind": "ApplicationList"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": DEFINITION},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    cluster.create(definition)
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})

    def unserved() -> list[str]:
        try:
            cluster.call("GET", APPLICATIONS)
        except RuntimeError as error:
            return [str(error)]
        return []

    wait_until("the definition of Argo CD", 30, unserved)
    cluster.call("POST", APPLICATIONS, application(ignoring))


def ignore(cluster: Cluster) -> None:
    """The Application leaves the runStrategy alone from now on."""
    spec = {key: application(True)["spec"][key] for key in ("ignoreDifferences", "syncPolicy")}
    cluster.call("PATCH", f"{APPLICATIONS}/{NAME}", {"spec": spec}, "application/merge-patch+json")


def syncing(*instances: ArgoCd) -> AbstractContextManager[None]:
    return control_loop(*(instance.sync for instance in instances))


def git_of(world: World, site: str) -> list[dict[str, Any]]:
    """What Git holds for a site: at west everything is halted, and claims and volumes are nowhere in it."""
    kinds = ("Namespace", "Secret", "Service", "VirtualMachine")
    found = [copy.deepcopy(item) for item in manifests(world.vms, world.sites[site]) if item["kind"] in kinds]
    for item in found:
        if item["kind"] == "VirtualMachine" and site == "west":
            item["spec"]["runStrategy"] = "Halted"
    return found


def await_vms(world: World, site: str) -> None:
    names = {vm.name for vm in world.vms}

    def missing() -> list[str]:
        cluster = world.cluster(site)
        return sorted(names - {vm["metadata"]["name"] for vm in cluster.list("VirtualMachine", WORKLOAD)})

    wait_until(f"VMs that Git brings to {site}", 60, missing)
