# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.networks import (
    NetworkNames,
    attached_to,
    with_networks,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of
from hypothesis import given
from hypothesis import strategies as st

ATTACHMENTS = (
    {"east": "vlan-100", "west": "vlan-2100"},
    {"east": "default/storage", "west": "default/storage-dr"},
    {"east": "backup", "west": "shared/backup"},
    {"east": "blue", "west": "green"},
    {"east": "green", "west": "blue"},
)
THERE = NetworkNames(ATTACHMENTS, "east", "west")
BACK = NetworkNames(ATTACHMENTS, "west", "east")


def vm(*names: str, namespace: str = "payroll") -> dict[str, Any]:
    networks = [{"name": f"net{number}", "multus": {"networkName": name}} for number, name in enumerate(names)]
    devices = {"interfaces": [{"name": "default", "masquerade": {}, "macAddress": "02:00:00:00:00:01"}]}
    return {
        "metadata": {"name": "db-0", "namespace": namespace},
        "spec": {
            "runStrategy": "Always",
            "template": {
                "spec": {
                    "domain": {"devices": devices, "firmware": {"uuid": "5d307ca9-b3ef-428c-8861-06e72d69f223"}},
                    "networks": [{"name": "default", "pod": {}}, *networks],
                }
            },
        },
    }


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("vlan-100", "vlan-2100"),
        ("payroll/vlan-100", "payroll/vlan-2100"),
        ("default/storage", "default/storage-dr"),
        ("backup", "shared/backup"),
        ("blue", "green"),
        ("green", "blue"),
        # the plan does not name it
        ("vlan-300", "vlan-300"),
        # of another namespace than the plan means
        ("other/vlan-100", "other/vlan-100"),
    ],
)
def test_a_network_has_its_name_of_the_target_there_and_its_own_again_after_the_way_back(name: str, there: str) -> None:
    moved, _changed = with_networks(vm(name), THERE)
    assert attached_to(moved) == {"net0": there}
    assert with_networks(moved, BACK)[0] == vm(name)


def test_a_short_name_means_the_namespace_of_each_vm() -> None:
    moved, changed = with_networks(vm("vlan-100", namespace="web"), THERE)
    assert (attached_to(moved), changed) == ({"net0": "vlan-2100"}, [("web/vlan-100", "web/vlan-2100")])


def test_only_the_names_of_networks_change() -> None:
    before = vm("vlan-100", "vlan-300")
    kept = copy.deepcopy(before)
    moved, changed = with_networks(before, THERE)
    assert before == kept
    assert changed == [("payroll/vlan-100", "payroll/vlan-2100")]
    moved["spec"]["template"]["spec"]["networks"][1]["multus"]["networkName"] = "vlan-100"
    assert moved == before


@pytest.mark.parametrize("networks", [None, [], [{"name": "default", "pod": {}}]])
def test_a_vm_without_attachments_stays_as_it_is(networks: Any) -> None:
    plain = vm()
    plain["spec"]["template"]["spec"]["networks"] = networks
    assert with_networks(plain, THERE) == (plain, [])


@pytest.mark.parametrize(("name", "of_target_only"), [("vlan-2100", True), ("vlan-100", False), ("blue", False)])
def test_a_name_that_only_the_target_knows_is_told(name: str, of_target_only: bool) -> None:
    assert THERE.is_of_target_only(name, "payroll") is of_target_only


NAMES = st.sampled_from(["a", "b", "c", "payroll/a", "payroll/b", "web/a", "default/a", "default/b", "default/c"])


@given(columns=st.lists(st.tuples(NAMES, NAMES), max_size=4), names=st.lists(NAMES, max_size=4), first=st.booleans())
def test_there_and_back_is_the_identity_for_every_plan_that_is_valid(
    columns: list[tuple[str, str]], names: list[str], first: bool
) -> None:
    """Names that only the target knows are told by `check`."""
    attachments = [{"east": east, "west": west} for east, west in columns]
    try:
        plan = plan_of(network={"attachments": attachments})
    except PlanInvalid:
        return
    source, target = ("east", "west") if first else ("west", "east")
    there, back = NetworkNames(plan.attachments, source, target), NetworkNames(plan.attachments, target, source)
    own = [name for name in names if not there.is_of_target_only(name, "payroll")]
    home = with_networks(with_networks(vm(*own), there)[0], back)[0]
    assert [resolved(name) for name in attached_to(home).values()] == [resolved(name) for name in own]


def resolved(name: str) -> str:
    return name if "/" in name else f"payroll/{name}"
