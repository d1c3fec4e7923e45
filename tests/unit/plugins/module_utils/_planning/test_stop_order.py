# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start_order import StartOrder, StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.stop_order import order_stop


def order(*waves: tuple[str, ...], off: tuple[str, ...] = ()) -> StartOrder:
    named = tuple(StartWave(str(number), keys) for number, keys in enumerate(waves))
    return StartOrder(named, dict.fromkeys(off, "was off"))


def test_what_started_last_stops_first_and_what_stays_off_before_all() -> None:
    assert order_stop(order(("db",), ("app", "web"), off=("batch",)), {}) == [{"batch"}, {"app", "web"}, {"db"}]


def test_nothing_stops_before_what_needs_it() -> None:
    stages = order_stop(order(("db", "cache", "app", "web")), {"app": ("db", "cache"), "web": ("app",)})
    assert stages == [{"web"}, {"app"}, {"db", "cache"}]


def test_a_need_of_an_earlier_wave_makes_no_stage_of_its_own() -> None:
    assert order_stop(order(("db",), ("app", "web")), {"app": ("db",)}) == [{"app", "web"}, {"db"}]


def test_a_long_chain_is_taken_apart_in_linear_time() -> None:
    keys = tuple(f"vm-{number}" for number in range(5000))
    needs = {key: (keys[number],) for number, key in enumerate(keys[1:])}
    assert order_stop(order(keys), needs) == [{key} for key in reversed(keys)]


def test_of_a_circle_everything_stops_together() -> None:
    assert order_stop(order(("a", "b", "c")), {"a": ("b",), "b": ("a",), "c": ("a",)}) == [{"c"}, {"a", "b"}]
