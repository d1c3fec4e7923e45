# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord, ProtectedVm
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import ProtectedWorkload, WorkloadRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start_order import StartOrder, order_start

WAVES = (
    Wave("databases", LabelSelector({"tier": "db"})),
    Wave("apps", LabelSelector({"tier": "app"})),
    Wave("rest"),
)
ON = PowerRecord("Always", True)


def vm(
    name: str,
    tier: str = "",
    priority: int = 3,
    after: Sequence[str] = (),
    power: PowerRecord = ON,
    start: bool = True,
) -> ProtectedVm:
    depends_on = tuple(f"shop/{other}" for other in after)
    return ProtectedVm("shop", name, {"tier": tier}, priority, depends_on, start, power, ())


def as_text(order: StartOrder) -> str:
    lines = [f"{wave.name}: {' '.join(key.partition('/')[2] for key in wave.keys)}" for wave in order.waves]
    lines += [f"off: {key.partition('/')[2]} {reason}" for key, reason in sorted(order.stays_off.items())]
    return "".join(f"{line}\n" for line in lines)


def golden(text: str) -> str:
    return dedent(text).lstrip()


def refusal_of(vms: Sequence[ProtectedVm]) -> Refused:
    with pytest.raises(Refused) as refusal:
        order_start(vms, WAVES)
    return refusal.value


def test_the_whole_order_of_24_vms_in_three_tiers() -> None:
    vms = [
        vm("db-0", "db", 1),
        *[vm(f"db-{number}", "db", 1, after=["db-0"]) for number in (1, 2)],
        vm("db-report", "db", 5, power=PowerRecord("Manual", True)),
        *[vm(f"app-{number}", "app", 2) for number in range(4)],
        *[vm(f"app-{number}", "app") for number in (4, 5, 6)],
        vm("app-7", "app", after=["app-6"]),
        vm("app-8", "app", after=["app-7", "db-report"]),
        vm("app-edge", "app", 1, after=["web-0"]),
        vm("app-old", "app", power=PowerRecord("RerunOnFailure", False)),
        vm("app-test", "app", start=False),
        *[vm(f"web-{number}", "web", 1) for number in range(3)],
        *[vm(f"web-{number}", "web") for number in (3, 4)],
        vm("web-5", "web", 4, after=["db-0", "app-0"]),
        vm("jump", power=PowerRecord("Halted", False)),
        vm("monitor", priority=5, after=["web-5"]),
    ]
    assert len(vms) == 24
    assert as_text(order_start(reversed(vms), WAVES)) == golden("""
        databases, priority 1: db-0
        databases, priority 1, step 2: db-1 db-2
        databases, priority 5: db-report
        apps, priority 2: app-0 app-1 app-2 app-3
        apps, priority 3: app-4 app-5 app-6
        apps, priority 3, step 2: app-7
        apps, priority 3, step 3: app-8
        rest, priority 1: web-0 web-1 web-2
        rest, priority 1, step 2: app-edge
        rest, priority 3: web-3 web-4
        rest, priority 4: web-5
        rest, priority 5: monitor
        off: app-old was off (RerunOnFailure) and stays off
        off: app-test is annotated dr.ocpvirt.io/start: never
        off: jump was off (Halted) and stays off
    """)


def test_a_dependency_of_a_later_wave_moves_the_vm_behind_it() -> None:
    order = order_start([vm("db", "db", 1, after=["licences"]), vm("licences", priority=4)], WAVES)
    assert as_text(order) == golden("""
        rest, priority 4: licences
        rest, priority 4, step 2: db
    """)


def test_what_depends_on_a_moved_vm_moves_with_it() -> None:
    vms = [vm("db", "db", after=["licences"]), vm("app", "app", after=["db"]), vm("licences")]
    assert as_text(order_start(vms, WAVES)) == golden("""
        rest, priority 3: licences
        rest, priority 3, step 2: db
        rest, priority 3, step 3: app
    """)


def test_a_dependency_of_a_worse_priority_moves_the_vm_behind_it() -> None:
    order = order_start([vm("first", priority=1, after=["second"]), vm("second", priority=5)], WAVES)
    assert as_text(order) == golden("""
        rest, priority 5: second
        rest, priority 5, step 2: first
    """)


def test_a_dependency_of_an_earlier_wave_changes_nothing() -> None:
    order = order_start([vm("db", "db"), vm("app", "app", 1, after=["db"])], WAVES)
    assert as_text(order) == golden("""
        databases, priority 3: db
        apps, priority 1: app
    """)


def test_without_waves_everything_is_the_rest() -> None:
    assert as_text(order_start([vm("db", "db")], ())) == "rest, priority 3: db\n"


def test_nothing_to_start_is_no_wave() -> None:
    assert order_start([], WAVES) == StartOrder((), {})


@pytest.mark.parametrize(
    ("after", "cycle"),
    [
        ({"a": ["a"]}, "shop/a -> shop/a"),
        ({"a": ["b"], "b": ["a"]}, "shop/a -> shop/b -> shop/a"),
        ({"a": ["b"], "b": ["c"], "c": ["d"], "d": ["b"]}, "shop/b -> shop/c -> shop/d -> shop/b"),
    ],
)
def test_a_cycle_is_refused_with_its_path(after, cycle) -> None:
    error = refusal_of([vm(name, after=others) for name, others in after.items()])
    assert error.seen == f"a cycle of dependencies: {cycle}"


def test_a_diamond_is_no_cycle() -> None:
    vms = [vm("a"), vm("b", after=["a"]), vm("c", after=["a"]), vm("d", after=["b", "c"])]
    assert as_text(order_start(vms, WAVES)) == golden("""
        rest, priority 3: a
        rest, priority 3, step 2: b c
        rest, priority 3, step 3: d
    """)


def test_a_dependency_that_the_plan_does_not_protect_is_refused_by_name() -> None:
    error = refusal_of([vm("app", after=["ldap"])])
    assert (error.on, error.seen) == (
        "VirtualMachine/shop/app",
        "dr.ocpvirt.io/depends-on names shop/ldap, which the plan does not protect",
    )


@pytest.mark.parametrize(
    ("needed", "why"),
    [
        (vm("db", power=PowerRecord("Halted", False)), "which was off (Halted) and stays off"),
        (vm("db", power=PowerRecord("RerunOnFailure", False)), "which was off (RerunOnFailure) and stays off"),
        (vm("db", start=False), "which is annotated dr.ocpvirt.io/start: never"),
    ],
)
def test_a_dependency_on_a_vm_that_stays_off_is_refused_with_the_reason(needed, why) -> None:
    assert refusal_of([needed, vm("app", after=["db"])]).seen == f"it depends on shop/db, {why}"


def test_p7_a_vm_that_stays_off_needs_nothing() -> None:
    order = order_start([vm("app", after=["ldap"], power=PowerRecord("Halted", False))], WAVES)
    assert order.waves == ()


@pytest.mark.parametrize("strategy", ["Always", "RerunOnFailure", "Manual", "Once"])
@pytest.mark.parametrize("running", [True, False], ids=["was on", "was off"])
def test_p7_power_state_decides_who_starts_whatever_the_strategy(strategy, running) -> None:
    order = order_start([vm("app", power=PowerRecord(strategy, running))], WAVES)
    assert bool(order.waves) is running


def test_a_chain_of_10000_is_ordered_without_recursion() -> None:
    chain = [vm(f"vm-{number:05}", after=[f"vm-{number + 1:05}"]) for number in range(9_999)] + [vm("vm-09999")]
    order = order_start(chain, WAVES)
    assert [wave.keys for wave in order.waves] == [(f"shop/vm-{number:05}",) for number in reversed(range(10_000))]


def workload(name: str, tier: str = "", after: Sequence[str] = (), replicas: int = 2) -> ProtectedWorkload:
    record = WorkloadRecord(replicas > 0, replicas)
    return ProtectedWorkload("Deployment", "shop", name, {"tier": tier}, 3, tuple(after), True, record)


def test_workloads_start_in_the_waves_of_vms_and_each_may_need_the_other() -> None:
    items = [
        vm("db-0", "db"),
        workload("cache", "db"),
        workload("front", "app", after=["shop/app-0"]),
        ProtectedVm("shop", "app-0", {"tier": "app"}, 3, ("Deployment/shop/cache",), True, ON, ()),
        workload("idle", "app", replicas=0),
    ]
    order = order_start(items, WAVES)
    assert [(wave.name, wave.keys) for wave in order.waves] == [
        ("databases, priority 3", ("Deployment/shop/cache", "shop/db-0")),
        ("apps, priority 3", ("shop/app-0",)),
        ("apps, priority 3, step 2", ("Deployment/shop/front",)),
    ]
    assert order.stays_off == {"Deployment/shop/idle": "was off (0 replicas) and stays off"}


def test_a_workload_that_needs_something_unknown_is_named() -> None:
    with pytest.raises(Refused) as refusal:
        order_start([workload("front", after=["shop/nobody"])], WAVES)
    assert refusal.value.on == "Deployment/shop/front"
