# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vmi_state import vmi_state
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import startup
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import claims_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start, vmi


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch)


def test_waves_start_one_after_the_other(start: Start) -> None:
    start.api.add("app", PowerRecord("Always", True), tier="app")
    start.api.add("db", PowerRecord("Always", True), tier="db")
    start.run(waves=[{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}])
    created = [write for write in start.api.writes if write.startswith("create VirtualMachineInstance")]
    assert [write.rpartition("/")[2] for write in created] == ["db", "app"]


def test_never_more_in_flight_than_the_plan_allows(start: Start) -> None:
    for number in range(30):
        start.api.add(f"vm-{number:02}", PowerRecord("Always", True))
    result = start.run(max_starting=4)
    assert (result["ready"], result["peak_in_flight"]) == (30, 4)


def test_never_more_in_flight_than_the_budget_of_the_site(start: Start) -> None:
    start.sites["west"]["max_starting"] = 3
    for number in range(12):
        start.api.add(f"vm-{number:02}", PowerRecord("Always", True))
    result = start.run(max_starting=4)
    assert (result["ready"], result["peak_in_flight"]) == (12, 3)


def test_a_start_that_is_done_leaves_the_budget_to_others(start: Start) -> None:
    start.sites["west"]["max_starting"] = 3
    start.api.add("a", PowerRecord("Always", True))
    start.run()
    claims = claims_of(start.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr"))
    assert (claims["payroll"].active, claims["payroll"].grant, claims["payroll"].budget) == (False, 0, 3)


def test_a_round_that_is_over_keeps_its_part_of_the_budget(start: Start) -> None:
    start.sites["west"]["max_starting"] = 3
    start.api.add("a", PowerRecord("Always", True))
    start.api.broken.add("a")
    assert not start.run(round_timeout=5)["done"]
    assert claims_of(start.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr"))["payroll"].grant == 1


def test_a_vm_that_does_not_get_ready_is_reported_and_the_others_start(start: Start) -> None:
    for name in ("a", "b", "c"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.broken.add("a")
    result = start.run(max_starting=1)
    assert (result["ready"], result["not_started"], result["done"]) == (2, 1, True)
    assert [(failure["vm"], failure["reason"]) for failure in result["failures"]] == [
        (
            "payroll/a",
            "not ready after 60 s, asked 2 times; VM unknown, VMI Scheduling: Ready is False; AgentConnected is False",
        )
    ]


def test_a_vm_that_cannot_be_written_is_reported_and_the_others_start(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.denied.add("a")
    result = start.run()
    assert (start.api.running(), result["not_started"]) == ({"b"}, 1)
    assert "a webhook is down" in result["failures"][0]["reason"]


def test_a_round_ends_in_time_and_the_next_goes_on(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.broken.add("a")
    first = start.run(round_timeout=10)
    assert (first["done"], first["in_flight"]) == (False, 1)
    last = first
    while not last["done"]:
        last = start.run(round_timeout=10)
    assert (last["ready"], last["not_started"]) == (1, 1)


def test_the_reason_of_a_failure_is_told_once_however_many_rounds_follow(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.broken |= {"a", "b"}
    start.api.denied.add("a")
    while not (result := start.run(round_timeout=10))["done"]:
        pass
    assert [failure["reason"].count("VMI ") for failure in result["failures"]] == [1, 1]


def test_p5_a_start_that_is_done_changes_nothing_when_it_is_run_again(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.api.add("b", PowerRecord("Manual", False))
    start.run()
    before = list(start.api.writes)
    result = start.run()
    assert (result["changed"], start.api.writes) == (False, before)


def test_p5_what_a_killed_attempt_asked_to_start_is_not_asked_again(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True), halted=False)
    start.api.boot("a")
    assert start.run()["ready"] == 1
    assert [write for write in start.api.writes if "Instance" in write] == ["create VirtualMachineInstance/payroll/a"]


def test_p5_nothing_is_started_without_the_lock(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.session.lock_holds = 0
    with pytest.raises(Refused):
        start.run()
    assert start.api.running() == set()


def test_p1_nothing_is_started_when_the_guard_refuses(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise Refused("start VMs", seen="the source was not declared lost")

    start.api.add("a", PowerRecord("Always", True))
    monkeypatch.setattr(startup, "check_may_start", refuse)
    with pytest.raises(Refused):
        start.run()
    assert start.api.running() == set()


def test_p9_check_mode_shows_the_waves_and_writes_nothing(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    before = list(start.api.writes)
    result = start.run(check_mode=True)
    assert (result["changed"], result["waves"]) == (True, [{"name": "rest, priority 3", "vms": 1}])
    assert start.api.writes == before


@pytest.mark.parametrize(
    ("seen", "agent", "up"),
    [
        (vmi("a"), True, True),
        (vmi("a", conditions={"Ready": "True"}), True, False),
        (vmi("a", conditions={"Ready": "True"}), False, True),
        (vmi("a", conditions={"Ready": "False", "AgentConnected": "True"}), False, False),
        (vmi("a", phase="Scheduled"), False, False),
        (vmi("a", deletionTimestamp="2026-03-01T12:00:00Z"), False, False),
        ({"metadata": {}}, False, False),
    ],
    ids=["up", "no agent", "agent not wanted", "not ready", "not running", "going away", "new"],
)
def test_when_a_vm_counts_as_up(seen, agent, up) -> None:
    assert vmi_state(seen).is_up(agent) is up


def test_p9_check_mode_of_a_start_in_place_asks_the_guard_too(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise Refused("start VMs", seen="role secondary")

    monkeypatch.setattr(startup, "check_may_start", refuse)
    start.session.run = replace(start.session.run, operation="start")
    with pytest.raises(Refused, match="role secondary"):
        start.run(check_mode=True)


def test_boot_times_of_all_rounds_are_recorded_for_the_next_forecast(start: Start) -> None:
    start.session.record["startup"] = {"started": {"x": [0.0, 40.0], "y": [1.0, 50.0]}}
    start.api.add("a", PowerRecord("Always", True))
    start.run()
    boots = start.session.summary["boots"]
    assert (boots["count"], boots["median"], boots["p90"]) == (3, 40.0, 50.0)
    assert start.session.record["startup"]["started"].keys() == {"x", "y", "payroll/a"}


def test_what_got_ready_between_two_rounds_is_timed_by_the_second(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.api.broken.add("a")
    assert not start.run(round_timeout=5)["done"]
    start.api.delete(VMI, "a", "payroll")
    start.api.broken.clear()
    start.api.boot("a")
    start.run(round_timeout=5)
    _asked, seconds = start.session.record["startup"]["started"]["payroll/a"]
    # asked in the first turn of the first round; a second round that knew nothing of it would say one turn at most
    assert seconds > 3


def test_the_curve_of_a_start_ends_with_nothing_in_flight_and_names_the_cap(start: Start) -> None:
    for name in "abc":
        start.api.add(name, PowerRecord("Always", True))
    start.run(max_starting=2)
    curve = start.session.record["startup"]["curve"]
    assert (curve["cap"], max(point[1] for point in curve["points"]), curve["points"][-1][1]) == (2, 2, 0)


def test_a_start_that_found_everything_up_records_no_boot_times(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True), halted=False)
    start.api.boot("a")
    start.run()
    assert start.session.summary["boots"] == {}
