# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Retries
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.boot_times import (
    ASSUMED,
    BootTimes,
    learned,
    measured,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.duration import (
    BOOT_TIMES,
    CONTROLLER,
    PLAN_CAP,
    SITE_BUDGET,
    Course,
    Limits,
    Outcome,
    binding,
    simulate,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Need
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave

TEN = BootTimes(10, 10, "said by the test")
UNLIMITED = {"qps": float("inf"), "burst": float("inf")}


def wave(count: int, name: str = "db") -> StartWave:
    return StartWave(name, tuple(f"payroll/{name}-{number}" for number in range(count)))


def needs(key: str) -> tuple[Need, ...]:
    return (Need(key, blocking=True),)


def foreseen(*waves: StartWave, boots: BootTimes = TEN, course: Course | None = None, **limits: object) -> Outcome:
    return simulate(course or Course(waves), Limits(**{"plan_cap": 10, "timeout": 300.0, **UNLIMITED, **limits}), boots)


def bound(count: int, **limits: object) -> tuple[str, dict[str, int]]:
    course = Course([wave(count)], parts=dict.fromkeys(wave(count).keys, (("storage class", "ceph-rbd"),)))
    given = Limits(**{"plan_cap": 10, "timeout": 300.0, **UNLIMITED, **limits})
    found = binding(course, given, TEN, simulate(course, given, TEN))
    return found.name, {name: round(seconds) for name, seconds in found.lifted.items()}


def test_a_window_is_refilled_until_all_are_ready() -> None:
    assert foreseen(wave(40)) == Outcome(40.0, 10, 40, frozenset({PLAN_CAP}))


def test_the_smaller_of_the_plans_cap_and_the_sites_is_the_window() -> None:
    assert foreseen(wave(40), site_budget=5).peak == 5


def test_a_wave_begins_when_the_one_before_it_is_over() -> None:
    assert foreseen(wave(2, "db"), wave(2, "web")).seconds == 20


def test_nothing_to_start_takes_no_time() -> None:
    assert foreseen(StartWave("db", ())) == Outcome(0.0, 0, 0)


def test_boot_times_differ_as_they_were_measured() -> None:
    spread = foreseen(wave(100), boots=BootTimes(10, 20, ""), plan_cap=100).seconds
    assert 20 < spread < 60


def test_what_is_stuck_holds_its_slot_until_the_timeout() -> None:
    course = Course([wave(2)], stuck={"payroll/db-0"})
    found = foreseen(course=course, plan_cap=1)
    assert (found.seconds, found.ready) == (310, 1)


def test_what_is_tried_again_rests_before_it_holds_a_slot_once_more() -> None:
    course = Course([wave(1)], stuck={"payroll/db-0"})
    assert foreseen(course=course, retries=Retries(1, timedelta(seconds=30))) == Outcome(630.0, 1, 0)


def test_a_start_that_stops_on_failure_ends_with_the_wave() -> None:
    course = Course([wave(2, "db"), wave(2, "web")], stuck={"payroll/db-0"})
    assert foreseen(course=course, on_failure="stop").ready == 1


def test_what_needs_another_begins_after_it() -> None:
    course = Course([wave(3)], needs={"payroll/db-0": needs("payroll/db-2"), "payroll/db-2": needs("payroll/db-1")})
    assert foreseen(course=course).seconds == 30


def test_a_need_of_an_earlier_wave_is_met() -> None:
    course = Course([wave(1, "db"), wave(1, "web")], needs={"payroll/web-0": needs("payroll/db-0")})
    assert foreseen(course=course).seconds == 20


def test_what_needs_something_stuck_never_begins() -> None:
    course = Course([wave(2)], stuck={"payroll/db-0"}, needs={"payroll/db-1": needs("payroll/db-0")})
    assert foreseen(course=course) == Outcome(300.0, 1, 0)


def test_a_wave_waits_for_its_delay_and_no_gate() -> None:
    late = replace(wave(2, "web"), delay=60.0, gate="release")
    assert foreseen(wave(2, "db"), late) == Outcome(80.0, 2, 4)


def test_a_vm_that_may_take_longer_is_given_up_later() -> None:
    course = Course([wave(1)], stuck={"payroll/db-0"})
    assert foreseen(course=course, timeouts={"payroll/db-0": 600.0}).seconds == 600


def test_a_cap_lets_those_pass_that_it_does_not_count() -> None:
    parts = dict.fromkeys(wave(10).keys[:5], (("node", "node-1"),))
    found = foreseen(course=Course([wave(10)], parts=parts), caps={"node": 1})
    assert (found.peak, found.seconds) == (6, 50)


def test_of_two_caps_both_hold() -> None:
    parts = {key: (("node", f"node-{number % 2}"), ("namespace", "payroll")) for number, key in enumerate(wave(8).keys)}
    found = foreseen(course=Course([wave(8)], parts=parts), caps={"node": 2, "namespace": 3})
    assert (found.peak, found.seconds) == (3, 30)


def test_a_controller_that_may_send_little_is_the_limit_of_the_published_storm() -> None:
    """1,000 VMs at 5 requests a second: 22.7 minutes (kubevirt/kubevirt#7879)."""
    found = foreseen(wave(1000), plan_cap=1000, qps=5, burst=10, timeout=3600.0)
    assert found.seconds == pytest.approx(1362 + 10, rel=0.05)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, (PLAN_CAP, {PLAN_CAP: 10})),
        ({"site_budget": 4}, (SITE_BUDGET, {SITE_BUDGET: 10})),
        ({"plan_cap": 100}, (BOOT_TIMES, {})),
        ({"plan_cap": 100, "qps": 2, "burst": 2}, (CONTROLLER, {CONTROLLER: 10})),
        ({"qps": 5, "burst": 5, "plan_cap": 5}, (PLAN_CAP, {PLAN_CAP: 65, CONTROLLER: 80})),
        ({"caps": {"storage class": 2}}, ("per_storage_class", {"per_storage_class": 40})),
    ],
)
def test_the_limit_that_binds_is_the_one_whose_absence_helps_most(
    limits: dict[str, object], expected: tuple[str, dict[str, int]]
) -> None:
    assert bound(40, **limits) == expected


def test_boot_times_are_summed_up_for_the_record() -> None:
    assert measured([float(number) for number in range(1, 101)]) == {"count": 100, "median": 51.0, "p90": 91.0}
    assert measured([]) == {}


def run(name: str, target: str, started: str, boots: object) -> dict[str, object]:
    return {"id": name, "target": target, "started": started, "steps": {"start": {"summary": {"boots": boots}}}}


def test_boot_times_are_those_of_the_newest_run_to_the_same_site() -> None:
    boots = {"count": 40, "median": 30.0, "p90": 50.0}
    runs = [
        run("old", "west", "2026-03-01", {**boots, "median": 20.0}),
        run("new", "west", "2026-03-02", boots),
        run("back", "east", "2026-03-03", {**boots, "median": 90.0}),
        run("few", "west", "2026-03-04", {**boots, "count": 1}),
        run("none", "west", "2026-03-05", {}),
    ]
    assert learned(runs, "west") == BootTimes(30.0, 50.0, "run new, 40 starts")


def test_a_plan_that_never_started_anything_has_assumed_boot_times() -> None:
    assert learned([{"id": "r", "target": "west", "started": "", "steps": {}}], "west") is ASSUMED


def test_a_window_that_virt_controller_cannot_follow_gives_vms_up() -> None:
    found = foreseen(wave(1000), plan_cap=1000, qps=5, burst=10, timeout=300.0)
    assert found.seconds == 300
    assert 190 < found.ready < 220
