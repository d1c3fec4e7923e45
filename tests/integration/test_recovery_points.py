# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones of one moment per VM on real API servers: KubeVirt's own controller snapshots, csi-addons' own one replicates.

Doubles are the CSI driver and what virt-handler does when a guest is frozen.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CLONE
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture.metadata_source import source_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.plan_source import load_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_site
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.choice import choose_clones
from ansible_collections.ocpvirt.dr.tests.integration.two_disks import DATA, OFF, RUNNING, TwoDisks
from ansible_collections.ocpvirt.dr.tests.integration.world import must, resource_versions
from demo.cluster import Object, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready


def codes(result: dict[str, Any]) -> dict[str, str]:
    """Findings that are not about what the double of a driver is, by code, with what they say."""
    found = result["findings"]
    return {item["code"]: f"{item['on']}: {item['message']}" for item in found if item["code"] != "SnapshotIsCopy"}


def assert_nothing_left_of(two: TwoDisks, point: str) -> None:
    """Of the VM that failed; what was deleted goes a moment later."""

    def left() -> list[str]:
        clones = [name for name in two.clones() if name.startswith(RUNNING) and name.endswith(point)]
        return [*clones, *two.vm_snapshots(), *two.snapshotter.snapshots()]

    wait_until("what a failed set made to go", 30, left)
    assert two.guests.calls[-1:] in ([], ["unfreeze"], ["freeze refused"])


@pytest.fixture(scope="module")
def protected_with_clones(cloned: TwoDisks) -> Played:
    cloned.guests.forget()
    return must(cloned.world.play("protect", "-e", "dr_site=east", plan=cloned.plan()))


def test_protect_clones_both_disks_of_a_frozen_guest(cloned: TwoDisks, protected_with_clones: Played) -> None:
    assert "VirtualMachine/payroll/db-0: cloned as payroll/db-0-" in protected_with_clones.output
    facts = {clone.facts.claim: clone.facts for clone in cloned.clones().values()}
    assert {claim: item.consistency for claim, item in facts.items()} == {RUNNING: "frozen", DATA: "frozen", OFF: "off"}
    assert cloned.guests.calls == ["freeze", "unfreeze"]


def test_both_clones_of_a_frozen_guest_are_of_one_moment(cloned: TwoDisks, protected_with_clones: Played) -> None:
    last = cloned.records()
    ends = [last[name] for name in cloned.clones() if name.startswith(RUNNING)]
    # it may have been stopped between the writes of one record to both disks
    assert len(ends) == 2
    assert max(ends) - min(ends) <= 1


def test_the_capture_after_them_finds_a_clone_for_every_volume(cloned: TwoDisks, protected_with_clones: Played) -> None:
    plan = load_plan(str(cloned.plan()))
    west, source = open_site(plan, "west"), source_of(plan)
    capture = source.manifests(west, source.catalog(west)[0].name)
    found = choose_clones(plan.name, capture)
    assert {key: clone.name for key, clone in found.clones.items()} == {
        f"{NAMESPACE}/{clone.facts.claim}": clone.name for clone in cloned.clones().values()
    }
    assert found.missing == ()


def test_clones_replicate_with_the_rest(cloned: TwoDisks, protected_with_clones: Played) -> None:
    assert set(cloned.clones()) <= cloned.replicated()


def test_p5_twice_is_once(cloned: TwoDisks) -> None:
    cloned.take("twice")
    before = resource_versions(cloned.world.cluster("east"))
    again = cloned.take("twice")
    assert (again["changed"], again["complete"], again["clones"]) == (False, True, 3)
    assert resource_versions(cloned.world.cluster("east")) == before


def test_p9_check_mode_writes_nothing_and_decides_the_same(cloned: TwoDisks) -> None:
    before = resource_versions(cloned.world.cluster("east"))
    foreseen = cloned.take("foreseen", check_mode=True)
    assert resource_versions(cloned.world.cluster("east")) == before
    real = cloned.take("foreseen")
    assert foreseen["decisions"] == [line for line in real["decisions"] if not line.startswith("group ")]


def test_p8_retention_removes_the_oldest_clones_with_their_data_and_nothing_else(cloned: TwoDisks) -> None:
    east = cloned.world.cluster("east")
    for point in ("kept-1", "kept-2"):
        cloned.take(point)
    foreign = foreign_claim("somebody-elses")
    ours = next(clone for clone in cloned.clones().values() if clone.recovery_point == "kept-1").pvc["metadata"]
    foreign["metadata"] |= {"annotations": {CLONE: ours["annotations"][CLONE]}}
    foreign["metadata"]["labels"] = {key: value for key, value in ours["labels"].items() if "recovery" in key}
    east.create(foreign)
    before = cloned.volumes()
    old = {clone.pvc["spec"]["volumeName"] for clone in cloned.clones().values() if clone.recovery_point == "kept-1"}
    assert len(old) == 3
    assert cloned.take("kept-3")["complete"]
    wait_until("the volumes of the oldest clones to go", 60, lambda: sorted(old & cloned.volumes()))
    assert before - old <= cloned.volumes()
    assert {clone.recovery_point for clone in cloned.clones().values()} == {"kept-2", "kept-3"}
    assert east.get("PersistentVolumeClaim", "somebody-elses", NAMESPACE)["metadata"]["uid"]
    east.delete("PersistentVolumeClaim", "somebody-elses", NAMESPACE)


def test_p5_killed_while_a_guest_is_frozen_it_ends_like_an_undisturbed_run(cloned: TwoDisks) -> None:
    cloned.guests.forget()
    cloned.snapshotter.stuck[DATA] = "the pool is slow"
    cloned.kill_while_taking("killed")
    cloned.snapshotter.stuck.clear()
    # nobody of ours is alive: it is KubeVirt that lets the guest go on
    wait_until("the thaw", 60, lambda: [] if cloned.guests.calls[-1:] == ["unfreeze"] else cloned.guests.calls)
    result = cloned.take()
    assert (result["recovery_point"], result["complete"], result["clones"]) == ("killed", True, 3)
    made = [clone for clone in cloned.clones().values() if clone.recovery_point == "killed"]
    assert all(clone.finished and clone.bound for clone in made)
    assert cloned.guests.calls == ["freeze", "unfreeze"]
    wait_until("the snapshots to go", 30, lambda: [*cloned.vm_snapshots(), *cloned.snapshotter.snapshots()])


def test_p10_a_snapshot_in_error_is_told_with_its_last_state_and_the_guest_goes_on(cloned: TwoDisks) -> None:
    cloned.guests.forget()
    cloned.snapshotter.stuck[DATA] = "no space left in the pool"
    result = cloned.take("in-error", timeout=10)
    cloned.snapshotter.stuck.clear()
    found = codes(result)
    assert list(found) == ["CloneFailed"]
    assert found["CloneFailed"].startswith("VirtualMachine/payroll/db-0: ")
    assert "no space left in the pool" in found["CloneFailed"]
    assert (result["complete"], result["sets"]) == (False, 1)
    assert_nothing_left_of(cloned, "in-error")


def test_a_guest_that_cannot_be_frozen_is_told_and_not_cloned(cloned: TwoDisks) -> None:
    cloned.guests.forget()
    with cloned.guests.refusing():
        result = cloned.take("not-frozen", timeout=12)
    assert list(codes(result)) == ["FreezeFailed"]
    assert "Failed freezing vm db-0" in codes(result)["FreezeFailed"]
    assert_nothing_left_of(cloned, "not-frozen")


def test_a_clone_that_stays_pending_is_told_and_removed(cloned: TwoDisks) -> None:
    cloned.snapshotter.unbound.add(DATA)
    result = cloned.take("pending", timeout=12)
    cloned.snapshotter.unbound.clear()
    assert "seen: Pending, of StorageClass/east-nfs" in codes(result)["CloneFailed"]
    assert_nothing_left_of(cloned, "pending")


def test_an_exceeded_quota_is_told_in_the_words_of_the_server(cloned: TwoDisks) -> None:
    east = cloned.world.cluster("east")
    at = f"/api/v1/namespaces/{NAMESPACE}/resourcequotas"
    there = len(east.list("PersistentVolumeClaim", NAMESPACE))
    # the VM that is off may still have its clone, or one of the other VM's disks
    spec = {"hard": {"persistentvolumeclaims": str(there + 1)}}
    quota = east.call("POST", at, {"metadata": {"name": "small"}, "spec": spec})

    def uncounted() -> list[str]:
        return [] if east.call("GET", f"{at}/small").get("status", {}).get("used") else ["small"]

    wait_until("the quota to count", 30, uncounted)
    result = cloned.take("quota", keep=9)
    east.call("DELETE", f"{at}/{quota['metadata']['name']}")
    assert "exceeded quota: small" in codes(result)["CloneFailed"]
    assert_nothing_left_of(cloned, "quota")


def test_p8_a_claim_of_somebody_else_is_refused_with_the_difference(cloned: TwoDisks) -> None:
    east = cloned.world.cluster("east")
    east.create(foreign_claim("db-1-foreign"))
    result = cloned.take("foreign")
    assert "label dr.ocpvirt.io/recovery-point-of-plan is (none), wanted payroll" in codes(result)["CloneFailed"]
    assert "it was not touched" in codes(result)["CloneFailed"]
    assert east.get("PersistentVolumeClaim", "db-1-foreign", NAMESPACE)["spec"]["storageClassName"] == "elsewhere"
    east.delete("PersistentVolumeClaim", "db-1-foreign", NAMESPACE)


def foreign_claim(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "elsewhere",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def test_a_plan_with_clones_moves_and_takes_them_along(cloned: TwoDisks) -> None:
    """The last test here: the plan is at west then."""
    must(cloned.world.play("relocate", "-e", "dr_target=west", plan=cloned.plan()))
    west = cloned.world.cluster("west")
    bound = {
        item["metadata"]["name"]
        for item in west.list("PersistentVolumeClaim", NAMESPACE)
        if item["status"]["phase"] == "Bound"
    }
    assert {RUNNING, DATA, OFF, *cloned.clones()} <= bound
    assert not_ready(west, [RUNNING]) == []
