# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Startable
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import order_start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.start.start_fleet import (
    as_text,
    deployment,
    vm,
)


def refusal_of(vms: Sequence[Startable]) -> Refused:
    with pytest.raises(Refused) as refusal:
        order_start(vms, (Wave("rest"),))
    return refusal.value


@pytest.mark.parametrize(
    ("needs", "cycle"),
    [
        ({"a": "a"}, "shop/a -> shop/a"),
        ({"a": "b", "b": "a"}, "shop/a -> shop/b -> shop/a"),
        ({"a": "b", "b": "c", "c": "d", "d": "b"}, "shop/b -> shop/c -> shop/d -> shop/b"),
    ],
)
def test_a_cycle_is_refused_with_its_path(needs, cycle) -> None:
    error = refusal_of([vm(name, needs=others) for name, others in needs.items()])
    assert error.seen == f"a cycle of dependencies: {cycle}"


@pytest.mark.parametrize(
    ("edges", "remedy"),
    [
        ([{"needs": "b"}, {"needs": "a"}], "remove one of them from dr.ocpvirt.io/depends-on"),
        ([{"after": "b"}, {"after": "a"}], "remove one of them from dr.ocpvirt.io/start-after"),
        (
            [{"needs": "b"}, {"after": "a"}],
            "remove one of them from dr.ocpvirt.io/depends-on or dr.ocpvirt.io/start-after",
        ),
    ],
)
def test_a_cycle_is_refused_with_the_annotations_that_make_it(edges, remedy) -> None:
    error = refusal_of([vm(name, **edge) for name, edge in zip("ab", edges, strict=True)])
    assert error.next_step == remedy


def test_a_cycle_of_5000_is_found_without_recursion() -> None:
    error = refusal_of([vm(f"vm-{number}", needs=f"vm-{(number + 1) % 5000}") for number in range(5000)])
    assert error.seen.count(" -> ") == 5000


def test_a_diamond_is_no_cycle() -> None:
    vms = [vm("a"), vm("b", needs="a"), vm("c", needs="a"), vm("d", needs="b,c")]
    assert as_text(order_start(vms, (Wave("rest"),))) == "rest, priority 3: a b<-a c<-a d<-b,c\n"


@pytest.mark.parametrize(
    ("edge", "annotation"), [("needs", "dr.ocpvirt.io/depends-on"), ("after", "dr.ocpvirt.io/start-after")]
)
def test_a_name_that_the_plan_does_not_protect_is_refused(edge, annotation) -> None:
    error = refusal_of([vm("app", **{edge: "ldap"})])
    assert (error.on, error.seen) == (
        "VirtualMachine/shop/app",
        f"{annotation} names shop/ldap, which the plan does not protect",
    )


def test_a_name_that_is_nearly_right_is_refused_with_the_right_one() -> None:
    error = refusal_of([vm("database-0"), vm("app", needs="databse-0")])
    assert error.seen.endswith("names shop/databse-0, which the plan does not protect, did you mean shop/database-0?")


def test_an_unknown_name_on_a_workload_names_the_workload() -> None:
    assert refusal_of([deployment("front", needs="nobody")]).on == "Deployment/shop/front"


OFF = [
    (vm("db", power=PowerRecord("Halted", False)), "which was off (Halted) and stays off"),
    (vm("db", power=PowerRecord("RerunOnFailure", False)), "which was off (RerunOnFailure) and stays off"),
    (vm("db", start=False), "which is annotated dr.ocpvirt.io/start: never"),
]


@pytest.mark.parametrize(("needed", "why"), OFF)
def test_a_dependency_on_a_vm_that_stays_off_is_refused_with_the_reason(needed, why) -> None:
    assert refusal_of([needed, vm("app", needs="db")]).seen == f"it depends on shop/db, {why}"


@pytest.mark.parametrize("needed", [needed for needed, _why in OFF])
def test_there_is_no_order_to_keep_with_a_vm_that_stays_off(needed) -> None:
    order = order_start([needed, vm("app", after="db")], (Wave("rest"),))
    assert (order.needs, [wave.keys for wave in order.waves]) == ({}, [("shop/app",)])


def test_p7_a_vm_that_stays_off_needs_nothing() -> None:
    order = order_start([vm("app", needs="ldap", power=PowerRecord("Halted", False))], (Wave("rest"),))
    assert order.waves == ()


@pytest.mark.parametrize("strategy", ["Always", "RerunOnFailure", "Manual", "Once"])
@pytest.mark.parametrize("running", [True, False], ids=["was on", "was off"])
def test_p7_power_state_decides_who_starts_whatever_the_strategy(strategy, running) -> None:
    order = order_start([vm("app", power=PowerRecord(strategy, running))], (Wave("rest"),))
    assert bool(order.waves) is running


def test_a_need_is_met_by_what_was_ready_in_this_start_although_it_is_off_again() -> None:
    """A Manual VM whose node is lost is not made again; what needed it had waited for it."""
    ldap = vm("ldap", power=PowerRecord("Manual", False))
    order = order_start([ldap, vm("app", needs="ldap")], (Wave("rest"),), were_ready={"shop/ldap"})
    off = "off: ldap was ready in this start, is off again (Manual) and stays off"
    assert as_text(order) == f"rest, priority 3: app\n{off}\n"
