# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans in opposite directions on the same two sites: both move at once, then one site dies under one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_nothing_lost
from ansible_collections.ocpvirt.dr.tests.integration.opposite_plans import (
    ORDERS,
    Crossing,
    Plan,
    cross,
    running_vms,
    settle,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import empty_world, must
from demo.cluster import wait_until
from demo.lab import Lab
from demo.observation import await_writing
from demo.playbook import Played
from demo.verdict import Records, restarted
from demo.workload import not_ready


@dataclass
class Opposed:
    """payroll, whose home is east, and orders, whose home is west, after both were moved to the other's home."""

    payroll: Plan
    orders: Plan
    crossing: Crossing
    after: dict[str, Records]

    @property
    def plans(self) -> list[Plan]:
        return [self.payroll, self.orders]


@dataclass
class DeadEast:
    """East died under orders; payroll as it was seen at west before and after the failover."""

    played: Played
    before: dict[str, Any]
    after: dict[str, Any]
    disks_before: Records
    disks_after: Records


@pytest.fixture(scope="module")
def opposed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Opposed:
    payroll, orders = settle(empty_world(lab, tmp_path_factory.mktemp("opposed")))
    crossing = cross([payroll, orders])
    after = {plan.name: plan.own(await_writing(lab, plan.running, plan.lives_at)) for plan in (payroll, orders)}
    return Opposed(payroll, orders, crossing, after)


@pytest.fixture(scope="module")
def dead_east(lab: Lab, opposed: Opposed) -> DeadEast:
    # no capture of east knows it yet
    must(opposed.orders.play("protect", "-e", "dr_site=east"))
    opposed.orders.await_replicated()
    west = lab.cluster("west")
    lab.run("lose", "east")
    before, disks_before = opposed.payroll.written(west), lab.records("west")
    played = must(opposed.orders.play("failover", "-e", "dr_target=west", "-e", "dr_declare_lost=east"))
    return DeadEast(played, before, opposed.payroll.written(west), disks_before, lab.records("west"))


def test_p6_two_plans_move_past_each_other_at_the_same_time(opposed: Opposed) -> None:
    runs = opposed.crossing.runs
    assert {name: (run["plan"], run["state"], run["source"], run["target"]) for name, run in runs.items()} == {
        "payroll": ("payroll", "done", "east", "west"),
        ORDERS: (ORDERS, "done", "west", "east"),
    }
    assert opposed.crossing.seconds_at_once > 10


def test_p3_neither_of_the_two_moves_loses_anything(opposed: Opposed) -> None:
    for plan in opposed.plans:
        assert_nothing_lost(opposed.crossing.watches[plan.name], opposed.after[plan.name])


def test_p1_each_plan_runs_at_its_own_target_only_and_was_written_by_one_site_after_the_other(opposed: Opposed) -> None:
    for plan, source in ((opposed.payroll, "east"), (opposed.orders, "west")):
        assert (running_vms(plan, plan.lives_at), running_vms(plan, source)) == (set(plan.running), set())
        writers = {name: [boot["site"] for boot in opposed.after[plan.name][name]["boots"]] for name in plan.running}
        assert writers == {name: [source, plan.lives_at] for name in plan.running}


def test_p4_the_plan_that_lived_at_a_dead_site_lives_on_at_the_other_one(lab: Lab, dead_east: DeadEast) -> None:
    names = ["ledger-0", "ledger-1"]
    wait_until("running VMs", 60, lambda: not_ready(lab.cluster("west"), names, ORDERS))
    assert set(await_writing(lab, names, "west")) >= set(names)


def test_p8_the_plan_that_lives_at_the_surviving_site_is_untouched(opposed: Opposed, dead_east: DeadEast) -> None:
    names = opposed.payroll.running
    assert dead_east.after == dead_east.before
    assert running_vms(opposed.payroll, "west") == set(names)
    assert restarted(names, dead_east.disks_before, dead_east.disks_after) == []
    assert [n for n in names if dead_east.disks_after[n]["last_n"] <= dead_east.disks_before[n]["last_n"]] == []
