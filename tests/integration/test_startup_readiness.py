# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that have to answer before they count as ready, a hook that judges a wave, and a retry of what failed."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.ocpvirt.dr.tests.integration.answering import (
    HEALTH,
    SERVING,
    SILENT,
    UNSCHEDULABLE,
    WARM,
    Answering,
    listening,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import assert_as_it_must_be, must, refused
from demo.workload import NAMESPACE


def is_recorded(answering: Answering, name: str) -> bool:
    """A VM bears the record of what it was until its start is over."""
    vm = answering.world.cluster("west").get("VirtualMachine", name, NAMESPACE)
    return "dr.ocpvirt.io/recorded" in vm["metadata"]["annotations"]


def test_p10_an_unschedulable_vm_is_listed_with_its_status_and_events(answering: Answering) -> None:
    refused(answering.first, f"payroll/{UNSCHEDULABLE}", "ErrorUnschedulable", "FailedScheduling on Pod/virt-launcher-")


def test_p10_a_vm_that_does_not_answer_is_listed_with_what_its_probe_saw(answering: Answering) -> None:
    refused(answering.first, f"TCP port {answering.silent} of 127.0.0.1: Connection refused")


def test_p10_the_command_for_a_retry_names_what_failed(answering: Answering) -> None:
    refused(answering.first, "ocpvirt.dr.failover", "dr_declare_lost=east", "dr_only")


def test_a_vm_whose_port_answers_is_ready(answering: Answering) -> None:
    assert not is_recorded(answering, "db-1")


def test_a_vm_whose_web_server_is_well_is_ready(answering: Answering) -> None:
    assert not is_recorded(answering, SERVING)
    assert (len(answering.asked) >= WARM, set(answering.asked)) == (True, {HEALTH})


def test_the_hook_of_a_wave_gets_its_vms(answering: Answering) -> None:
    hook = answering.hook
    assert (hook["wave"], hook["site"], hook["keys"]) == ("databases", "west", ["payroll/db-0", "payroll/db-1"])


def test_no_vm_of_the_next_wave_began_before_the_hook_had_judged(answering: Answering) -> None:
    judged = answering.hook_file.stat().st_mtime
    assert answering.began
    assert all(datetime.fromisoformat(moment).timestamp() >= int(judged) for moment in answering.began)


def test_a_retry_starts_only_what_it_names_once_the_cause_is_gone(answering: Answering) -> None:
    """And the run does not end: it says what was left out. Without the option it starts all, and ends."""
    answering.make_schedulable()
    refused(answering.retry(f"{NAMESPACE}/{UNSCHEDULABLE}"), "dr_only leaves them as they are")
    assert (is_recorded(answering, UNSCHEDULABLE), is_recorded(answering, SILENT)) == (False, True)
    with listening(answering.silent):
        must(answering.retry())
    assert_as_it_must_be(answering.world)
