# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a failover whose source is still dead."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from demo.playbook import Played
from demo.workload import NAMESPACE


@dataclass
class Reported:
    """The files of a report, and what the playbook said when it wrote them and when it was run again."""

    world: World
    run: dict[str, Any]
    html: str
    again: Played


@pytest.fixture(scope="module")
def reported(moved: World, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder: Path = tmp_path_factory.mktemp("reports")
    must(moved.play("report", "-e", f"dr_reports={folder}"))
    again = must(moved.play("report", "-e", f"dr_reports={folder}"))
    (told,), (page,) = folder.glob("*.json"), folder.glob("*.html")
    return Reported(moved, json.loads(told.read_text()), page.read_text(), again)


def test_p4_a_failover_is_reported_while_its_source_is_dead(reported: Reported) -> None:
    run = reported.run
    assert (run["operation"], run["target"], run["state"], run["unread"]) == ("failover", "west", "done", {})
    assert {step["state"] for step in run["steps"]} == {"done"}


def test_the_loss_of_each_group_and_the_time_away_of_each_vm_were_measured(reported: Reported) -> None:
    run = reported.run
    assert [loss["seconds"] is not None for loss in run["losses"]] == [True] * len(run["losses"]) != []
    ready = {vm["name"]: vm for vm in run["vms"] if vm["state"] == "ready"}
    assert ready.keys() == {f"{NAMESPACE}/{name}" for name in reported.world.running}
    assert all(vm["rto_seconds"] > vm["boot_seconds"] > 0 for vm in ready.values())


def test_the_curve_stays_below_the_cap_and_ends_with_nothing_in_flight(reported: Reported) -> None:
    start = reported.run["start"]
    assert start["cap"] == reported.world.document["startup"]["max_starting"]
    flying = [point["in_flight"] for point in start["curve"]]
    assert 0 < max(flying) <= start["cap"]
    assert flying[-1] == 0


def test_the_page_has_a_bar_for_each_vm(reported: Reported) -> None:
    assert reported.html.count('<rect class="ready"') == len(reported.world.running)


def test_the_run_had_written_the_same_page_when_it_ended(reported: Reported) -> None:
    (page,) = reported.world.reports.glob("*.html")
    assert page.read_text() == reported.html


def test_a_report_of_the_same_record_changes_nothing(reported: Reported) -> None:
    assert reported.again.changed == 0


def test_the_list_of_runs_shows_what_was_measured(reported: Reported) -> None:
    longest = reported.run["rto"]["longest"]
    status = must(reported.world.play("status"))
    # a fence debt names its run too
    lines = [line for line in status.output.splitlines() if reported.run["run_id"] in line]
    assert [line for line in lines if f"{longest:.0f} s" in line]
