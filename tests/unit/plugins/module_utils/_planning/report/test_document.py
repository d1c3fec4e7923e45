# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import StepRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.report.runs import (
    FINDING,
    at,
    document,
    failover,
    record_of,
    start_of,
)


def test_a_failover_is_measured_per_group_and_vm_from_its_begin() -> None:
    told = document(failover(), record_of(start_of(3)))
    assert [(loss["group"], loss["seconds"]) for loss in told["losses"]] == [("payroll", 5.0)]
    assert [(vm["name"], vm["rto_seconds"]) for vm in told["vms"]] == [
        ("payroll/vm-00002", 42.0),
        ("payroll/vm-00001", 41.0),
        ("payroll/vm-00000", 40.0),
    ]
    assert told["vms"][-1] == {
        "name": "payroll/vm-00000",
        "kind": "vm",
        "state": "ready",
        "asked": at(10),
        "boot_seconds": 30.0,
        "rto_seconds": 40.0,
    }
    assert (told["rto"]["longest"], told["rto"]["since_what"]) == (42.0, "the run began")


def relocate(attempt: int) -> dict[str, Any]:
    run = failover(operation="relocate").with_step("quiesce", StepRecord("done", attempt, at(8), at(9)))
    return document(run, record_of(start_of(1)))


def test_a_planned_move_counts_from_when_it_began_to_stop_vms() -> None:
    told = relocate(attempt=1)
    assert (told["vms"][0]["rto_seconds"], told["rto"]["since_what"]) == (32.0, "VMs began to be stopped")


def test_a_stop_that_was_begun_again_says_no_more_when_vms_went() -> None:
    told = relocate(attempt=2)
    assert (told["vms"][0]["rto_seconds"], told["rto"]["since_what"]) == (40.0, "the run began")


def test_what_failed_comes_first_and_what_was_never_timed_last() -> None:
    start = start_of(1, failed={"payroll/bad": "not ready after 300 s"}, asked={"payroll/late": 1772366410.0})
    capture = {"vms": ["payroll/off", "payroll/bad"], "workloads": ["payroll/front"]}
    told = document(failover(), record_of(start, capture=capture))
    assert [(vm["name"], vm["kind"], vm["state"]) for vm in told["vms"]] == [
        ("payroll/bad", "vm", "failed"),
        ("payroll/late", "vm", "in flight"),
        ("payroll/vm-00000", "vm", "ready"),
        ("payroll/front", "workload", "no time recorded"),
        ("payroll/off", "vm", "no time recorded"),
    ]


def test_a_run_that_gave_everything_back_shows_the_start_at_its_source() -> None:
    back = start_of(2)
    told = document(failover(state="rolled_back"), record_of(start_of(1), **{"startup-at-source": back}))
    assert (told["start"]["site"], [vm["name"] for vm in told["vms"] if vm["state"] == "ready"]) == (
        "east",
        ["payroll/vm-00001", "payroll/vm-00000"],
    )


def test_findings_and_decisions_name_their_step() -> None:
    run = failover().with_step("metadata", StepRecord("done", 1, at(8), at(9), {"decisions": ["a stays halted"]}))
    told = document(run, record_of(start_of(1)))
    assert told["findings"] == [{"step": "capture", **FINDING}]
    assert told["decisions"] == [{"step": "metadata", "decision": "a stays halted"}]


def test_hooks_say_whether_they_passed_and_why_not() -> None:
    told = document(failover(), record_of(start_of(1, hooks={"web": "no answer", "db": None})))
    assert [(hook["name"], hook["state"], hook["error"]) for hook in told["hooks"]] == [
        ("wave db", "passed", ""),
        ("wave web", "failed", "no answer"),
    ]


def test_a_run_that_recorded_nothing_but_its_begin_has_a_document() -> None:
    told = document(failover(steps={}, ended=None, state="running", source_last_seen=None), {})
    assert (told["vms"], told["losses"], told["start"]["curve"], told["seconds"]) == ([], [], [], None)
    assert told["rto"] == {"since": at(0), "since_what": "the run began"}


def test_a_rehearsal_tells_its_verdict_and_how_old_its_copies_were() -> None:
    shown = {"verdict": "passed", "reasons": [], "taken": {"db": at(-5), "app": None}, "groups": []}
    run = failover(operation="test_failover")
    assert document(run, record_of(start_of(1), rehearsal=shown))["rehearsal"] == {
        "verdict": "passed",
        "reasons": [],
        "recovery_point": {},
        "copies": [{"group": "app", "taken": None}, {"group": "db", "taken": at(-5)}],
    }


def test_one_that_came_to_no_verdict_and_other_runs_tell_none() -> None:
    assert document(failover(), record_of(start_of(1)))["rehearsal"] == {}
    assert document(failover(), record_of(start_of(1), rehearsal={"groups": []}))["rehearsal"] == {}
