# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.identity import (
    identity_kept,
    identity_regenerated,
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


def test_a_machine_beside_the_first_shares_nothing_that_a_network_or_a_licence_server_sees() -> None:
    before = vm({"uuid": UUID, "serial": "42", "bootloader": {"efi": {}}})
    domain = domain_of(identity_regenerated(before, "rehearsal-1"))
    (lan, default), firmware = domain["devices"]["interfaces"], domain["firmware"]
    assert firmware.pop("uuid") != UUID
    assert firmware.pop("serial") != "42"
    assert firmware == {"bootloader": {"efi": {}}}
    assert lan.pop("macAddress") != MAC
    assert [lan, default] == [{"name": "lan", "bridge": {}}, {"name": "default", "masquerade": {}}]
    assert domain_of(before) == domain_of(vm({"uuid": UUID, "serial": "42", "bootloader": {"efi": {}}}))


def test_made_up_addresses_and_numbers_are_valid() -> None:
    domain = domain_of(identity_regenerated(vm(), "rehearsal-1"))
    first = int(domain["devices"]["interfaces"][0]["macAddress"].split(":")[0], 16)
    assert (first & 0b01, first & 0b10) == (0, 0b10), "unicast and locally administered"
    assert len(domain["devices"]["interfaces"][0]["macAddress"].split(":")) == 6
    assert uuid.UUID(domain["firmware"]["uuid"]).version == 4


def test_the_same_rehearsal_makes_the_same_machine_and_no_two_vms_or_rehearsals_share_one() -> None:
    def identity(name: str, salt: str) -> tuple[str, str]:
        domain = domain_of(identity_regenerated(vm(name=name), salt))
        return domain["firmware"]["uuid"], domain["devices"]["interfaces"][0]["macAddress"]

    assert identity("db-0", "one") == identity("db-0", "one")
    seen = [identity(name, salt) for name in ("db-0", "db-1") for salt in ("one", "two")]
    assert len({number for number, _mac in seen}) == len({mac for _number, mac in seen}) == 4
