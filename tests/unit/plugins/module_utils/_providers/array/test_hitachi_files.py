# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task file that switches Hitachi's pairs, on doubles of the collection's modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.answers import (
    OPTIONS,
    PAIR,
    changed,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.doubles import Doubles

FACTS = "hitachivantara.vspone_block.vsp.hv_hur_facts"
SWITCH = "hitachivantara.vspone_block.vsp.hv_remote_copy_group"
OPTIONS_OF = OPTIONS["hitachi_vspone_block"]
DEMOTE = {
    "verb": "demote",
    "group": "payroll",
    "site": "east",
    "peer": "west",
    "timeout": 60,
    "file": "hitachi_vspone_block/demote.yml",
    "here": OPTIONS_OF["east"],
    "there": OPTIONS_OF["west"],
}


@pytest.mark.parametrize(
    ("pvol", "svol", "asked", "failed"),
    [
        ("PAIR", "PAIR", ["swap_split", "swap_resync"], False),
        ("PSUS", "SSWS", ["swap_resync"], False),
        ("PSUE", "PSUE", [], True),
        ("COPY", "COPY", [], True),
        ("PAIR", "PSUE", [], True),
    ],
)
def test_p3_only_pairs_with_everything_sent_are_switched(
    tmp_path: Path, pvol: str, svol: str, asked: list[str], failed: bool
) -> None:
    pairs: list[Any] = [PAIR, changed(PAIR, copy_pair_name="payroll-log", pvol_status=pvol, svol_status=svol)]
    # of a run that was killed all pairs are in one state: the group is switched as a whole
    pairs = pairs if failed else [changed(pair, pvol_status=pvol, svol_status=svol) for pair in pairs]
    doubles = Doubles(tmp_path, [FACTS, SWITCH], {FACTS: [{"ansible_facts": {"hurs": pairs}}]})
    (outcome,) = doubles.run([DEMOTE])
    assert [call["args"]["state"] for call in doubles.calls() if call["name"] == SWITCH] == asked
    assert bool(outcome["failed"]) is failed
    assert ("payroll-log" in outcome["failed"]) is failed
