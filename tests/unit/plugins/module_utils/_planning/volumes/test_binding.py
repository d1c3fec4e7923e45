# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which writes bind a claim and its PV beside what is there, and which of them are ours."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.binding import (
    bound_uid,
    change_for,
    completion,
    for_claim,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.existing import BIND_COMPLETED
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.volumes.test_existing import (
    at_target,
    claim_at_target,
    nfs_decision,
)

Object = dict[str, Any]

DECISION = nfs_decision()
WAITING = claim_at_target(DECISION, "new", bound=False)
BOUND = claim_at_target(DECISION, "new", bound=True)


def held_by(uid: str) -> Object:
    return at_target(DECISION, {"uid": uid})


@pytest.mark.parametrize(
    ("volume", "claim", "creates", "patches", "unmarked"),
    [
        pytest.param(None, None, ["claim", "volume"], False, True, id="nothing"),
        pytest.param(None, WAITING, ["volume"], False, True, id="killed after the claim"),
        pytest.param(held_by("new"), WAITING, [], False, True, id="killed after the volume"),
        pytest.param(held_by("new"), BOUND, [], False, False, id="bound"),
        pytest.param(None, BOUND, ["volume"], False, False, id="lost its volume"),
        pytest.param(at_target(DECISION), None, ["claim"], False, False, id="reserved by name"),
        pytest.param(at_target(DECISION), WAITING, [], False, False, id="both, not bound yet"),
        pytest.param(held_by("gone"), None, ["claim"], True, False, id="released"),
        pytest.param(held_by("gone"), WAITING, [], True, False, id="released, claim made anew"),
        pytest.param(held_by("gone"), BOUND, [], True, False, id="released, claim lost it"),
    ],
)
def test_what_is_written_beside_what_is_there(
    volume: Object | None, claim: Object | None, creates: list[str], patches: bool, unmarked: bool
) -> None:
    change = change_for(DECISION, volume, claim, "west")
    assert [name for name in ("claim", "volume") if getattr(change, name) is not None] == creates
    assert (change.patch is not None, change.unmarked, change.creates) == (patches, unmarked, len(creates))


def test_a_volume_is_for_that_very_claim_and_the_decision_stays_as_it_is() -> None:
    before = copy.deepcopy(DECISION.pv)
    assert for_claim(DECISION.pv, "new")["spec"]["claimRef"] == {**before["spec"]["claimRef"], "uid": "new"}
    assert before == DECISION.pv


def test_why_a_lost_claim_gets_a_volume_is_said() -> None:
    reasons = change_for(DECISION, None, BOUND, "west").decision.reasons
    assert reasons[-1] == "the claim is there already and lost its volume: bound by its uid"


@pytest.mark.parametrize(
    ("phase", "uid", "known"),
    [("Bound", "new", "new"), ("Pending", "new", None), ("Released", "new", None), ("Available", "", None)],
)
def test_the_controller_knows_a_volume_whose_phase_it_wrote(phase: str, uid: str, known: str | None) -> None:
    assert bound_uid({**held_by(uid), "status": {"phase": phase}}) == known


def test_a_volume_without_a_claim_is_bound_to_none() -> None:
    assert bound_uid({"metadata": {}, "spec": {}, "status": {"phase": "Bound"}}) is None


def test_the_mark_is_for_that_very_claim() -> None:
    assert completion("new") == {"metadata": {"uid": "new", "annotations": {BIND_COMPLETED: "yes"}}}


def test_a_decision_beside_nothing_is_carried_out_as_it_is() -> None:
    decision: VolumeDecision = change_for(DECISION, None, None, "west").decision
    assert decision is DECISION
