# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.failure import (
    failure_facts,
    failure_text,
)

VM = {
    "status": {
        "printableStatus": "ErrorUnschedulable",
        "conditions": [
            {"type": "Ready", "status": "False", "message": "Guest VM is not reported as running"},
            {"type": "Failure", "status": "True", "message": "quota exceeded"},
            {"type": "Initialized", "status": "True", "message": "all is well"},
        ],
    },
    "spec": {"template": {"spec": {"volumes": [{"dataVolume": {"name": "disk-0"}}]}}},
}
VMI = {"status": {"phase": "Scheduling", "conditions": []}}


def event(kind: str, name: str, reason: str = "FailedScheduling", at: str = "2026-03-01T12:00:00Z") -> dict[str, Any]:
    about = {"kind": kind, "name": name}
    return {"type": "Warning", "reason": reason, "message": "0/3 nodes", "involvedObject": about, "lastTimestamp": at}


def test_a_failure_shows_its_status_and_the_conditions_that_say_why() -> None:
    facts = failure_facts("db-0", VM, VMI, [])
    assert (facts["printable_status"], facts["phase"]) == ("ErrorUnschedulable", "Scheduling")
    assert facts["conditions"] == [
        "Ready is False: Guest VM is not reported as running",
        "Failure is True: quota exceeded",
    ]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("VirtualMachine", "db-0"),
        ("VirtualMachineInstance", "db-0"),
        ("Pod", "virt-launcher-db-0-x7x2p"),
        ("DataVolume", "disk-0"),
        ("PersistentVolumeClaim", "disk-0"),
    ],
)
def test_warnings_about_all_that_a_vm_starts_with_are_shown(kind: str, name: str) -> None:
    events = failure_facts("db-0", VM, VMI, [event(kind, name)])["events"]
    assert events == [f"FailedScheduling on {kind}/{name}: 0/3 nodes"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("VirtualMachine", "db-00"), ("Pod", "virt-launcher-db-0-b-x7x2p"), ("Pod", "db-0"), ("Service", "db-0")],
)
def test_warnings_about_others_are_not(kind: str, name: str) -> None:
    assert failure_facts("db-0", VM, VMI, [event(kind, name)])["events"] == []


def test_the_launcher_of_a_long_name_is_found_though_its_name_is_cut() -> None:
    name = "d" * 63
    launcher = f"virt-launcher-{name}-"[:58] + "x7x2p"
    assert len(failure_facts(name, VM, VMI, [event("Pod", launcher)])["events"]) == 1


def test_the_newest_warning_comes_first_and_a_repeated_one_once() -> None:
    events = [
        event("VirtualMachine", "db-0", "Old", "2026-03-01T11:00:00Z"),
        event("VirtualMachine", "db-0", "New", "2026-03-01T12:00:00Z"),
        event("VirtualMachine", "db-0", "New", "2026-03-01T11:30:00Z"),
    ]
    shown = failure_facts("db-0", VM, VMI, events)["events"]
    assert [text.split()[0] for text in shown] == ["New", "Old"]


def test_p10_events_that_could_not_be_read_are_said_to_be() -> None:
    assert failure_facts("db-0", VM, VMI, "could not be read: forbidden")["events"] == ["could not be read: forbidden"]


def test_a_vm_that_is_gone_is_told_too() -> None:
    assert failure_text(failure_facts("db-0", {}, {}, [])) == "VM unknown, VMI absent"
