# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that were being filled, state that no manifest names, and namespaces, in captures."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.check import check_capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.state import uncaptured_namespaces

PHASE = "cdi.kubevirt.io/storage.pod.phase"
RUNNING = "cdi.kubevirt.io/storage.condition.running"
STATE_OF = "persistent-state-for"


def named(name: str, meta: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "payroll", **(meta or {})}, **more}


def complete(**devices: Any) -> dict[str, list[dict[str, Any]]]:
    template = {"domain": {"devices": devices}, "volumes": [{"name": "root", "dataVolume": {"name": "db"}}]}
    return {
        "namespaces": [{"metadata": {"name": "payroll"}}],
        "virtualmachines.kubevirt.io": [named("db", spec={"runStrategy": "Always", "template": {"spec": template}})],
        "persistentvolumeclaims": [named("db", spec={"volumeName": "pv"}, status={"phase": "Bound"})],
        "persistentvolumes": [{"metadata": {"name": "pv"}}],
    }


def found(objects: dict[str, list[dict[str, Any]]]) -> list[str]:
    findings = check_capture(Capture("c", objects), LabelSelector())
    return [f"{finding.severity} {finding.code} {finding.on}" for finding in findings]


@pytest.mark.parametrize("phase", ["ImportInProgress", "Paused", "Failed", ""])
def test_a_capture_taken_while_a_disk_is_imported_is_incomplete(phase: str) -> None:
    objects = complete()
    objects["datavolumes.cdi.kubevirt.io"] = [named("db", status={"phase": phase})]
    assert found(objects) == ["blocker DiskBeingFilled DataVolume/payroll/db"]


def test_an_import_that_has_ended_or_that_nobody_knows_any_more_is_no_finding() -> None:
    objects = complete()
    assert found(objects) == []
    objects["datavolumes.cdi.kubevirt.io"] = [named("db", status={"phase": "Succeeded"}), named("other", status={})]
    assert found(objects) == []


@pytest.mark.parametrize("annotations", [{PHASE: "Running"}, {PHASE: "Pending"}, {RUNNING: "true"}])
def test_a_claim_that_an_importer_works_on_is_found(annotations: dict[str, str]) -> None:
    objects = complete()
    objects["persistentvolumeclaims"][0]["metadata"]["annotations"] = annotations
    assert found(objects) == ["blocker DiskBeingFilled PersistentVolumeClaim/payroll/db"]


def test_a_claim_that_was_filled_is_none() -> None:
    objects = complete()
    objects["persistentvolumeclaims"][0]["metadata"]["annotations"] = {PHASE: "Succeeded", RUNNING: "false"}
    assert found(objects) == []


@pytest.mark.parametrize(
    "meta", [{"name": "persistent-state-for-db-x7f2q", "labels": {STATE_OF: "db"}}, {"name": "persistent-state-for-db"}]
)
def test_a_persistent_tpm_needs_its_claim_and_the_claim_its_volume(meta: dict[str, Any]) -> None:
    objects = complete(tpm={"persistent": True})
    assert found(objects) == ["blocker StateNotCaptured VirtualMachine/payroll/db"]
    objects["persistentvolumeclaims"].append(named("", meta, spec={"volumeName": "pv-state"}))
    assert found(objects) == [f"blocker VolumeNotCaptured PersistentVolumeClaim/payroll/{meta['name']}"]
    objects["persistentvolumes"].append({"metadata": {"name": "pv-state"}})
    assert found(objects) == []


def test_a_vm_that_was_never_started_has_no_state_yet() -> None:
    objects = complete(tpm={"persistent": True})
    objects["virtualmachines.kubevirt.io"][0]["spec"]["runStrategy"] = "Halted"
    assert found(objects) == []


def test_a_namespace_that_is_not_captured_would_lose_its_labels() -> None:
    objects = complete()
    assert list(uncaptured_namespaces(Capture("c", objects))) == []
    del objects["namespaces"]
    (finding,) = uncaptured_namespaces(Capture("c", objects))
    assert (finding.code, finding.on) == ("NamespaceNotCaptured", "Namespace/payroll")
