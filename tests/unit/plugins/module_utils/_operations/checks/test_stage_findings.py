# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check says of a stage."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC, SECRET, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks import stage_findings as module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.stage_findings import stage_findings
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.restore import halted_copies
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.volumes import decide
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

RULE = {
    "match": {"nfs": {"server": ["192.0.2.10", "198.51.100.10"]}},
    "set": {"east": {"nfs.server": "192.0.2.10"}, "west": {"nfs.server": "198.51.100.10"}},
}
PLAN = plan_of(volumes={"rules": [RULE]}, metadata={"source": "oadp", "prestage": True})
PROTECTED = "protected.dr.ocpvirt.io/payroll"
LABELS = {PROTECTED: "true", "dr.ocpvirt.io/plan": "payroll"}
RUN = "payroll-prestage-west-20260301120000-ab12"
CREATED = "dr.ocpvirt.io/created-by-run"


def meta(name: str, namespaced: bool = True) -> dict[str, Any]:
    return {"name": name, "labels": LABELS, **({"namespace": "payroll"} if namespaced else {})}


DISK = [{"name": "disk", "persistentVolumeClaim": {"claimName": "db"}}]
VM_AT_EAST = {
    "apiVersion": "kubevirt.io/v1",
    "kind": "VirtualMachine",
    "metadata": meta("db"),
    "spec": {"runStrategy": "Always", "template": {"spec": {"volumes": DISK}}},
}
PV_AT_EAST = {
    "metadata": meta("pv-db", namespaced=False),
    "spec": {
        "capacity": {"storage": "1Gi"},
        "claimRef": {"namespace": "payroll", "name": "db"},
        "nfs": {"server": "192.0.2.10", "path": "/x/db"},
    },
}
PVC_AT_EAST = {"metadata": meta("db"), "spec": {"volumeName": "pv-db", "resources": {"requests": {"storage": "1Gi"}}}}
SECRET_AT_EAST = {"apiVersion": "v1", "kind": "Secret", "metadata": meta("cloud-init"), "data": {"userdata": "eA=="}}
CONTENT = Capture(
    "c-2",
    {
        VM.resource: [VM_AT_EAST],
        PV.resource: [PV_AT_EAST],
        PVC.resource: [PVC_AT_EAST],
        SECRET.resource: [SECRET_AT_EAST],
    },
)


class Stage:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.west = MemoryApi()
        self.closed = True
        monkeypatch.setattr(module, "latch_is_closed", lambda _plan, _api: self.closed)
        self.west.create(NAMESPACE, {"metadata": {"name": "payroll"}})
        self.west.create(VM, halted_copies(PLAN, CONTENT, "east", "west", RUN)[0])
        (decision,) = decide(PLAN, CONTENT, "west")
        for kind, body in ((PV, decision.pv), (PVC, decision.pvc)):
            annotations = {**body["metadata"].get("annotations", {}), CREATED: RUN}
            metadata = {**body["metadata"], "annotations": annotations, "uid": f"uid-{kind.kind}"}
            self.west.create(kind, {**body, "metadata": metadata})
        self.west.create(SECRET, SECRET_AT_EAST)

    def refreshed(self, capture: str) -> None:
        run = Run(RUN, "payroll", "prestage", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")
        chosen = {"name": capture, "created": "2026-03-01T11:00:00+00:00"}
        run = run.with_step("capture", StepRecord("done", 1, run.started, run.started, chosen))
        RunStore(self.west, PLAN.store_namespace).put_head(run.id, "payroll", run.as_dict())  # type: ignore[arg-type]

    def found(self) -> list[str]:
        newest = CaptureInfo("c-2", "east", "2026-03-01T12:00:00+00:00", "Completed", True)
        return [f"{item.severity} {item.code} {item.on}" for item in stage_findings(PLAN, self.west, newest, CONTENT)]  # type: ignore[arg-type]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    found = Stage(monkeypatch)
    found.refreshed("c-2")
    return found


def test_a_stage_that_holds_the_newest_capture_and_is_quiet_is_no_finding(stage: Stage) -> None:
    assert stage.found() == []


def test_a_stage_of_an_older_capture_is_stale(stage: Stage) -> None:
    stage.refreshed("c-1")
    assert stage.found() == ["warning StageStale Site/west"]


def test_where_no_refresh_has_ended_there_is_no_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Stage(monkeypatch).found() == ["warning StageAbsent Site/west"]


def test_what_is_absent_makes_a_stage_incomplete(stage: Stage) -> None:
    stage.west.delete(VM, "db", "payroll")
    stage.west.delete(PVC, "db", "payroll")
    stage.west.delete(SECRET, "cloud-init", "payroll")
    assert stage.found() == [
        "warning StageIncomplete PersistentVolumeClaim/payroll/db",
        "warning StageIncomplete VirtualMachine/payroll/db",
        "warning StageIncomplete Secret/payroll/cloud-init",
    ]


def test_what_differs_has_drifted(stage: Stage) -> None:
    stage.west.patch(VM, "db", "payroll", {"spec": {"runStrategy": "Always"}})
    stage.west.patch(PV, "pv-db", None, {"spec": {"nfs": {"path": "/y/db"}}})
    stage.west.patch(SECRET, "cloud-init", "payroll", {"data": {"userdata": "eQ=="}})
    assert stage.found() == [
        "warning StageDrifted PersistentVolume/pv-db",
        "warning StageDrifted VirtualMachine/payroll/db",
        "warning StageDrifted Secret/payroll/cloud-init",
    ]


def test_p1_an_open_latch_and_what_runs_there_are_blockers(stage: Stage) -> None:
    stage.closed = False
    stage.west.create(VMI, {"metadata": meta("db")})
    assert stage.found() == [
        "blocker StageUnlatched Site/west",
        "blocker StageRunning VirtualMachineInstance/payroll/db",
    ]
