# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, NAMESPACE
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import SiteBudget, claims_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

# a minute of silence, and the five minutes that a VM has to get ready
EXPIRES = 360


class Site:
    """West, and runs of several plans there."""

    def __init__(self) -> None:
        self.time = SimulatedTime()
        self.api = MemoryApi("west", self.time.clock())

    def run(self, name: str, limit: int | None = 8, attempt: int = 1, priority: int = 3) -> SiteBudget:
        self.session = MemorySession(self.api, plan_of(name=name))
        self.session.run = replace(self.session.run, id=f"{name}-west", attempt=attempt)
        return SiteBudget(self.session, self.api, limit, priority)

    def grants(self) -> dict[str, int]:
        found = self.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr")
        return {plan: claim.grant for plan, claim in claims_of(found).items() if claim.active}

    def pass_time(self, seconds: float = 2) -> None:
        """By default until claims are looked at again."""
        self.time.sleep(seconds)


@pytest.fixture
def site() -> Site:
    return Site()


def test_without_a_budget_nothing_is_read_or_written(site: Site) -> None:
    budget = site.run("payroll", limit=None)
    assert (budget.update(0, 500), budget.note, site.api.objects) == (sys.maxsize, "", {})
    budget.keep()
    budget.release()
    assert site.api.objects == {}


def test_a_start_that_has_nothing_to_begin_claims_nothing(site: Site) -> None:
    budget = site.run("payroll")
    assert (budget.update(0, 0), site.api.objects) == (0, {})
    budget.release()
    assert site.api.objects == {}


def test_one_plan_alone_gets_the_whole_budget_at_once(site: Site) -> None:
    assert site.run("payroll").update(0, 500) == 8


def test_a_plan_claims_no_more_than_its_own_limit(site: Site) -> None:
    assert site.run("payroll", limit=60).update(0, 500) == 20


def test_the_second_plan_gets_its_part_when_the_first_has_given_it_up(site: Site) -> None:
    first, second = site.run("payroll"), site.run("payslip")
    assert (first.update(0, 50), second.update(0, 50)) == (8, 0)
    site.pass_time()
    # all eight are still in flight: none of them is replaced, none is taken back
    assert (first.update(8, 42), second.update(0, 50)) == (4, 0)
    site.pass_time()
    assert (first.update(5, 40), second.update(0, 50)) == (4, 3)
    site.pass_time()
    assert (first.update(4, 40), second.update(3, 47)) == (4, 4)


def test_two_looks_are_seconds_apart_and_writes_rarer(site: Site) -> None:
    budget = site.run("payroll")
    for _turn in range(300):
        budget.update(8, 400)
        site.time.sleep(0.1)
    # the namespace and the claim; then a renewal every ten seconds
    assert len(site.api.writes) == 4


def test_what_ready_vms_leave_is_not_given_up_while_nobody_waits(site: Site) -> None:
    budget = site.run("payroll")
    budget.update(0, 50)
    site.pass_time()
    before = list(site.api.writes)
    assert (budget.update(1, 0), site.api.writes) == (8, before)


def test_a_released_share_goes_to_the_others(site: Site) -> None:
    first, second = site.run("payroll"), site.run("payslip")
    first.update(0, 50)
    second.update(0, 50)
    first.release()
    site.pass_time()
    assert (second.update(0, 50), site.grants()) == (8, {"payslip": 8})


def test_p6_the_share_of_a_dead_run_comes_back_when_none_of_its_vms_can_be_in_flight(site: Site) -> None:
    site.run("payroll").update(0, 50)
    alive = site.run("payslip")
    seen = []
    while site.time.seconds <= EXPIRES + 2:
        seen.append((site.time.seconds, alive.update(0, 50)))
        site.pass_time()
    assert [seconds for seconds, limit in seen if limit] == [EXPIRES, EXPIRES + 2]
    assert site.grants() == {"payslip": 8}


def test_p6_the_share_of_a_dead_run_waits_for_the_vm_that_may_take_longest(site: Site) -> None:
    site.run("payroll")
    SiteBudget(site.session, site.api, 8, 3, deadline=900.0).update(0, 50)
    alive = site.run("payslip")
    while not alive.update(0, 50):
        site.pass_time()
    assert site.time.seconds == 960


def test_p6_what_a_round_saw_of_the_others_is_known_to_the_next(site: Site) -> None:
    site.run("payroll").update(0, 50)
    record, limit = {}, 0
    for _round in range(EXPIRES // 20 + 1):
        alive = site.run("payslip")
        site.session.record = record
        alive.update(0, 50)
        site.pass_time(20)
        limit = alive.update(0, 50)
        alive.keep()
        record = site.session.record
    assert limit == 8


def test_a_round_beside_plans_that_start_nothing_keeps_nothing(site: Site) -> None:
    ended = site.run("payroll")
    ended.update(0, 50)
    ended.release()
    budget = site.run("payslip")
    budget.update(0, 50)
    budget.keep()
    assert site.session.record == {}


def test_p6_a_run_that_was_taken_for_dead_takes_nothing_back(site: Site) -> None:
    paused, other = site.run("payroll"), site.run("payslip")
    paused.update(0, 50)
    for _look in range(EXPIRES // 2 + 2):
        other.update(0, 50)
        site.pass_time()
    assert (paused.update(0, 50), site.grants()) == (0, {"payroll": 0, "payslip": 8})


def test_p5_the_next_attempt_takes_over_the_claim_with_what_is_in_flight(site: Site) -> None:
    site.run("payroll").update(0, 50)
    site.run("payslip").update(0, 50)
    again = site.run("payroll", attempt=2)
    assert (again.update(6, 44), site.grants()) == (4, {"payroll": 6, "payslip": 0})


def test_p5_the_next_attempt_gives_up_what_is_needed_no_more(site: Site) -> None:
    site.run("payroll").update(0, 50)
    again = site.run("payroll", attempt=2)
    assert again.update(0, 0) == 0
    again.release()
    assert site.grants() == {}


def test_p5_a_claim_is_not_written_without_the_lock(site: Site) -> None:
    budget = site.run("payroll")
    site.session.lock_holds = 0
    with pytest.raises(Refused):
        budget.update(0, 50)
    assert site.api.objects == {}


def test_a_write_of_another_run_meanwhile_is_looked_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run("payslip").update(0, 3)
    budget, late = site.run("payroll"), site.run("crm")
    find = site.api.find

    def find_then_another_writes(*asked):
        found = find(*asked)
        monkeypatch.setattr(site.api, "find", find)
        late.update(0, 3)
        return found

    monkeypatch.setattr(site.api, "find", find_then_another_writes)
    assert (budget.update(0, 50), site.grants()) == (2, {"payslip": 3, "crm": 3, "payroll": 2})


def test_all_plans_of_a_site_share_one_object_wherever_their_run_stores_are(site: Site) -> None:
    site.run("payroll").update(0, 50)
    session = MemorySession(site.api, plan_of(name="payslip", run_store={"namespace": "elsewhere"}))
    assert SiteBudget(session, site.api, 8, 3).update(0, 50) == 0
    assert {item["metadata"]["name"] for item in site.api.list(NAMESPACE)} == {"ocpvirt-dr"}


def test_what_is_no_claim_in_it_stops_nobody(site: Site) -> None:
    site.run("payroll").update(0, 4)
    site.api.patch(CONFIG_MAP, "start-budget", "ocpvirt-dr", {"data": {"a": "{", "b": "[]", "c": '{"grant": "all"}'}})
    assert site.run("payslip").update(0, 50) == 4


def test_who_holds_the_rest_is_said_while_the_budget_binds(site: Site) -> None:
    site.run("payroll").update(0, 5)
    budget = site.run("payslip")
    budget.update(0, 50)
    assert budget.note == "the budget of west (3 of 8, shared with payroll 5)"
    site.pass_time()
    budget.update(3, 0)
    assert budget.note == ""
