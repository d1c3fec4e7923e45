# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.only import only
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartOrder, StartWave

ORDER = StartOrder(
    (StartWave("db, priority 3", ("p/db-0", "p/db-1")), StartWave("rest, priority 3", ("Deployment/p/web", "p/web-0"))),
    {"p/old": "was off (Halted) and stays off"},
    {},
)


def test_only_what_is_named_starts_each_in_its_wave() -> None:
    assert only(ORDER, ["Deployment/p/web", "p/db-1"]).waves == (
        StartWave("db, priority 3", ("p/db-1",)),
        StartWave("rest, priority 3", ("Deployment/p/web",)),
    )


def test_all_starts_when_nothing_is_named() -> None:
    assert only(ORDER, []) == ORDER


def test_a_vm_may_be_named_with_its_kind() -> None:
    assert only(ORDER, ["VirtualMachine/p/db-0"]).waves == (StartWave("db, priority 3", ("p/db-0",)),)


@pytest.mark.parametrize(
    ("key", "seen"), [("p/db-9", "starts nothing of that name"), ("p/old", "it was off (Halted) and stays off")]
)
def test_p10_what_the_plan_does_not_start_is_refused_by_name(key: str, seen: str) -> None:
    with pytest.raises(Refused) as caught:
        only(ORDER, ["p/db-0", key])
    assert key in str(caught.value)
    assert seen in str(caught.value)


GATED = StartOrder(
    (
        StartWave("db, priority 3", ("p/db",), of="db"),
        StartWave("apps, priority 1", ("p/app-1",), 90.0, "apps", of="apps"),
        StartWave("apps, priority 3", ("p/app-3",), of="apps"),
        StartWave("web, priority 3", ("p/web",), of="web"),
        StartWave("rest, priority 3", ("p/rest",), 5.0, "rest", of="rest"),
    ),
    {},
    {},
)


def held(*keys: str) -> list[tuple[str, float, str | None]]:
    return [(wave.name, wave.delay, wave.gate) for wave in only(GATED, keys).waves]


def test_a_gate_and_a_delay_hold_what_is_left_of_their_wave() -> None:
    assert held("p/app-3") == [("apps, priority 3", 90.0, "apps")]


def test_a_gate_and_a_delay_hold_the_first_of_their_wave_alone() -> None:
    assert held("p/app-1", "p/app-3") == [("apps, priority 1", 90.0, "apps"), ("apps, priority 3", 0.0, None)]


def test_the_gate_of_a_wave_that_is_left_out_holds_what_follows_and_its_delay_does_not() -> None:
    assert held("p/db", "p/web") == [("db, priority 3", 0.0, None), ("web, priority 3", 0.0, "apps")]


def test_of_two_closed_gates_the_first_is_named() -> None:
    assert held("p/rest") == [("rest, priority 3", 5.0, "apps")]


def test_a_gate_holds_nothing_of_the_waves_before() -> None:
    assert held("p/db") == [("db, priority 3", 0.0, None)]
