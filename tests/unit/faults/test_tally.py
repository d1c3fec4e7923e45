# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures at the end, and when they are not as they must be."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.boundaries import Boundaries
from ansible_collections.ocpvirt.dr.tests.faults.fault_names import (
    CLOCK_BEHIND,
    EVERY,
    OBJECT_STORE,
    SAME_WAY,
    WANTED,
    in_operation,
)
from ansible_collections.ocpvirt.dr.tests.faults.tally import OPERATIONS, Tally, main, total

STORE_GONE = in_operation(OBJECT_STORE, "failback")
BEHIND = in_operation(CLOCK_BEHIND, "relocate")
MET = {name: {"begin of play 1": 2, "end of play 1": 1} for name in OPERATIONS}
GOOD = Tally(
    kills=Counter(dict.fromkeys(OPERATIONS, 30)),
    beside=Counter({"waited for its lock": 1}),
    boundaries=Boundaries(MET),
    faults=Counter(dict.fromkeys(EVERY, 1)),
    runs=9,
    seeds=["1"],
)


def test_lanes_are_added_up() -> None:
    other = Tally(kills=Counter(relocate=2), faults=Counter({STORE_GONE: 1}), parents=1, runs=1, lost=4, seeds=["2"])
    found = total([GOOD, other])
    assert (found.kills["relocate"], found.faults[STORE_GONE], found.injected) == (32, 2, GOOD.injected + 3)
    assert (found.runs, found.lost, found.seeds) == (10, 4, ["1", "2"])


def test_a_tally_comes_back_from_its_file_as_it_was() -> None:
    assert Tally.read(json.dumps(vars(GOOD))) == GOOD


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"lost": 1}, "1 records were lost"),
        ({"doubles": ["a VM"]}, "1 double starts"),
        ({"promises": ["P5: no end"]}, "1 promises were violated"),
        ({"failed": ["a test"]}, "1 tests failed"),
        ({"runs": 0}, "no run was completed"),
        ({"kills": Counter(failover=30, relocate=29, failback=30)}, "29 kills in relocate"),
        ({"beside": Counter()}, "no next attempt began beside a living module"),
        ({"boundaries": Boundaries(MET | {"failback": {}})}, "no boundary of failback"),
        (
            {"boundaries": Boundaries(MET | {"relocate": {"sync of play 1": 0}})},
            "no kill met relocate at the boundary of sync of play 1",
        ),
        ({"faults": Counter(set(EVERY) - {BEHIND})}, "not injected: clock five minutes behind in relocate"),
        ({"faults": Counter(set(EVERY) - {STORE_GONE})}, "not injected: S3 gone in failback"),
    ],
)
def test_what_is_not_as_it_must_be_fails_the_suite(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    bad = replace(GOOD, **change)  # type: ignore[arg-type]
    assert [text for text in bad.problems(30, EVERY) if problem in text]
    bad.write(tmp_path / "lane.json")
    assert main([str(tmp_path / "lane.json")]) == 1


def test_a_fault_is_told_with_the_operation_that_met_it() -> None:
    tally = Tally()
    for operation in ("relocate", "failover", "failover"):
        tally.struck(SAME_WAY, operation)
    tally.struck(OBJECT_STORE, "failover")
    others = [line for line in tally.lines() if line.startswith("  others")]
    assert others == [
        "  others, failover  S3 gone 1, two operators, same direction 2",
        "  others, relocate  two operators, same direction 1",
        "  others, failback  none",
    ]


def test_every_operation_is_to_meet_faults_beside_kills() -> None:
    assert set(WANTED) == set(OPERATIONS)
    assert len(EVERY) == len(set(EVERY)) == sum(map(len, WANTED.values()))


def test_a_suite_that_shows_all_of_it_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    GOOD.write(tmp_path / "lane.json")
    assert main([str(tmp_path / "lane.json")]) == 0
    told = capsys.readouterr().out
    for words in (
        f"faults injected     {90 + len(EVERY)}",
        "beside a module   1 next attempts: 1 waited for its lock",
        "at boundaries     2 of 2 of failover; 2 of 2 of relocate; 2 of 2 of failback",
        "runs completed      9",
        "records lost        0",
        "double starts       0",
    ):
        assert words in told
