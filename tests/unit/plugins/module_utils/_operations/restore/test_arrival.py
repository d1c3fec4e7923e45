# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product restores while we wait: VMs are off before their volumes are verified, and no volume points home."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    DATA_VOLUME,
    NAMESPACE,
    PV,
    PVC,
    SECRET,
    VM,
    VMI,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.vendor import VendorSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY, RECORDED
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore import arrival
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.arrival import (
    await_arrival,
    foresee_volumes,
    latch_target,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.memory import ready_before
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import LABEL, Site
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemorySession,
    SimulatedTime,
    plan_of,
)

PLAN_LABEL = "dr.ocpvirt.io/plan"
SERVERS = {"east": "192.0.2.10", "west": "198.51.100.10"}
PLAN = plan_of(
    metadata={"source": "vendor"},
    volumes={
        "rules": [
            {
                "match": {"nfs": {"path": "/x/(?P<volume>.+)"}},
                "set": {site: {"nfs.server": server} for site, server in SERVERS.items()},
            }
        ]
    },
)


class Groups:
    """What belongs to the plan's groups: every volume that was not taken out."""

    def __init__(self) -> None:
        self.uncovered: set[str] = set()

    def check_covered(self, site: str, pvc: Mapping[str, Any], pv: Mapping[str, Any]) -> None:
        if pv["metadata"]["name"] in self.uncovered:
            raise Refused("match the volume with its group", site=site, seen="group payroll does not replicate it here")


class World:
    """West, to which a product brings what east had: one VM that runs, one disk, one Secret."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = SimulatedTime()
        self.west, self.east = Site("west"), Site("east")
        self.west.clock = self.east.clock = self.time.clock()
        self.session = MemorySession(self.west, PLAN)
        self.groups = Groups()
        self.session.groups = self.groups  # type: ignore[attr-defined]
        monkeypatch.setattr(arrival, "Session", self.session)
        monkeypatch.setattr(
            arrival, "close_latch_at_target", lambda _session: self.latched.append(list(self.west.writes))
        )
        self.latched: list[list[str]] = []
        self.fill(self.east, "east", runStrategy="Always")
        source = VendorSource(PLAN)
        name = source.capture(self.east, 60)  # type: ignore[arg-type]
        assert source.announce(self.east, self.west, name) == ""  # type: ignore[arg-type]
        self.session.put("capture", {"name": name})
        self.west.writes.clear()

    def fill(self, site: Site, name: str, server: str | None = None, **power: Any) -> None:
        site.add(NAMESPACE, "payroll", labelled=False)
        site.add(SECRET, "cloud-init", data={"userdata": "czNjcjN0"})
        self.fill_volume(site, server or SERVERS[name])
        template = {"spec": {"volumes": [{"name": "db", "persistentVolumeClaim": {"claimName": "db"}}]}}
        labels = {PLAN_LABEL: "payroll", LABEL: "true"}
        site.add(VM, "db", metadata={"labels": labels}, spec={**power, "template": template}, status={"ready": True})

    def fill_volume(self, site: Site, server: str) -> None:
        nfs = {"server": server, "path": "/x/db"}
        claim = {"namespace": "payroll", "name": "db"}
        site.add(PV, "pv-db", spec={"nfs": nfs, "claimRef": claim, "persistentVolumeReclaimPolicy": "Delete"})
        site.add(PVC, "db", spec={"volumeName": "pv-db"}, status={"phase": "Bound"})

    def bring(self, after: float = 7, server: str | None = None, **power: Any) -> None:
        """The product restores so many seconds from now."""
        power = power or {"runStrategy": "Always"}
        self.time.at(self.time.seconds + after, lambda: self.fill(self.west, "west", server, **power))

    def wait(self, check_mode: bool = False) -> dict[str, Any]:
        return await_arrival(PLAN, "r-1", 60, check_mode)

    def vm(self) -> dict[str, Any]:
        return self.west.get(VM, "db", "payroll")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_p7_a_vm_that_the_product_brings_running_is_halted_and_keeps_what_it_was(world: World) -> None:
    world.bring(runStrategy="Always")
    result = world.wait()
    assert (result["changed"], result["vms"], result["vms_created"], result["vms_updated"]) == (True, 1, 0, 1)
    vm = world.vm()
    assert vm["spec"]["runStrategy"] == "Halted"
    annotations = vm["metadata"]["annotations"]
    assert json.loads(annotations[RECORDED]) == {"run_strategy": "Always", "running": True, "running_field": False}
    assert annotations[CREATED_BY] == "r-1"
    assert annotations["kubevirt.io/immediate-data-volume-creation"] == "false"


def test_p7_one_that_comes_halted_gets_the_power_that_it_had_at_the_source(world: World) -> None:
    world.bring(runStrategy="Halted")
    world.wait()
    assert json.loads(world.vm()["metadata"]["annotations"][RECORDED])["run_strategy"] == "Always"


def test_a_product_that_switches_it_on_again_is_answered(world: World) -> None:
    world.bring(runStrategy="Halted")
    on = {"spec": {"runStrategy": "Always"}}
    world.time.at(10, lambda: world.west.patch(VM, "db", "payroll", on))
    world.west.add(VMI, "db")
    world.time.at(22, lambda: world.west.delete(VMI, "db", "payroll"))
    world.wait()
    assert world.vm()["spec"]["runStrategy"] == "Halted"


def test_a_vmi_that_was_there_before_the_latch_has_to_end(world: World) -> None:
    world.bring()
    world.west.add(VMI, "db")
    with pytest.raises(Timeout, match="VirtualMachineInstance/payroll/db, which has to end"):
        world.wait()


def test_p5_a_rerun_after_the_start_stops_nothing(world: World) -> None:
    world.bring()
    world.wait()
    world.session.run = world.session.run.with_step("start", StepRecord("done", 1, "", ""))
    world.west.patch(VM, "db", "payroll", {"spec": {"runStrategy": "Always"}})
    world.west.add(VMI, "db")
    result = world.wait()
    assert result["changed"] is False
    assert world.vm()["spec"]["runStrategy"] == "Always"


def test_p5_a_rerun_does_not_stop_a_vm_whose_start_is_over_and_whose_record_was_taken_off(world: World) -> None:
    world.bring()
    world.wait()
    world.session.run = world.session.run.with_step("start", StepRecord("running", 1, "", ""))
    started = {"metadata": {"annotations": {RECORDED: None}}, "spec": {"runStrategy": "Always"}}
    world.west.patch(VM, "db", "payroll", started)
    result = world.wait()
    assert (result["changed"], world.vm()["spec"]["runStrategy"]) == (False, "Always")


def test_p5_what_was_ready_and_is_brought_once_more_is_halted_and_started_again(world: World) -> None:
    world.bring()
    world.wait()
    world.session.run = world.session.run.with_step("start", StepRecord("running", 1, "", ""))
    world.session.put("startup", {"attempt": 1, "recorded": ["payroll/db"]})
    as_at_its_source = {
        "metadata": {"annotations": {CREATED_BY: None, RECORDED: None}},
        "spec": {"runStrategy": "Always"},
    }
    world.west.patch(VM, "db", "payroll", as_at_its_source)
    world.wait()
    assert world.vm()["spec"]["runStrategy"] == "Halted"
    assert ready_before(world.session, "west").recorded == frozenset()  # type: ignore[arg-type]


def test_volumes_are_kept_for_the_start_and_set_to_retain(world: World) -> None:
    world.bring()
    decisions = world.wait()["decisions"]
    assert "PersistentVolume/pv-db: reclaim policy becomes Retain" in decisions
    (kept,) = world.session.load("volumes")
    assert kept["pv"]["spec"]["nfs"]["server"] == SERVERS["west"]
    assert kept["pv"]["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert kept["rule"] == 0


def test_p2_a_volume_that_points_home_is_refused_with_the_vm_off(world: World) -> None:
    world.bring(server=SERVERS["east"])
    with pytest.raises(Conflict) as raised:
        world.wait()
    assert raised.value.on == "PersistentVolumeClaim/payroll/db"
    assert "nfs.server is '192.0.2.10', wanted '198.51.100.10'" in str(raised.value.seen)
    assert world.vm()["spec"]["runStrategy"] == "Halted"
    assert world.session.load("volumes") is None


def test_p1_a_volume_that_no_group_replicates_is_refused(world: World) -> None:
    world.groups.uncovered.add("pv-db")
    world.bring()
    with pytest.raises(Refused, match="does not replicate it here"):
        world.wait()


def test_p2_an_import_into_a_replica_is_refused_at_once(world: World) -> None:
    world.west.add(DATA_VOLUME, "db", status={"phase": "ImportInProgress"})
    with pytest.raises(Refused, match="DataVolume/payroll/db is ImportInProgress"):
        world.wait()
    assert world.time.seconds == 0


def test_p10_what_does_not_come_is_named(world: World) -> None:
    with pytest.raises(Timeout) as raised:
        world.wait()
    assert raised.value.waited == 60
    for name in ("VirtualMachine/payroll/db", "PersistentVolumeClaim/payroll/db", "Secret/payroll/cloud-init"):
        assert name in str(raised.value.seen)
    assert world.west.writes == []


def test_what_came_without_the_plan_s_label_gets_it_so_that_the_way_back_finds_it(world: World) -> None:
    world.bring()
    bare = {"metadata": {"labels": {LABEL: None}}}
    for moment, (kind, name) in enumerate([(SECRET, "cloud-init"), (VM, "db"), (PVC, "db")]):
        world.time.at(8 + moment / 10, lambda kind=kind, name=name: world.west.patch(kind, name, "payroll", bare))
    world.west.add(SECRET, "of-somebody-else", labelled=False)
    decisions = world.wait()["decisions"]
    for kind, name in ((SECRET, "cloud-init"), (VM, "db"), (PVC, "db")):
        assert world.west.get(kind, name, "payroll")["metadata"]["labels"][LABEL] == "true"
        assert f"{kind.kind}/payroll/{name}: label {LABEL}" in decisions
    assert "labels" not in world.west.get(SECRET, "of-somebody-else", "payroll")["metadata"]
    back = VendorSource(PLAN).capture(world.west, 60)  # type: ignore[arg-type]
    record = VendorSource(PLAN).manifests(world.west, back)  # type: ignore[arg-type]
    assert [*record.index(VM.resource), *record.index(PVC.resource)] == ["payroll/db", "payroll/db"]


def test_a_vm_that_nobody_expects_is_halted_and_stays_so(world: World) -> None:
    world.bring()
    labels = {PLAN_LABEL: "payroll"}
    world.west.add(VM, "old", metadata={"labels": labels}, spec={"running": True, "template": {"spec": {}}})
    decisions = world.wait()["decisions"]
    assert "VirtualMachine/payroll/old stays halted: it is not recorded" in decisions
    old = world.west.get(VM, "old", "payroll")
    assert old["spec"]["running"] is False
    assert json.loads(old["metadata"]["annotations"][RECORDED])["running"] is True


def test_p8_a_vm_that_the_plan_does_not_select_is_not_touched(world: World) -> None:
    world.bring()
    world.west.add(VM, "stranger", spec={"runStrategy": "Always", "template": {"spec": {}}})
    before = world.west.get(VM, "stranger", "payroll")
    world.wait()
    assert world.west.get(VM, "stranger", "payroll") == before


def test_p6_without_the_lock_nothing_is_halted(world: World) -> None:
    world.bring(after=0)
    world.time.sleep(1)
    world.west.writes.clear()
    world.session.lock_holds = 0
    with pytest.raises(Refused, match="another attempt holds the lock"):
        world.wait()
    assert world.west.writes == []


def test_p9_check_mode_waits_for_nothing_and_writes_nothing(world: World) -> None:
    result = world.wait(check_mode=True)
    assert "VirtualMachine/payroll/db is awaited" in result["decisions"]
    assert (world.time.seconds, world.west.writes) == (0, [])


def test_before_the_promotion_namespaces_are_made_and_the_latch_is_closed(world: World) -> None:
    result = foresee_volumes(PLAN, "r-1", 60, False)
    assert world.west.writes == ["create Namespace/payroll"]
    assert world.latched == [world.west.writes]
    reasons = ["the product brings it after the promotion"]
    assert result["decisions"] == [{"claim": "payroll/db", "reasons": reasons}]
    assert (result["volumes"], result["created"]) == (1, 0)


def test_p1_before_a_switch_that_brings_all_namespaces_are_made_and_the_latch_is_closed(world: World) -> None:
    latch_target(world.session)  # type: ignore[arg-type]
    assert world.west.writes == ["create Namespace/payroll"]
    assert world.latched == [world.west.writes]


def test_p2_a_volume_that_points_home_is_refused_before_the_promotion(world: World) -> None:
    world.west.add(NAMESPACE, "payroll", labelled=False)
    world.fill_volume(world.west, SERVERS["west"])
    assert foresee_volumes(PLAN, "r-1", 60, False)["decisions"][0]["reasons"] == ["it is there, as the plan says"]
    home = {"spec": {"nfs": {"server": SERVERS["east"]}}}
    world.west.patch(PV, "pv-db", None, home)
    with pytest.raises(Conflict, match=r"nfs\.server is '192\.0\.2\.10'"):
        foresee_volumes(PLAN, "r-1", 60, False)


def test_p9_check_mode_makes_no_namespace(world: World) -> None:
    foresee_volumes(PLAN, "r-1", 60, True)
    assert world.west.writes == []


def test_of_what_git_brings_the_volumes_that_we_made_are_read_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(metadata={"source": "gitops"}, volumes=PLAN.document["volumes"])
    world.bring()
    world.time.at(8, lambda: world.west.patch(PV, "pv-db", None, {"spec": {"nfs": {"server": SERVERS["east"]}}}))
    made = {"metadata": {"name": "pv-db"}, "spec": {"nfs": {"server": SERVERS["west"], "path": "/x/db"}}}
    pvc = {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv-db"}}
    world.session.put("volumes", [{"pv": made, "pvc": pvc, "rule": 0}])
    with pytest.raises(Conflict, match=r"PersistentVolume/pv-db.*nfs\.server"):
        await_arrival(plan, "r-1", 60, False)


def test_p10_who_has_to_bring_it_is_told_what_to_do(world: World) -> None:
    with pytest.raises(Timeout, match=r"for what Git brings.*sync it there by hand, as the automated sync is paused"):
        await_arrival(plan_of(metadata={"source": "gitops"}), "r-1", 60, False)
