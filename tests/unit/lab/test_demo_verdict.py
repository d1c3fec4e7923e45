# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo calls a success: each thing that is not as it must be is named, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.lab.demo_site import EAST, READY, VMS, WEST, Site, disk
from demo.verdict import Move, Verdict, behind, judge, judge_copies, restarted

# east wrote 10, of which 8 had arrived; west went on with 9
LOST_SITE = {"db-0": disk(("east", 1, 10))}
FAILED_OVER = {"db-0": disk(("east", 1, 8), ("west", 9, 20))}
# west wrote up to 20, and east goes on with 21
HOME = {"db-0": disk(("east", 1, 8), ("west", 9, 20), ("east", 21, 30))}


def failover(site: Site, after: dict[str, Any] = FAILED_OVER) -> Verdict:
    return judge(VMS, site, Move("east", "west", EAST, LOST_SITE, after))  # type: ignore[arg-type]


def way_home(before: dict[str, Any], after: dict[str, Any] = HOME) -> Verdict:
    return judge(VMS, Site(EAST), Move("west", "east", WEST, before, after, planned=True))  # type: ignore[arg-type]


def test_a_failover_loses_what_had_not_arrived_and_says_how_much_and_how_old() -> None:
    verdict = failover(Site(WEST))
    assert verdict.problems == []
    assert (verdict.running, verdict.verified) == (1, 2)
    assert (verdict.lost_records, verdict.rpo) == ({"db-0": 2}, {"db-0": 2.0})


def test_the_way_home_loses_nothing() -> None:
    verdict = way_home(FAILED_OVER)
    assert (verdict.problems, verdict.lost) == ([], 0)
    assert verdict.away == {"db-0": 1.0}


def test_p3_a_record_that_is_lost_on_the_way_home_is_a_problem() -> None:
    verdict = way_home({"db-0": disk(("east", 1, 8), ("west", 9, 23))})
    assert verdict.problems == ["db-0 lost 3 records in a planned move"]


def not_ready(site: Site) -> None:
    site.kinds["VirtualMachineInstance"]["db-0"] = {"status": {"conditions": READY[:1]}}


def another_strategy(site: Site) -> None:
    site.kinds["VirtualMachine"]["db-0"]["spec"]["runStrategy"] = "Halted"


def absent(site: Site) -> None:
    del site.kinds["VirtualMachine"]["batch-0"]


def started(site: Site) -> None:
    site.kinds["VirtualMachineInstance"]["batch-0"] = {}


def pointing_home(site: Site) -> None:
    site.kinds["PersistentVolume"]["db-0"]["spec"]["nfs"]["server"] = EAST


def pending(site: Site) -> None:
    site.kinds["PersistentVolumeClaim"]["db-0"]["status"]["phase"] = "Pending"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (not_ready, "db-0 does not run at west"),
        (another_strategy, "db-0 has runStrategy Halted, had Always"),
        (absent, "batch-0 is absent at west"),
        (started, "batch-0 was off and runs at west"),
        (pointing_home, "db-0 names east's storage"),
        (pending, "db-0 has no bound claim"),
    ],
)
def test_each_thing_that_is_not_as_it_must_be_at_the_target_is_named(change: Any, problem: str) -> None:
    site = Site(WEST)
    change(site)
    assert failover(site).problems == [problem]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (disk(), "db-0 has no records at west"),
        (disk(("west", 1, 9)), "db-0 has nothing of what it wrote at east"),
        (disk(("east", 1, 8)), "db-0 appends nothing at west"),
        (disk(("east", 1, 8), ("west", 10, 20), gaps=1), "db-0 has gaps [{'after': 1, 'next': 3}] or 0 bad checksums"),
    ],
)
def test_a_disk_that_does_not_go_on_where_its_copy_ended_is_named(written: dict[str, Any], problem: str) -> None:
    (found,) = failover(Site(WEST), {"db-0": written}).problems
    assert found.startswith(problem)


def test_a_vm_that_appends_nothing_at_home_is_not_taken_for_one_by_what_it_once_wrote_there() -> None:
    assert way_home(FAILED_OVER, FAILED_OVER).problems == ["db-0 appends nothing at east"]


def test_a_clean_site_holds_copies_only_and_runs_nothing() -> None:
    assert judge_copies(["db-0"], "east", FAILED_OVER, set()) == []
    assert judge_copies(["db-0"], "east", LOST_SITE, {"db-0"}) == [
        "db-0 runs at east",
        "db-0's disk at east has nothing of the other site",
    ]


def test_a_disk_is_behind_until_it_ends_with_what_the_other_site_wrote() -> None:
    assert behind(["db-0", "app-0"], "east", {**LOST_SITE, "app-0": disk()}) == ["db-0", "app-0"]
    assert behind(["db-0"], "east", FAILED_OVER) == []


def test_a_vm_that_was_booted_between_two_looks_was_restarted() -> None:
    assert restarted(["db-0"], FAILED_OVER, FAILED_OVER) == []
    assert restarted(["db-0"], LOST_SITE, FAILED_OVER) == ["db-0"]
