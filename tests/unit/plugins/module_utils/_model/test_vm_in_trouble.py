# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a VM that something keeps from running is on."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_form import cleaned
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import own_power
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.scope import of_start

STARTED = ["CrashLoopBackOff", "ErrorUnschedulable", "ErrImagePull", "ImagePullBackOff"]
WAITS = ["Provisioning", "WaitingForVolumeBinding", "DataVolumeError", "ErrorPvcNotFound", "Unknown"]
OFF = ["Stopped", "Stopping", "Terminating"]
RESTARTS = [{"action": "Stop", "uid": "1"}, {"action": "Start"}]


def vm(strategy: str, **status: Any) -> dict[str, Any]:
    spec = {"runStrategy": strategy, "template": {"spec": {}}}
    meta = {"namespace": "payroll", "name": "db"}
    return {"kind": "VirtualMachine", "metadata": meta, "spec": spec, "status": status}


@pytest.mark.parametrize("strategy", ["RerunOnFailure", "Manual", "Once"])
@pytest.mark.parametrize("seen", [*STARTED, *WAITS])
def test_p7_a_vm_that_was_started_and_is_in_trouble_is_on(strategy: str, seen: str) -> None:
    assert own_power(vm(strategy, printableStatus=seen, created=True, ready=False)).running


@pytest.mark.parametrize("seen", WAITS)
def test_p7_a_manual_vm_whose_volumes_are_missing_is_on_only_when_it_was_started(seen: str) -> None:
    assert not own_power(vm("Manual", printableStatus=seen, created=False)).running


@pytest.mark.parametrize("strategy", ["RerunOnFailure", "Once"])
@pytest.mark.parametrize("seen", WAITS)
def test_p7_what_starts_by_itself_once_its_volumes_are_there_is_on(strategy: str, seen: str) -> None:
    assert own_power(vm(strategy, printableStatus=seen)).running


@pytest.mark.parametrize("strategy", ["RerunOnFailure", "Manual", "Once"])
@pytest.mark.parametrize("seen", OFF)
def test_p7_a_vm_whose_guest_has_shut_down_is_off_although_its_vmi_is_left(strategy: str, seen: str) -> None:
    assert not own_power(vm(strategy, printableStatus=seen, created=True)).running


@pytest.mark.parametrize("strategy", ["RerunOnFailure", "Manual"])
def test_p7_a_vm_that_restarts_is_on(strategy: str) -> None:
    assert own_power(vm(strategy, printableStatus="Stopping", stateChangeRequests=RESTARTS)).running


def test_p7_a_halted_vm_is_off_whatever_its_volumes_are() -> None:
    assert not own_power(vm("Halted", printableStatus="Provisioning")).running


@pytest.mark.parametrize("keep", [cleaned, of_start])
@pytest.mark.parametrize(
    "status",
    [{"printableStatus": "Unknown", "created": True}, {"printableStatus": "Stopping", "stateChangeRequests": RESTARTS}],
)
def test_p7_what_is_kept_of_a_vm_tells_that_it_is_on(keep: Any, status: dict[str, Any]) -> None:
    assert own_power(keep(vm("Manual", **status))).running
