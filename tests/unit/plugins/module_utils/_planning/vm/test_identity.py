# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.identity import (
    identity_kept,
    without_addresses,
)

UUID = "5d307ca9-b3ef-428c-8861-06e72d69f223"
MAC = "52:54:00:6b:3c:58"
INTERFACES = [{"name": "lan", "bridge": {}, "macAddress": MAC}, {"name": "default", "masquerade": {}}]


def vm(firmware: dict[str, Any] | None = None, name: str = "db-0") -> dict[str, Any]:
    domain = {"devices": {"interfaces": copy.deepcopy(INTERFACES)}, **({"firmware": firmware} if firmware else {})}
    return {"metadata": {"name": name, "namespace": "payroll"}, "spec": {"template": {"spec": {"domain": domain}}}}


def domain_of(item: dict[str, Any]) -> dict[str, Any]:
    return item["spec"]["template"]["spec"]["domain"]


def test_a_vm_keeps_all_that_its_guest_knows_it_by() -> None:
    before = vm({"uuid": UUID, "serial": "42"})
    assert identity_kept(before) == before


@pytest.mark.parametrize("firmware", [None, {"uuid": ""}, {"serial": "42"}])
def test_a_vm_without_a_uuid_gets_the_one_that_kubevirt_runs_it_with(firmware: dict[str, Any] | None) -> None:
    """The number is that of the VM testvm in KubeVirt's own examples."""
    before = vm(firmware, "testvm")
    kept = identity_kept(before)
    assert domain_of(kept)["firmware"] == {**(firmware or {}), "uuid": "5a9fc181-957e-5c32-9e5a-2de5e9673531"}
    assert before == vm(firmware, "testvm")


def test_a_machine_beside_the_first_has_none_of_its_addresses() -> None:
    before = vm({"uuid": UUID, "serial": "42"})
    domain = domain_of(without_addresses(before))
    assert domain["firmware"] == {"uuid": UUID, "serial": "42"}
    assert domain["devices"]["interfaces"] == [{"name": "lan", "bridge": {}}, {"name": "default", "masquerade": {}}]
    assert domain_of(before) == domain_of(vm({"uuid": UUID, "serial": "42"}))
