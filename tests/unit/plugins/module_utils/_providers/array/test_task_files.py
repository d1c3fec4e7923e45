# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files that look before they switch, on doubles of the collections' modules."""

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
RCGS = "dellemc.powerflex.info"
RCG = "dellemc.powerflex.replication_consistency_group"


def request(product: str, verb: str, site: str, peer: str) -> dict[str, Any]:
    here, there = (OPTIONS[product][name] for name in (site, peer))
    asked = {"verb": verb, "group": "payroll", "site": site, "peer": peer, "timeout": 60}
    return {**asked, "file": f"{product}/{verb}.yml", "here": here, "there": there}


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
    (outcome,) = doubles.run([request("hitachi_vspone_block", "demote", "east", "west")])
    assert [call["args"]["state"] for call in doubles.calls() if call["name"] == SWITCH] == asked
    assert bool(outcome["failed"]) is failed
    assert ("payroll-log" in outcome["failed"]) is failed


@pytest.mark.parametrize(
    ("way", "kind", "asked"),
    [
        ("RemoteToLocal", "None", ["failover"]),
        ("LocalToRemote", "Switchover", ["restore"]),
        ("RemoteToLocal", "Failover", []),
    ],
)
def test_p5_a_failover_that_a_killed_run_has_asked_for_is_not_undone(
    tmp_path: Path, way: str, kind: str, asked: list[str]
) -> None:
    shown = {"name": "test_rcg", "replicationDirection": way, "failoverType": kind, "failoverState": "Progress"}
    answers = {f"{RCGS}/rcg": [{"Replication_Consistency_Groups": [shown]}]}
    doubles = Doubles(tmp_path, [RCGS, RCG], answers)
    (outcome,) = doubles.run([request("dell_powerflex", "promote", "west", "east")])
    assert [call["args"]["rcg_state"] for call in doubles.calls() if call["name"] == RCG] == asked
    assert outcome == {"answer": {"changed": bool(asked)}, "failed": "", "silent": False}
