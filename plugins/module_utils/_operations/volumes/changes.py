# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From decisions to changes at the target: what is created, what is bound anew, what is right as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..._cluster.api import Api, Object
from ..._cluster.kinds import PV, PVC
from ..._errors import DrError
from ..._planning.volumes.binding import VolumeChange, change_for
from ..._planning.volumes.patch import VolumeDecision
from ..inventory.protected import key_of


@dataclass(frozen=True)
class Existing:
    """What a target has already: PVs by name, claims by namespace/name."""

    volumes: Mapping[str, Object]
    claims: Mapping[str, Object]


def list_existing(api: Api) -> Existing:
    # volumes before claims: a volume bound meanwhile names a claim that is then listed, and never seems forsaken
    volumes = {item["metadata"]["name"]: item for item in api.list(PV)}
    return Existing(volumes, {key_of(item): item for item in api.list(PVC)})


def settle(decision: VolumeDecision, existing: Existing, site: str) -> VolumeChange:
    """The decision as it is carried out beside what is there. Refused where that differs."""
    volume = existing.volumes.get(decision.pv["metadata"]["name"])
    return change_for(decision, volume, existing.claims.get(decision.claim), site)


def settle_all(decisions: list[VolumeDecision], existing: Existing, site: str) -> list[VolumeChange]:
    """All of them, before anything is written; of several refusals the first, with the names of the others."""
    settled: list[VolumeChange] = []
    refused: list[DrError] = []
    for decision in decisions:
        try:
            settled.append(settle(decision, existing, site))
        except DrError as error:
            refused.append(error)
    if refused:
        first, others = refused[0], [str(error.on) for error in refused[1:]]
        if others:
            first.seen = f"{first.seen}; {len(others)} more are refused: {', '.join(others[:5])}"
        raise first
    return settled
