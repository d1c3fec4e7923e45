# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole starts as text, order and window together. `make golden` writes them anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Startable
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import order_start
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.start.start_fleet import deployment, vm
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.start.start_world import NEVER, World

Golden = Callable[[str, str], None]
DB, APP = LabelSelector({"tier": "db"}), LabelSelector({"tier": "app"})
WAVES = (Wave("databases", DB), Wave("apps", APP), Wave("rest"))


def started(
    world: World,
    items: Iterable[Startable],
    limit: int,
    waves: Sequence[Wave] = WAVES,
    open_gates: Sequence[str] = (),
) -> str:
    order = order_start(items, waves, open_gates)
    return world.start(order, StartWindow(order.waves, limit, timeout=120.0, needs=order.needs))


def test_24_vms_in_three_tiers(golden: Golden) -> None:
    vms = [
        vm("db-0", "db", 1),
        *[vm(f"db-{number}", "db", 1, needs="db-0") for number in (1, 2)],
        vm("db-report", "db", 5, power=PowerRecord("Manual", True)),
        *[vm(f"app-{number}", "app", 2) for number in range(4)],
        *[vm(f"app-{number}", "app") for number in (4, 5, 6)],
        vm("app-7", "app", needs="app-6"),
        vm("app-8", "app", needs="app-7, db-report"),
        vm("app-edge", "app", 1, needs="web-0"),
        vm("app-old", "app", power=PowerRecord("RerunOnFailure", False)),
        vm("app-test", "app", start=False),
        *[vm(f"web-{number}", "web", 1) for number in range(3)],
        *[vm(f"web-{number}", "web") for number in (3, 4)],
        vm("web-5", "web", 4, needs="db-0, app-0"),
        vm("jump", power=PowerRecord("Halted", False)),
        vm("monitor", priority=5, needs="web-5"),
    ]
    assert len(vms) == 24
    golden("three_tiers", started(World({"db-0": 60, "app-1": 95}), reversed(vms), limit=4))


def test_a_slow_vm_holds_up_only_what_needs_it(golden: Golden) -> None:
    items = [
        vm("ldap", namespace="shared"),
        vm("db"),
        deployment("cache", needs="db"),
        deployment("front", needs="Deployment/cache, app-0"),
        vm("app-0", needs="db", after="shared/ldap"),
        *[vm(f"job-{number}") for number in range(6)],
    ]
    golden("edges", started(World({"db": 100}), items, limit=3))


def test_what_needs_a_failed_vm_is_not_begun_and_what_only_follows_it_is(golden: Golden) -> None:
    waves = (Wave("databases", DB, on_failure="stop_wave"), Wave("apps", APP), Wave("rest", on_failure="stop"))
    vms = [
        *[vm(f"db-{number}", "db") for number in range(6)],
        vm("app-0", "app", needs="db-1"),
        vm("app-1", "app", after="db-1"),
        vm("app-2", "app", needs="app-0"),
        vm("app-3", "app", needs="db-5"),
        vm("app-4", "app", needs="db-0"),
        *[vm(f"web-{number}") for number in range(6)],
    ]
    slow = {f"{tier}-{number}": 50 for tier in ("db", "web") for number in range(6)}
    golden("failures", started(World({**slow, "db-1": NEVER, "web-0": NEVER}), vms, limit=2, waves=waves))


def test_a_delay_and_a_gate_that_is_opened_later(golden: Golden) -> None:
    waves = (
        Wave("databases", DB),
        Wave("apps", APP, delay=timedelta(seconds=90), gate=True),
        Wave("rest", delay=timedelta(seconds=45)),
    )
    vms = [
        vm("db", "db"),
        vm("app-0", "app", 1),
        vm("app-1", "app", 2),
        vm("licences", "app", 2, after="web"),
        vm("web"),
    ]
    world = World()
    closed = started(world, vms, limit=2, waves=waves)
    opened = started(world, vms, limit=2, waves=waves, open_gates=["apps"])
    golden("delay_and_gate", f"{closed}\nthe same command with the gate open\n\n{opened}")
