# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the target holds the clones that a run is to start from, asked while nothing is stopped or made yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._cluster.run_store import RunStore
from ..._model.capture import Capture, CaptureInfo
from ..._model.clone import Clone
from ..._model.finding import Finding
from ..._model.names import RECOVERED_FROM
from ..._planning.clones.arrived import WantedClones, check_arrived, unproven_clones
from ..._planning.clones.choice import choose_clones, older_points
from ..._planning.volumes.patch import VolumeDecision
from ..replication.awaited import observe_decided
from ..run.session import Session


def check_clones(
    session: Session, chosen: CaptureInfo, capture: Capture, decided: Sequence[VolumeDecision]
) -> list[Finding]:
    """Refused where a copy ends before its clones were whole. Else of which groups nobody can tell.

    decided: the volumes that the run is going to make of the capture.
    """
    plan = session.plan
    point = choose_clones(plan.name, capture, session.run.recovery_point or "")
    taken, older = _taken(session, point.clones, decided), older_points(plan.name, capture, point)
    wanted = WantedClones(plan.name, point.name, taken, chosen.created, older)
    here, there = observe_decided(session, decided)
    check_arrived(wanted, here)
    recorded = RunStore(session.api, plan.store_namespace).syncs(plan.name)
    return list(unproven_clones(wanted, here, there, recorded))


def _taken(session: Session, clones: Mapping[str, Clone], decided: Sequence[VolumeDecision]) -> dict[str, str]:
    """Groups whose clones VMs are going to start from, and when the last of these was taken."""
    taken: dict[str, str] = {}
    for decision in decided:
        if RECOVERED_FROM in (decision.pvc["metadata"].get("annotations") or {}):
            group = session.groups.of_claim(decision.pvc).name
            taken[group] = max(taken.get(group, ""), clones[decision.claim].facts.taken)
    return taken
