# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that the lab does not serve by itself, with definitions that let everything pass."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.workload import NAMESPACE


@dataclass(frozen=True)
class Served:
    plural: str
    group: str
    version: str
    kind: str
    scope: str = "Namespaced"


# virt-controller waits for all of CDI's as soon as it has seen a DataVolume's
SERVED = (
    Served("routes", "route.openshift.io", "v1", "Route"),
    Served("network-attachment-definitions", "k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition"),
    Served("datavolumes", "cdi.kubevirt.io", "v1beta1", "DataVolume"),
    Served("datasources", "cdi.kubevirt.io", "v1beta1", "DataSource"),
    Served("storageprofiles", "cdi.kubevirt.io", "v1beta1", "StorageProfile", "Cluster"),
    Served("cdiconfigs", "cdi.kubevirt.io", "v1beta1", "CDIConfig", "Cluster"),
    Served("cdis", "cdi.kubevirt.io", "v1beta1", "CDI", "Cluster"),
)
# KubeVirt begins anew when CDI appears, and Velero asks only once in five minutes which kinds are served
LOOK_AT_THEIR_START = ("virt-controller", "virt-api", "velero")


def serve_kinds(world: World) -> None:
    for site in world.sites:
        for component in LOOK_AT_THEIR_START:
            world.lab.kill(site, component)
        _define(world.cluster(site))
    world.lab.run("up")


def path_of(version: str, kind: str) -> str:
    """Of a kind in the workload's namespace."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = next((item.plural for item in SERVED if item.kind == kind), f"{kind.lower()}s")
    return f"{root}/namespaces/{NAMESPACE}/{plural}"


def _define(cluster: Cluster) -> None:
    for item in SERVED:
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        served = {
            "name": item.version,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
        }
        names = {"plural": item.plural, "singular": item.kind.lower(), "kind": item.kind}
        spec = {"group": item.group, "scope": item.scope, "names": names, "versions": [served]}
        body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        cluster.create({**body, "metadata": {"name": f"{item.plural}.{item.group}"}, "spec": spec})

    def absent() -> list[str]:
        missing = []
        for item in SERVED:
            try:
                cluster.call("GET", f"/apis/{item.group}/{item.version}/{item.plural}")
            except RuntimeError as error:
                missing.append(str(error))
        return missing

    wait_until("the kinds to be served", 30, absent)
