# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload with an object of every kind, captured by each source of manifests; then its site is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.client import connect
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture.metadata_source import source_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.plan_source import load_plan
from ansible_collections.ocpvirt.dr.tests.integration import mixed_storage
from ansible_collections.ocpvirt.dr.tests.integration.brought_objects import BRINGING, brought_by
from ansible_collections.ocpvirt.dr.tests.integration.complete_workload import VM, create_everything, snapshot_of
from ansible_collections.ocpvirt.dr.tests.integration.data_volumes import (
    deploy_filled,
    judging,
    newest_version,
    phases_since,
)
from ansible_collections.ocpvirt.dr.tests.integration.served_kinds import serve_kinds
from ansible_collections.ocpvirt.dr.tests.integration.site_objects import objects_of
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from demo.cluster import Object
from demo.storages import STORAGES
from demo.workload import NAMESPACE

# by the lab's storage: a source, and the storages of its plan. A lab with Ceph serves NFS as well
WORLDS: dict[str, list[tuple[str, ...]]] = {
    "nfs": [(source, "nfs") for source in ("oadp", "export", "gitops", "vendor")],
    "ceph_rbd": [(source, "nfs", "ceph_rbd") for source in ("oadp", "export", "gitops", "vendor")],
}


@dataclass(frozen=True)
class Complete:
    """storages: of the plan. revisions, content: that KubeVirt made at east for the VM and for its snapshot.

    east, west: all objects, before the loss and after the failover. phases: that DataVolumes ever had
    by site, at west since before the failover.
    """

    world: World
    source: str
    storages: tuple[str, ...]
    capture: Capture
    revisions: set[str]
    content: str
    east: Mapping[str, Object]
    west: Mapping[str, Object]
    phases: Mapping[str, set[tuple[str, str]]]


def worlds(storages: str) -> list[tuple[str, ...]]:
    """storages: as $LAB_STORAGES has them."""
    return [world for storage in storages.split(",") for world in WORLDS.get(storage, ())]


def capture_everything(world: World, source: str, storages: tuple[str, ...]) -> Complete:
    """storages: nfs alone, or with ceph_rbd for the VM whose disk CDI has filled."""
    serve_kinds(world)
    mixed = "ceph_rbd" in storages
    if mixed:
        world.document["replication"] = mixed_storage.replication(world.sites)
        world.document["volumes"]["rules"] = mixed_storage.volume_rules(world.sites)
    if source == "export":
        directory = world.folder / "captures"
        directory.mkdir()
        world.document["metadata"] = {"source": "export", "export": {"directory": str(directory)}}
    if source in BRINGING:
        world.document["metadata"] = {"source": source}
    world.write_plan("payroll", world.document)
    east, west = world.cluster("east"), world.cluster("west")
    versions = {"east": newest_version(east), "west": newest_version(west)}
    world.deploy()
    create_everything(world, east)
    deploy_filled(world, east, *((mixed_storage.CEPH, mixed_storage.LABELS) if mixed else (mixed_storage.NFS, {})))
    must(world.protect())
    for name in storages:
        STORAGES[name].await_replicated(world.sites)
    phases = {"east": phases_since(east, versions["east"])}
    before = objects_of(east, NAMESPACE)
    seen = east.get("VirtualMachine", VM, NAMESPACE)["status"]
    content = snapshot_of(east)["status"]["virtualMachineSnapshotContentName"]
    capture = newest_capture(world)
    with brought_by(source, world, before, [STORAGES[name] for name in storages]), judging(west):
        world.lab.run("lose", "east")
        must(world.failover())
    phases["west"] = phases_since(west, versions["west"])
    after = objects_of(west, NAMESPACE)
    return Complete(
        world,
        source,
        storages,
        capture,
        {seen[field]["controllerRevisionRef"]["name"] for field in ("instancetypeRef", "preferenceRef")},
        content,
        before,
        after,
        phases,
    )


def newest_capture(world: World) -> Capture:
    source = source_of(load_plan(str(world.plan_file)))
    api = connect("east", {"kubeconfig": world.sites["east"]["kubeconfig"]})
    return source.manifests(api, source.catalog(api)[0].name)
