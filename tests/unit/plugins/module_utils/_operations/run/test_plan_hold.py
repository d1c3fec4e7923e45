# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import DURATION, PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.plan_hold import PlanHold, check_unheld
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

PLAN = plan_of()


class Sites:
    def __init__(self) -> None:
        self.time = SimulatedTime()
        self.apis = [MemoryApi(name, self.time.clock()) for name in PLAN.sites]

    def hold(self) -> PlanHold:
        return PlanHold(PLAN, "unprotect", self.apis)  # type: ignore[arg-type]

    def lock(self, number: int) -> PlanLock:
        return PlanLock(self.apis[number], PLAN.store_namespace, PLAN.name)  # type: ignore[arg-type]

    def taken_by(self, number: int, name: str) -> None:
        RunStore(self.apis[number], PLAN.store_namespace).prepare()  # type: ignore[arg-type]
        self.lock(number).take(name, 1)


def test_p6_both_sites_are_held_while_it_works_and_free_afterwards() -> None:
    sites = Sites()
    with sites.hold() as hold:
        hold.verify()
        assert [sites.lock(number).holder().identity for number in (0, 1)] == ["payroll-unprotect#1"] * 2  # type: ignore[union-attr]
    assert [sites.lock(number).holder() for number in (0, 1)] == [None, None]


@pytest.mark.parametrize("number", [0, 1])
def test_p6_a_run_that_holds_one_site_is_named_and_the_other_is_freed(number: int) -> None:
    sites = Sites()
    sites.taken_by(number, "payroll-failover-west-1")
    with pytest.raises(Refused, match="payroll-failover-west-1"), sites.hold():
        pass
    assert sites.lock(1 - number).holder() is None


def test_p5_a_killed_attempt_is_taken_over_after_its_lease() -> None:
    sites = Sites()
    sites.taken_by(0, "payroll-unprotect")
    with sites.hold() as hold:
        hold.verify()
        assert sites.lock(0).holder().attempt == 2  # type: ignore[union-attr]
    assert sites.time.seconds >= DURATION


def test_p5_an_attempt_that_lost_its_lock_writes_no_more() -> None:
    sites = Sites()
    with sites.hold() as hold:
        sites.apis[1].objects.clear()
        with pytest.raises(Refused, match="nobody holds the lock"):
            hold.verify()


def test_p9_check_mode_sees_a_run_but_not_its_own_killed_attempt() -> None:
    sites = Sites()
    sites.taken_by(0, "payroll-unprotect")
    check_unheld(PLAN, "unprotect", sites.apis, "unprotect the plan")  # type: ignore[arg-type]
    sites.taken_by(1, "payroll-relocate-west-1")
    with pytest.raises(Refused, match="payroll-relocate-west-1"):
        check_unheld(PLAN, "unprotect", sites.apis, "unprotect the plan")  # type: ignore[arg-type]


def test_p9_check_mode_passes_over_a_refresh_of_a_stage_as_the_work_itself_does() -> None:
    sites = Sites()
    sites.taken_by(0, "payroll-prestage-west-20261128092000-0a1b")
    check_unheld(PLAN, "unprotect", sites.apis, "unprotect the plan")  # type: ignore[arg-type]
    with sites.hold() as hold:
        hold.verify()
