# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from datetime import timedelta
from textwrap import dedent

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Startable
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import (
    StartOrder,
    order_start,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.start.start_fleet import (
    as_text,
    deployment,
    random_fleet,
    vm,
)

DATABASES = Wave("databases", LabelSelector({"tier": "db"}))
APPS = Wave("apps", LabelSelector({"tier": "app"}))
WAVES = (DATABASES, APPS, Wave("rest"))


def waves(**more: object) -> tuple[Wave, ...]:
    """The three waves, of which apps has more."""
    return (DATABASES, Wave("apps", LabelSelector({"tier": "app"}), **more), Wave("rest"))


def text(block: str) -> str:
    return dedent(block).lstrip()


def test_a_need_of_a_later_wave_moves_the_vm_there() -> None:
    order = order_start([vm("db", "db", 1, needs="licences"), vm("licences", priority=4)], WAVES)
    assert as_text(order) == "rest, priority 4: licences db<-licences\n"


def test_what_needs_a_moved_vm_moves_with_it() -> None:
    vms = [vm("db", "db", needs="licences"), vm("app", "app", needs="db"), vm("licences")]
    assert as_text(order_start(vms, WAVES)) == "rest, priority 3: licences db<-licences app<-db\n"


def test_a_need_of_a_worse_priority_moves_the_vm_there() -> None:
    order = order_start([vm("first", priority=1, needs="second"), vm("second", priority=5)], WAVES)
    assert as_text(order) == "rest, priority 5: second first<-second\n"


def test_what_only_orders_moves_like_what_blocks() -> None:
    order = order_start([vm("db", "db", after="licences"), vm("licences")], WAVES)
    assert as_text(order) == "rest, priority 3: licences db<~licences\n"


def test_a_need_of_an_earlier_wave_is_kept_as_an_edge() -> None:
    order = order_start([vm("db", "db"), vm("app", "app", 1, needs="db")], WAVES)
    assert as_text(order) == text("""
        databases, priority 3: db
        apps, priority 1: app<-db
    """)


def test_without_waves_everything_is_the_rest() -> None:
    assert as_text(order_start([vm("db", "db")], ())) == "rest, priority 3: db\n"


def test_nothing_to_start_is_no_wave() -> None:
    assert order_start([], WAVES) == StartOrder((), {}, {})


def test_a_need_is_no_barrier_for_what_does_not_have_it() -> None:
    vms = [vm("a", needs="z"), vm("b"), vm("c"), vm("z")]
    assert as_text(order_start(vms, WAVES)) == "rest, priority 3: z a<-z b c\n"


def test_what_a_longer_chain_waits_for_is_first() -> None:
    vms = [vm("a"), vm("b", needs="y"), vm("c", needs="b"), vm("x"), vm("y"), vm("z", needs="x")]
    assert as_text(order_start(vms, WAVES)) == "rest, priority 3: y b<-y x a c<-b z<-x\n"


def test_a_need_named_twice_is_one_and_blocks_if_one_of_them_does() -> None:
    order = order_start([vm("db"), vm("app", needs="db, shop/db", after="VirtualMachine/db")], WAVES)
    assert as_text(order) == "rest, priority 3: db app<-db\n"


def test_needs_reach_across_waves_namespaces_and_kinds() -> None:
    items = [
        vm("ldap", namespace="shared"),
        deployment("cache", "db"),
        vm("db-0", "db"),
        vm("app-0", "app", needs="Deployment/cache", after="shared/ldap"),
        deployment("front", "app", needs="app-0, db-0"),
        deployment("idle", "app", replicas=0),
    ]
    assert as_text(order_start(items, WAVES)) == text("""
        databases, priority 3: Deployment/cache db-0
        rest, priority 3: shared/ldap app-0<-Deployment/cache<~shared/ldap Deployment/front<-app-0,db-0
        off: Deployment/idle was off (0 replicas) and stays off
    """)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_edges_what_is_needed_stands_before(seed: int) -> None:
    order = order_start(random_fleet(random.Random(seed)), WAVES)
    position = {key: number for number, key in enumerate(key for wave in order.waves for key in wave.keys)}
    edges = [(need.key, key) for key, needs in order.needs.items() for need in needs]
    assert edges
    assert all(position[needed] < position[key] for needed, key in edges)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_the_same_however_the_vms_are_listed(seed: int) -> None:
    vms = random_fleet(random.Random(seed))
    shuffled = random.Random(seed + 1).sample(vms, len(vms))
    assert as_text(order_start(shuffled, WAVES)) == as_text(order_start(vms, WAVES))


def test_delay_and_gate_stand_on_the_first_priority_of_their_wave_only() -> None:
    vms = [vm("db", "db"), vm("app-1", "app", 1), vm("app-2", "app", 2)]
    assert as_text(order_start(vms, waves(delay=timedelta(minutes=2), gate=True))) == text("""
        databases, priority 3: db
        apps, priority 1: [delay 120 s] [gate apps] app-1
        apps, priority 2: app-2
    """)


def test_an_opened_gate_is_gone() -> None:
    order = order_start([vm("app", "app")], waves(gate=True), open_gates=["apps"])
    assert as_text(order) == "apps, priority 3: app\n"


def test_a_gate_holds_what_follows_its_wave_even_if_that_has_nothing_to_start() -> None:
    order = order_start([vm("db", "db"), vm("web")], waves(gate=True, delay=timedelta(minutes=2)))
    assert as_text(order) == text("""
        databases, priority 3: db
        apps: [gate apps]
        rest, priority 3: web
    """)


def test_a_gate_that_nothing_follows_waits_for_nobody() -> None:
    assert as_text(order_start([vm("db", "db")], waves(gate=True))) == "databases, priority 3: db\n"


def test_every_part_of_a_wave_has_its_failure_policy_and_its_name() -> None:
    order = order_start([vm("db", "db"), vm("app-1", "app", 1), vm("app-2", "app", 2)], waves(on_failure="stop_wave"))
    assert [(wave.of, wave.on_failure) for wave in order.waves] == [
        ("databases", None),
        ("apps", "stop_wave"),
        ("apps", "stop_wave"),
    ]


def test_a_chain_of_10000_is_ordered_without_recursion() -> None:
    chain = [vm(f"vm-{number:05}", needs=f"vm-{number + 1:05}") for number in range(9_999)] + [vm("vm-09999")]
    order = order_start(chain, WAVES)
    assert [wave.keys for wave in order.waves] == [tuple(f"shop/vm-{number:05}" for number in reversed(range(10_000)))]


def test_no_fact_of_10000_vms_with_5000_dependencies_is_read_more_than_twice() -> None:
    """Linear, counted instead of timed."""
    vms = [
        _Counted(vm(f"vm-{number:05}", needs=f"vm-{number - 1:05}" if number % 2 else "")) for number in range(10_000)
    ]
    order = order_start(vms, WAVES)
    assert sum(len(needs) for needs in order.needs.values()) == 5_000
    assert max(max(counted.reads.values()) for counted in vms) <= 2


class _Counted:
    """A VM that counts how often each of its facts is read."""

    def __init__(self, of: Startable) -> None:
        self._of = of
        self.reads: dict[str, int] = {}

    def __getattr__(self, name: str) -> object:
        self.reads[name] = self.reads.get(name, 0) + 1
        return getattr(self._of, name)
