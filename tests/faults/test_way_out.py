# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relocate whose record was deleted when it had a proof: only a person knows the way out, a failover."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK_AFTER_LOSS, RELOCATE, Move
from ansible_collections.ocpvirt.dr.tests.faults.records import lose_record
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

WAY_OUT = Move("the way out", "failover", RELOCATE.source, RELOCATE.target)
BACK = replace(FAILBACK_AFTER_LOSS, name="failback after the way out")


@pytest.mark.full
def test_p10_a_run_whose_record_is_gone_with_its_proof_is_refused_with_the_way_out(stage: Stage) -> None:
    """Nobody knows any more that the target has everything: a person has to say so."""
    stage.come_home()
    began = stage.depart(WAY_OUT)
    lose_record(stage, RELOCATE, "promote")
    refused = stage.begin(RELOCATE)
    code = refused.wait()
    stage.finish(WAY_OUT, began)
    stage.go(BACK)
    assert code != 0
    assert "no record of a run" in refused.output
    assert "dr_declare_lost=east" in refused.output
