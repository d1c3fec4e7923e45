# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When taking protection back is refused, or ends: a run on the plan, a silent site, a write that fails."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import unprotection
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.protect.unprotection_world import (
    LABEL,
    OWN,
    PLAN,
    World,
    vm_body,
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_p6_the_lock_is_free_before_and_after_and_a_run_that_holds_it_is_named(world: World) -> None:
    world.unprotect()
    locks = [PlanLock(site, PLAN.store_namespace, PLAN.name) for site in world.sites.values()]  # type: ignore[arg-type]
    assert [lock.holder() for lock in locks] == [None, None]
    locks[1].take("payroll-failover-west-1", 1)
    world.put_volume("more")
    with pytest.raises(Refused, match="payroll-failover-west-1"):
        world.unprotect()
    assert world.labels(PVC, "more") == {LABEL: "true", **OWN}


def test_p6_a_run_that_moved_the_plan_before_the_lock_was_held_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = unprotection.PlanHold.__enter__

    def late(hold: unprotection.PlanHold) -> unprotection.PlanHold:
        world.roles = {"east": "secondary", "west": "primary"}
        return enter(hold)

    monkeypatch.setattr(unprotection.PlanHold, "__enter__", late)
    with pytest.raises(Refused, match="dr_site=west"):
        world.unprotect()
    assert world.log == []
    assert PlanLock(world.sites["east"], PLAN.store_namespace, PLAN.name).holder() is None  # type: ignore[arg-type]


def test_p1_a_vm_that_runs_at_the_peer_before_the_lock_was_held_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    west = world.sites["west"]
    labels = {LABEL: "true", "dr.ocpvirt.io/plan": "payroll"}
    enter = unprotection.PlanHold.__enter__

    def late(hold: unprotection.PlanHold) -> unprotection.PlanHold:
        west.put(VM, "db", vm_body(), labels=labels)
        west.put(VMI, "db", {"status": {"phase": "Running"}}, labels=labels)
        return enter(hold)

    monkeypatch.setattr(unprotection.PlanHold, "__enter__", late)
    with pytest.raises(Refused, match=r"at site west.*VirtualMachineInstance.*stop them there"):
        world.unprotect()
    assert world.log == []
    assert PlanLock(world.sites["east"], PLAN.store_namespace, PLAN.name).holder() is None  # type: ignore[arg-type]


def test_p6_what_was_labelled_until_the_lock_was_held_is_taken_back_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the refresh of a stage, which gives way."""
    locks = [PlanLock(site, PLAN.store_namespace, PLAN.name) for site in world.sites.values()]  # type: ignore[arg-type]
    for lock in locks:
        lock.take("payroll-prestage-west-20261128092000-0a1b", 1)
    enter = unprotection.PlanHold.__enter__

    def late(hold: unprotection.PlanHold) -> unprotection.PlanHold:
        world.put_volume("more")
        return enter(hold)

    monkeypatch.setattr(unprotection.PlanHold, "__enter__", late)
    result = world.unprotect()
    assert world.labels(PVC, "more") == OWN
    assert "PersistentVolumeClaim/payroll/more" in "; ".join(result["decisions"])
    assert [lock.holder() for lock in locks] == [None, None]


def test_p9_where_nothing_is_left_to_take_back_a_held_lock_refuses_check_mode_as_little_as_the_real_run(
    world: World,
) -> None:
    world.unprotect()
    PlanLock(world.sites["west"], PLAN.store_namespace, PLAN.name).take("payroll-failover-west-1", 1)  # type: ignore[arg-type]
    assert [world.unprotect(check_mode=mode)["changed"] for mode in (True, False)] == [False, False]


@pytest.mark.parametrize("silent", ["east", "west"])
def test_p10_a_site_that_does_not_answer_is_named_and_nothing_is_written(world: World, silent: str) -> None:
    world.silent.add(silent)
    with pytest.raises(Refused, match=rf"at site {silent}.*timed out.*bring {silent} back"):
        world.unprotect()
    assert world.log == []


def test_p10_an_object_that_cannot_be_written_is_named_and_its_phase_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(what: str) -> None:
        if "PersistentVolume pv-db" in what:
            raise Failed("PATCH", on="PersistentVolume/pv-db", status=500, seen="no space left")
        world.log.append(what)

    monkeypatch.setattr(world, "wrote", refuse)
    with pytest.raises(Failed, match=r"no space left.*reclaim policy Retain becomes Delete again.*start again"):
        world.unprotect()
    assert world.labels(PVC, "db") == {LABEL: "true", **OWN}
