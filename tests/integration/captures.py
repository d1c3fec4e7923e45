"""Backups of the last minutes before east is lost: a complete one, an incomplete one, one that failed in part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import VELERO, World
from demo.cluster import Cluster, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE, Vm, manifests

STUCK = "stuck"
LABELS = {"dr.ocpvirt.io/capture-of-plan": "payroll", "dr.ocpvirt.io/capture-of-site": "east"}
INCOMPLETE = "dr.ocpvirt.io/incomplete"
ROUNDS = 3


@dataclass(frozen=True)
class LastMinutes:
    """Names of the backups, oldest first; unknown_at_west: whether west knew none of them when east was lost."""

    world: World
    complete: str
    incomplete: str
    partially_failed: str
    protect: Played
    mark: str
    unknown_at_west: bool


@dataclass(frozen=True)
class Decided:
    """What check mode printed, for the plan and for one without backups; what west held before and after."""

    bereft: LastMinutes
    played: Played
    never_captured: Played
    before: dict[str, str]
    after: dict[str, str]


def lose_east_after_backups(world: World) -> LastMinutes:
    """Velero at west reads the object store once a minute: all of this happens right after it did."""
    east, west = world.cluster("east"), world.cluster("west")
    create_vm_with_pending_claim(world)
    # a slow machine may need another minute
    for _round in range(ROUNDS):
        world.storage.await_replicated(world.sites)
        await_reading(west)
        complete = back_up_as_scheduled(east)
        protect = world.protect()
        incomplete = newest_backup(east)
        partially_failed = back_up_with_failing_hook(east)
        unknown = complete not in backups(west)
        if unknown:
            break
    world.lab.run("lose", "east")
    mark = incomplete["metadata"].get("annotations", {}).get(INCOMPLETE, "")
    return LastMinutes(world, complete, incomplete["metadata"]["name"], partially_failed, protect, mark, unknown)


def create_vm_with_pending_claim(world: World) -> None:
    """The plan selects it, it is off, and its claim waits for a volume that nobody makes."""
    vm = Vm(STUCK, "batch", "Halted", False, 4)
    kinds = ("PersistentVolumeClaim", "VirtualMachine")
    for body in manifests([vm], world.sites["east"]):
        if body["kind"] in kinds:
            world.cluster("east").create(body)


def back_up_as_scheduled(east: Cluster) -> str:
    """What Velero makes of the plan's Schedule at night; nobody waits until the other site knows it."""
    template = east.call("GET", f"/apis/velero.io/v1/namespaces/{VELERO}/schedules/payroll-east")["spec"]["template"]
    labels = template.pop("metadata", {}).get("labels", LABELS)
    return back_up(east, template, labels, "Completed")


def back_up_with_failing_hook(east: Cluster) -> str:
    """A hook runs in every pod, and these are not real: Velero ends as PartiallyFailed."""
    hook = {"exec": {"command": ["fsfreeze"], "onError": "Fail", "timeout": "5s"}}
    spec = {
        "includedNamespaces": [NAMESPACE],
        "snapshotVolumes": False,
        "hooks": {"resources": [{"name": "freeze", "pre": [hook]}]},
    }
    return back_up(east, spec, LABELS, "PartiallyFailed")


def back_up(east: Cluster, spec: dict[str, Any], labels: dict[str, str], phase: str) -> str:
    name = f"payroll-east-{datetime.now(UTC):%Y%m%d%H%M%S}-{phase.lower()}"
    metadata = {"name": name, "namespace": VELERO, "labels": labels}
    east.create({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": metadata, "spec": spec})

    def other_phase() -> list[str]:
        seen = east.get("Backup", name, VELERO).get("status", {}).get("phase", "New")
        return [] if seen == phase else [seen]

    wait_until(f"{name} to be {phase}", 90, other_phase)
    return name


def backups(cluster: Cluster) -> list[str]:
    return [item["metadata"]["name"] for item in cluster.list("Backup", VELERO)]


def newest_backup(cluster: Cluster) -> dict[str, Any]:
    return max(cluster.list("Backup", VELERO), key=lambda item: item["metadata"]["creationTimestamp"])


def await_reading(west: Cluster) -> None:
    """Until Velero has read the object store once more."""

    def last() -> str:
        path = f"/apis/velero.io/v1/namespaces/{VELERO}/backupstoragelocations/default"
        return west.call("GET", path).get("status", {}).get("lastSyncedTime", "")

    before = last()
    wait_until("Velero's next look at the object store", 90, lambda: [before] if last() == before else [])
