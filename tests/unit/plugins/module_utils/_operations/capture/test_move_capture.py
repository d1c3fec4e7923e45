# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture import move_capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import Protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

PLAN = plan_of()


def vm(disk: str = "a") -> dict[str, Any]:
    return {
        "metadata": {"name": "db", "namespace": "payroll"},
        "spec": {"runStrategy": "Always", "template": {"spec": {"disk": disk}}},
    }


class Velero:
    """Both sites' Velero: what is taken is known at the target unless the object store is down."""

    title = "Velero"
    holds_content = True

    def __init__(self, session: MemorySession, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = session
        self.live = vm()
        self.known: dict[str, Capture] = {}
        self.reaches_target = True
        self.taken = 0
        self.findings: list[dict[str, str]] = []
        monkeypatch.setattr(move_capture, "Session", session)
        monkeypatch.setattr(move_capture, "source_of", lambda _plan: self)
        monkeypatch.setattr(move_capture, "take_capture", self.take)
        monkeypatch.setattr(move_capture, "keep_capture", self.keep)
        monkeypatch.setattr(
            move_capture, "list_protected", lambda _plan, api: Protected({"payroll/db": self.live}) if api else None
        )

    def take(self, _plan: object, site: str, _timeout: float, check_mode: bool) -> dict[str, Any]:
        assert (site, check_mode) == ("east", False)
        self.taken += 1
        name = f"payroll-east-{self.taken}"
        if self.reaches_target:
            self.known[name] = Capture(name, {"virtualmachines.kubevirt.io": [self.live]})
            return {"name": name, "findings": self.findings}
        return {"name": name, "findings": [{"message": "the object store is down"}]}

    def keep(self, session: MemorySession, chosen: CaptureInfo, _capture: Capture) -> tuple[int, list[Finding]]:
        session.put("capture", {"name": chosen.name, "created": chosen.created, "vms": ["payroll/db"]})
        return 1, []

    def label(self, name: str) -> str:
        return f"Backup/openshift-adp/{name}"

    def catalog(self, _api: object) -> list[CaptureInfo]:
        return [CaptureInfo(name, "east", "2026-03-01T12:00:00Z", "Completed", True) for name in self.known]

    def manifests(self, _api: object, name: str) -> Capture:
        return self.known[name]


@pytest.fixture
def velero(monkeypatch: pytest.MonkeyPatch) -> Velero:
    return Velero(MemorySession(MemoryApi()), monkeypatch)


def capture() -> dict[str, Any]:
    return move_capture.capture_for_move(PLAN, "r-1", 60, False)


def recheck(check_mode: bool = False) -> dict[str, Any]:
    return move_capture.recheck_capture(PLAN, "r-1", 60, check_mode)


def test_a_move_takes_its_own_capture_and_p5_a_resumed_one_keeps_it(velero: Velero) -> None:
    assert [capture()["name"], capture()["name"]] == ["payroll-east-1", "payroll-east-1"]
    assert velero.taken == 1


def test_a_capture_that_is_gone_is_taken_anew(velero: Velero) -> None:
    capture()
    velero.known.clear()
    assert capture()["name"] == "payroll-east-2"


def test_a_capture_that_the_target_cannot_read_stops_the_move_before_anything_is_stopped(velero: Velero) -> None:
    velero.reaches_target = False
    with pytest.raises(Refused, match="the object store is down"):
        capture()


def test_a_source_that_is_as_captured_keeps_the_capture(velero: Velero) -> None:
    capture()
    result = recheck()
    assert (result["changed"], result["name"], result["drift"]) == (False, "payroll-east-1", [])


def test_a_source_that_changed_before_it_stopped_is_captured_again(velero: Velero) -> None:
    capture()
    velero.live = vm("b")
    result = recheck()
    assert (result["name"], result["drift"]) == ("payroll-east-2", ["VirtualMachine/payroll/db was changed: spec"])
    assert velero.session.load("capture")["name"] == "payroll-east-2"
    assert recheck()["changed"] is False


def test_p9_check_mode_takes_nothing(velero: Velero) -> None:
    capture()
    velero.live = vm("b")
    checked = recheck(check_mode=True)
    assert (checked["changed"], checked["findings"], velero.taken) == (False, [], 1)


def test_a_record_of_names_is_not_compared_with_what_they_name(velero: Velero, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"metadata": {"name": "cloud-init", "namespace": "payroll"}, "data": {"userdata": "czNjcjN0"}}
    protected = Protected({"payroll/db": velero.live}, others={(SECRET, "payroll/cloud-init"): secret})
    monkeypatch.setattr(move_capture, "list_protected", lambda _plan, _api: protected)
    capture()
    assert recheck()["drift"] == ["Secret/payroll/cloud-init is new"]
    velero.holds_content = False
    assert recheck()["drift"] == []


@pytest.mark.parametrize(
    ("metadata", "attempt", "role", "name"),
    [
        ("vendor", 2, "secondary", "payroll-east-1"),
        # asked to give up, and waiting for its claims to go
        ("vendor", 2, "unknown", "payroll-east-1"),
        # somebody removed it from a plan that has not moved
        ("vendor", 2, "primary", "payroll-east-2"),
        ("vendor", 1, "unknown", "payroll-east-2"),
        # nobody takes manifests away where volumes leave
        ("oadp", 2, "secondary", "payroll-east-2"),
    ],
)
def test_p5_what_a_product_has_taken_away_with_the_volumes_is_not_captured_again(
    velero: Velero, monkeypatch: pytest.MonkeyPatch, metadata: str, attempt: int, role: Any, name: str
) -> None:
    plan = plan_of(metadata={"source": metadata})
    capture()
    monkeypatch.setattr(move_capture, "list_protected", lambda _plan, _api: Protected({}))
    velero.session.update(attempt=attempt)
    velero.session.there = [GroupStatus("payroll", "east", role, "healthy", "none")]
    result = move_capture.recheck_capture(plan, "r-1", 60, False)
    assert (result["name"], velero.session.load("capture")["name"]) == (name, name)


def test_what_the_captures_of_a_move_lack_is_told(velero: Velero) -> None:
    velero.findings = [{"code": "ObjectNotCaptured", "on": "Route"}]
    assert capture()["findings"] == velero.findings
    assert recheck()["findings"] == []
    velero.live = vm("b")
    assert recheck()["findings"] == velero.findings
