# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running VM whose disk came by a template of its own, filled by a double of CDI; and what that was asked to import.

KubeVirt makes the DataVolume of a template again when the VM starts at the other site. CDI then looks at the claim of
its name: one that says it was populated for that DataVolume is left alone, any other is filled.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.served_kinds import path_of
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.storages import Storage
from demo.workload import NAMESPACE, Vm, manifests, not_ready

POPULATED_FOR = "cdi.kubevirt.io/storage.populatedFor"
FILLED = Vm("filled", "web", "Always", True, 3)
DATA_VOLUMES = path_of("cdi.kubevirt.io/v1beta1", "DataVolume")


def deploy_filled(world: World, east: Cluster, storage: Storage, labels: dict[str, str]) -> None:
    """labels: of its claim. KubeVirt asks for the import, the double does it, then the VM runs."""
    site = world.sites["east"]
    storage.provision(site, world.sites["west"], [FILLED.name])
    made = {body["kind"]: body for body in manifests([FILLED], site, storage=storage)}
    east.create(made["PersistentVolume"])
    east.create(_with_template(made["VirtualMachine"], made["PersistentVolumeClaim"]["spec"]))
    wait_until("KubeVirt to ask for an import", 60, lambda: [] if _data_volumes(east) else ["DataVolume"])
    _fill(east, made["PersistentVolumeClaim"], labels)
    wait_until("the VM on the imported disk", 120, lambda: not_ready(east, [FILLED.name]))
    world.vms.append(FILLED)


def newest_version(cluster: Cluster) -> str:
    """Of the DataVolumes, to be given to phases_since."""
    return str(cluster.call("GET", DATA_VOLUMES)["metadata"]["resourceVersion"])


def phases_since(cluster: Cluster, version: str) -> set[tuple[str, str]]:
    """Name and phase of every DataVolume that there ever was since then; the phase is empty while nobody set one."""
    found = set()
    for event in cluster.events(DATA_VOLUMES, version):
        assert event["type"] in ("ADDED", "MODIFIED", "DELETED"), event
        item = event["object"]
        found.add((item["metadata"]["name"], item.get("status", {}).get("phase", "")))
    return found


def judging(cluster: Cluster) -> AbstractContextManager[None]:
    """CDI's decision for each new DataVolume, whose claim is there already."""
    mine = Cluster(cluster.kubeconfig)

    def decide() -> None:
        for item in _data_volumes(mine):
            if not item.get("status", {}).get("phase"):
                _set_phase(mine, item["metadata"]["name"], _decided(mine, item["metadata"]["name"]))

    return control_loop(decide)


def _decided(cluster: Cluster, name: str) -> str:
    claims = {item["metadata"]["name"]: item for item in cluster.list("PersistentVolumeClaim", NAMESPACE)}
    annotations = claims.get(name, {}).get("metadata", {}).get("annotations") or {}
    return "Succeeded" if annotations.get(POPULATED_FOR) == name else "ImportScheduled"


def _set_phase(cluster: Cluster, name: str, phase: str) -> None:
    status = {"phase": phase, "claimName": name}
    cluster.call("PATCH", f"{DATA_VOLUMES}/{name}/status", {"status": status}, "application/merge-patch+json")


def _with_template(vm: Object, claim: Object) -> Object:
    """The VM whose first volume is a DataVolume that KubeVirt makes."""
    wanted = {key: claim[key] for key in ("accessModes", "resources", "storageClassName", "volumeMode")}
    source = {"http": {"url": "https://images.example.org/web.qcow2"}}
    vm["spec"]["dataVolumeTemplates"] = [
        {"metadata": {"name": FILLED.name}, "spec": {"source": source, "storage": wanted}}
    ]
    vm["spec"]["template"]["spec"]["volumes"][0] = {"name": "root", "dataVolume": {"name": FILLED.name}}
    return vm


def _fill(east: Cluster, claim: Object, labels: dict[str, str]) -> None:
    """As CDI does it: a claim that the DataVolume owns, and at its end the phase Succeeded."""
    volume = _data_volumes(east)[0]
    owner: dict[str, Any] = {
        "apiVersion": "cdi.kubevirt.io/v1beta1",
        "kind": "DataVolume",
        "name": volume["metadata"]["name"],
        "uid": volume["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    claim["metadata"]["ownerReferences"] = [owner]
    claim["metadata"]["labels"] = {**claim["metadata"]["labels"], **labels, "app": "containerized-data-importer"}
    claim["metadata"]["annotations"] = {
        "cdi.kubevirt.io/storage.condition.running": "false",
        "cdi.kubevirt.io/storage.pod.phase": "Succeeded",
    }
    east.create(claim)
    _set_phase(east, FILLED.name, "Succeeded")


def _data_volumes(cluster: Cluster) -> list[Object]:
    found: list[Object] = cluster.call("GET", DATA_VOLUMES)["items"]
    return found
