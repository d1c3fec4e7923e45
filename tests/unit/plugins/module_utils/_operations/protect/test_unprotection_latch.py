# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the latch of a plan goes with its protection (P1)."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import RESOURCE_QUOTA, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import unprotection
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.protect.unprotection_world import (
    LABEL,
    LATCH,
    World,
    vm_body,
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_p1_halted_vms_of_an_earlier_stay_keep_latch_and_labels(world: World) -> None:
    west = world.sites["west"]
    west.put(VM, "db", vm_body(), labels={LABEL: "true", "dr.ocpvirt.io/plan": "payroll"})
    west.put(RESOURCE_QUOTA, LATCH, {})
    result = world.unprotect()
    assert west.find(RESOURCE_QUOTA, LATCH, "payroll")
    assert west.get(VM, "db", "payroll")["metadata"]["labels"][LABEL] == "true"
    assert any("payroll/db at west" in line and "run unprotect again" in line for line in result["stays"])
    assert world.replicated == set()


def test_p1_a_latch_stays_over_a_vm_that_came_before_the_lock_was_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    west = world.sites["west"]
    west.put(RESOURCE_QUOTA, LATCH, {})
    enter = unprotection.PlanHold.__enter__

    def late(hold: unprotection.PlanHold) -> unprotection.PlanHold:
        west.put(VM, "db", vm_body(), labels={LABEL: "true", "dr.ocpvirt.io/plan": "payroll"})
        return enter(hold)

    monkeypatch.setattr(unprotection.PlanHold, "__enter__", late)
    result = world.unprotect()
    assert west.find(RESOURCE_QUOTA, LATCH, "payroll")
    assert any("payroll/db at west" in line for line in result["stays"])


def test_a_latch_that_holds_nothing_goes(world: World) -> None:
    for site in world.sites.values():
        site.put(RESOURCE_QUOTA, LATCH, {})
    world.unprotect()
    assert [site.find(RESOURCE_QUOTA, LATCH, "payroll") for site in world.sites.values()] == [None, None]


def test_p1_a_latch_stays_closed_where_not_every_group_is_primary(world: World) -> None:
    world.sites["east"].put(RESOURCE_QUOTA, LATCH, {})
    world.replicated.discard("east")
    result = world.unprotect()
    assert world.sites["east"].find(RESOURCE_QUOTA, LATCH, "payroll")
    assert any("latch of payroll at east stays closed" in line for line in result["stays"])
