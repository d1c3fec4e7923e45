# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protection taken back at two sites in memory: in the safe order, once, and again after a kill anywhere."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CRON_JOB,
    DEPLOYMENT,
    PV,
    PVC,
    SCHEDULE,
    SECRET,
    SERVICE_ACCOUNT,
    VM,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.protect.unprotection_world import (
    LABEL,
    OWN,
    WORKLOAD,
    Killed,
    World,
    put_workload,
    vm_body,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import cron_job, deployment


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_everything_that_protect_made_is_taken_back(world: World) -> None:
    result = world.unprotect()
    assert (result["changed"], result["vms"], result["volumes"]) == (True, 1, 1)
    east = world.sites["east"]
    pv = east.get(PV, "pv-db")
    assert (pv["spec"]["persistentVolumeReclaimPolicy"], pv["metadata"]["annotations"]) == ("Delete", {})
    assert world.labels(VM, "db") == {**OWN, "dr.ocpvirt.io/plan": "payroll"}
    assert [world.labels(kind, name) for kind, name in ((PV, "pv-db"), (PVC, "db"), (SECRET, "login"))] == [OWN] * 3
    assert east.find(SCHEDULE, "payroll-east", "openshift-adp") is None
    assert world.replicated == set()


def test_p8_the_label_that_a_person_wrote_stays_and_is_said(world: World) -> None:
    result = world.unprotect()
    assert world.labels(SECRET, "of-a-person") == {LABEL: "true", **OWN}
    assert any("Secret/payroll/of-a-person at east" in line for line in result["stays"])


def test_p8_nothing_but_what_protect_wrote_is_written(world: World) -> None:
    world.unprotect()
    written = {line.split()[1] for line in world.log}
    assert written == {
        "Schedule",
        "replication",
        "Secret",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "VirtualMachine",
    }
    assert not [line for line in world.log if "of-" in line]


def test_replication_ends_at_the_copy_first_and_before_the_labels_that_tell_what_replicates(world: World) -> None:
    world.unprotect()
    assert world.log.index("west replication") < world.log.index("east replication")
    assert world.log.index("east replication") < min(
        number for number, line in enumerate(world.log) if line.startswith("east Persistent")
    )


def test_p5_twice_changes_nothing(world: World) -> None:
    world.unprotect()
    before, written = world.content(), len(world.log)
    again = world.unprotect()
    assert (again["changed"], again["decisions"], len(world.log)) == (False, [], written)
    assert world.content() == before


def test_p5_killed_before_any_write_the_same_command_ends_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def protected() -> World:
        world = World(monkeypatch)
        put_workload(world, deployment("front"))
        return world

    undisturbed = protected()
    undisturbed.unprotect()
    assert len(undisturbed.log) > 5
    for writes in range(len(undisturbed.log)):
        world = protected()
        world.writes_left = writes
        with pytest.raises(Killed):
            world.unprotect()
        world.writes_left = None
        world.unprotect()
        assert world.content() == undisturbed.content(), f"killed before write {writes}"


def test_p9_check_mode_decides_the_same_and_writes_nothing(world: World) -> None:
    before = world.content()
    checked = world.unprotect(check_mode=True)
    assert (world.log, world.content()) == ([], before)
    played = world.unprotect()
    assert (checked["decisions"], checked["stays"]) == (played["decisions"], played["stays"])


def test_a_vm_that_the_plan_does_not_select_any_more_is_given_back_too(world: World) -> None:
    world.sites["east"].put(VM, "former", vm_body(), labels={LABEL: "true"})
    world.put_volume("former")
    world.unprotect()
    assert [world.labels(kind, "former") for kind in (VM, PVC)] == [{}, OWN]
    assert world.sites["east"].get(PV, "pv-former")["spec"]["persistentVolumeReclaimPolicy"] == "Delete"


def test_workloads_and_what_they_need_are_given_back_too(world: World) -> None:
    front = deployment("front", replicas=3)
    front["spec"]["template"]["spec"]["serviceAccountName"] = "front"
    put_workload(world, front)
    put_workload(world, cron_job("nightly"))
    world.sites["east"].put(SERVICE_ACCOUNT, "front", {}, labels={LABEL: "true", **OWN})
    result = world.unprotect()
    assert [world.labels(kind, name) for kind, name in ((DEPLOYMENT, "front"), (CRON_JOB, "nightly"))] == [WORKLOAD] * 2
    assert world.labels(SERVICE_ACCOUNT, "front") == OWN
    assert (result["workloads"], world.sites["east"].get(DEPLOYMENT, "front", "payroll")["spec"]["replicas"]) == (2, 3)


@pytest.mark.parametrize(("by", "stays"), [("ocpvirt-dr", False), ("kubectl-label", True)])
def test_p8_a_workload_that_is_not_selected_any_more_is_given_back_when_protect_labelled_it(
    world: World, by: str, stays: bool
) -> None:
    put_workload(world, deployment("former", labels={}), by)
    result = world.unprotect()
    assert world.labels(DEPLOYMENT, "former") == ({LABEL: "true"} if stays else {})
    assert any("Deployment/payroll/former at east: label" in line for line in result["stays"]) is stays


def test_a_site_for_copies_needs_no_kubevirt(world: World) -> None:
    world.sites["west"].unserved = {"VirtualMachine", "VirtualMachineInstance", "VirtualMachineInstancetype"}
    assert world.unprotect()["changed"] is True
    assert world.replicated == set()
