# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload's objects as somebody else brings them to west: a pipeline that applies what Git holds, or a product.

Git holds no volumes, and VMs that are halted and ask for no import at west; it is applied before the loss. A product
restores all that a person made at east, with the runStrategy of then and volumes that name west's storage and say for
which DataVolume they are populated, once the run has closed the latch.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ansible_collections.ocpvirt.dr.tests.integration.data_volumes import FILLED, POPULATED_FOR
from ansible_collections.ocpvirt.dr.tests.integration.served_kinds import path_of
from ansible_collections.ocpvirt.dr.tests.integration.vendor_product import KEPT_META, once_latched
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object
from demo.storages import Storage

# sources with which manifests are brought
BRINGING = ("gitops", "vendor")
# what a person makes; revisions, DataVolumes and snapshots' contents are made by controllers of these
MADE = {
    "Secret": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
    "Route": "route.openshift.io/v1",
    "NetworkAttachmentDefinition": "k8s.cni.cncf.io/v1",
    "VirtualMachineInstancetype": "instancetype.kubevirt.io/v1beta1",
    "VirtualMachinePreference": "instancetype.kubevirt.io/v1beta1",
    "VirtualMachine": "kubevirt.io/v1",
}
VOLUMES = ("PersistentVolume", "PersistentVolumeClaim")
# addresses that the cluster gives
OF_A_SERVICE = ("clusterIP", "clusterIPs")
# a claim that comes with these and finds its volume unbound counts as Lost
OF_A_BINDING = "pv.kubernetes.io/"
NO_IMPORT = "kubevirt.io/immediate-data-volume-creation"
# a cluster makes it for every namespace
ROOT_CA = "kube-root-ca.crt"


@contextmanager
def brought_by(source: str, world: World, objects: Mapping[str, Object], storages: list[Storage]) -> Iterator[None]:
    """Meanwhile east is lost and the plan fails over. objects: as `objects_of` has them at east."""
    if source == "gitops":
        _apply_from_git(world.cluster("west"), objects)
    if source != "vendor":
        yield
        return
    bodies = [*_volumes(world, objects, storages), *_bare(objects, MADE)]
    with once_latched(world, lambda west: _create_all(west, bodies)):
        yield


def _apply_from_git(west: Cluster, objects: Mapping[str, Object]) -> None:
    bodies = _bare(objects, {"Namespace": "v1", **MADE})
    for body in bodies:
        if body["kind"] == "VirtualMachine":
            body["spec"]["runStrategy"] = "Halted"
            body["metadata"].setdefault("annotations", {})[NO_IMPORT] = "false"
    _create_all(west, bodies)


def _volumes(world: World, objects: Mapping[str, Object], storages: list[Storage]) -> list[Object]:
    east, west = world.sites["east"], world.sites["west"]
    # a handle before the address in it: pools have other numbers too
    addresses = {_handle(storage, east): _handle(storage, west) for storage in storages if _handle(storage, east)}
    addresses |= {storage.address(east): storage.address(west) for storage in storages}
    addresses |= {storage.storage_class(east): storage.storage_class(west) for storage in storages}
    addresses[f"{east['export_prefix']}/"] = f"{west['export_prefix']}/"
    text = json.dumps(_bare(objects, dict.fromkeys(VOLUMES, "v1")))
    for here, there in addresses.items():
        text = text.replace(here, there)
    return [_unbound(body) for body in json.loads(text)]


def _handle(storage: Storage, site: Object) -> str:
    """Of the one volume that CDI has filled; empty for a storage without a driver."""
    return str(storage.source(site, FILLED.name).get("csi", {}).get("volumeHandle", ""))


def _unbound(volume: Object) -> Object:
    """The volume or claim as it was before the PV controller saw it, and never populated (P2)."""
    meta, spec = volume["metadata"], volume["spec"]
    annotations = meta.get("annotations", {})
    meta["annotations"] = {key: value for key, value in annotations.items() if not key.startswith(OF_A_BINDING)}
    if "claimRef" in spec:
        spec["claimRef"] = {key: spec["claimRef"][key] for key in ("kind", "namespace", "name")}
    if meta["name"] == FILLED.name:
        meta["annotations"][POPULATED_FOR] = FILLED.name
    return volume


def _bare(objects: Mapping[str, Object], kinds: Mapping[str, str]) -> list[Object]:
    """Without what the cluster gave, in the order of the kinds."""
    found = []
    for kind, version in kinds.items():
        for key, item in objects.items():
            if key.partition("/")[0] != kind or item["metadata"]["name"] == ROOT_CA:
                continue
            body = {name: value for name, value in copy.deepcopy(item).items() if name != "status"}
            body["metadata"] = {name: value for name, value in body["metadata"].items() if name in KEPT_META}
            if kind == "Service":
                body["spec"] = {name: value for name, value in body["spec"].items() if name not in OF_A_SERVICE}
            found.append({**body, "apiVersion": version, "kind": kind})
    return found


def _create_all(cluster: Cluster, bodies: list[Object]) -> None:
    for body in bodies:
        if "namespace" in body["metadata"]:
            cluster.call("POST", path_of(body["apiVersion"], body["kind"]), body)
        else:
            cluster.create(body)
