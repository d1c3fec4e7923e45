# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Startable
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import order_start
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.stop_order import (
    order_stop,
    stop_stages,
    unknown_needs,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.start.start_fleet import (
    ON,
    random_fleet,
    vm,
)

DATABASES = Wave("databases", LabelSelector({"tier": "db"}))
APPS = Wave("apps", LabelSelector({"tier": "app"}))
WAVES = (DATABASES, APPS, Wave("rest"))


def steps(vms: Sequence[Startable]) -> list[str]:
    return [" ".join(sorted(key.removeprefix("shop/") for key in step)) for step in order_stop(order_start(vms, WAVES))]


def test_p3_a_stop_is_the_reverse_of_a_start() -> None:
    vms = [vm("db", "db"), vm("app-1", "app", 1), vm("app-2", "app", 2), vm("web")]
    assert steps(vms) == ["web", "app-2", "app-1", "db"]


@pytest.mark.parametrize("edge", ["needs", "after"])
def test_p3_what_needs_something_is_off_before_it(edge) -> None:
    vms = [vm("a"), vm("b", **{edge: "a"}), vm("c", **{edge: "b"}), vm("d"), vm("e", **{edge: "d"})]
    assert steps(vms) == ["c e", "b d", "a"]


@pytest.mark.parametrize("seed", range(30))
def test_p3_whatever_the_edges_what_needs_something_is_off_before_it(seed: int) -> None:
    vms = random_fleet(random.Random(seed))
    order = order_start(vms, WAVES)
    step_of = {key: number for number, step in enumerate(order_stop(order)) for key in step}
    assert step_of.keys() == {item.key for item in vms}
    assert all(step_of[key] < step_of[need.key] for key, edges in order.needs.items() for need in edges)


def test_a_chain_of_5000_stops_one_by_one() -> None:
    vms = [vm(f"vm-{number:04}", needs=f"vm-{number - 1:04}" if number else "") for number in range(5000)]
    assert steps(vms) == [f"vm-{number:04}" for number in reversed(range(5000))]


def test_what_a_start_leaves_off_is_stopped_first() -> None:
    assert steps([vm("db", "db"), vm("never", "db", start=False)]) == ["never", "db"]


def test_nothing_to_stop_is_no_step() -> None:
    assert order_stop(order_start([], WAVES)) == []


OFF = PowerRecord("Halted", False)


def stages(vms: Sequence[Startable]) -> list[str]:
    return [" ".join(sorted(key.removeprefix("shop/") for key in stage)) for stage in stop_stages(vms, WAVES)]


@pytest.mark.parametrize("edge", ["needs", "after"])
def test_p3_what_is_off_already_takes_no_order_from_the_rest(edge: str) -> None:
    vms = [vm("db", "db"), vm("cache", "app", power=OFF), vm("app", "app", **{edge: "cache"}), vm("web", needs="app")]
    assert stages(vms) == ["cache", "web", "app", "db"]


def test_p3_what_needs_something_through_what_is_off_is_off_before_it() -> None:
    vms = [
        vm("db"),
        vm("proxy", power=OFF, needs="db"),
        vm("cache", power=OFF, needs="proxy"),
        vm("app", needs="cache"),
    ]
    assert stages(vms) == ["cache proxy", "app", "db"]


@pytest.mark.parametrize("edge", ["needs", "after"])
def test_p3_what_never_starts_and_runs_is_not_stopped_under_those_that_need_it(edge: str) -> None:
    vms = [vm("db", "db", start=False), vm("app", **{edge: "db"}), vm("tool", start=False)]
    assert stages(vms) == ["tool", "app", "db"]


def test_p3_a_cycle_that_only_what_is_off_closes_leaves_the_rest_its_order() -> None:
    vms = [vm("db", needs="app"), vm("app", after="cache"), vm("cache", power=OFF, needs="db")]
    assert stages(vms) == ["cache", "db", "app"]


def test_p3_a_need_of_what_the_plan_does_not_protect_leaves_the_rest_its_order_and_is_told() -> None:
    vms = [vm("db", "db"), vm("app", needs="db,dbb", after="elsewhere/log")]
    assert stages(vms) == ["app", "db"]
    assert [said.partition(", which")[0] for said in unknown_needs(vms)] == [
        "VirtualMachine/shop/app: dr.ocpvirt.io/depends-on names shop/dbb",
        "VirtualMachine/shop/app: dr.ocpvirt.io/start-after names elsewhere/log",
    ]


def test_p3_of_a_chain_of_5000_that_is_off_what_is_on_at_its_ends_keeps_its_order() -> None:
    ends = (0, 4999)
    vms = [
        vm(f"vm-{of:04}", needs=f"vm-{of - 1:04}" if of else "", power=ON if of in ends else OFF) for of in range(5000)
    ]
    assert stages(vms)[1:] == ["vm-4999", "vm-0000"]


def test_a_cycle_of_what_is_on_gives_a_stop_no_order() -> None:
    with pytest.raises(Refused, match="shop/a -> shop/b -> shop/a"):
        stop_stages([vm("a", needs="b"), vm("b", needs="a")], WAVES)


@pytest.mark.parametrize("seed", range(30))
def test_p3_where_all_is_on_a_stop_is_the_reverse_of_the_start(seed: int) -> None:
    vms = random_fleet(random.Random(seed))
    assert stop_stages(vms, WAVES) == order_stop(order_start(vms, WAVES))
