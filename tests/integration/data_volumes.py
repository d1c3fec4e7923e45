# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running VM whose disk came by a template of its own, filled by a double of CDI; and who asked for an import."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.served_kinds import path_of
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.storages import Storage
from demo.workload import Vm, manifests, not_ready

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
    """Of the DataVolumes, to be given to imports_since."""
    return str(cluster.call("GET", DATA_VOLUMES)["metadata"]["resourceVersion"])


def imports_since(cluster: Cluster, version: str) -> list[str]:
    """Everything that ever happened to a DataVolume since then."""
    events = cluster.events(DATA_VOLUMES, version)
    return [f"{event['type']} {event['object'].get('metadata', {}).get('name', event['object'])}" for event in events]


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
    status = {"phase": "Succeeded", "progress": "100.0%", "claimName": FILLED.name}
    path = f"{DATA_VOLUMES}/{FILLED.name}/status"
    east.call("PATCH", path, {"status": status}, "application/merge-patch+json")


def _data_volumes(cluster: Cluster) -> list[Object]:
    found: list[Object] = cluster.call("GET", DATA_VOLUMES)["items"]
    return found
