# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From decisions to writes at the target: what is created, what is bound anew, what is right as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.kinds import PV, PVC, Kind
from .._errors import Conflict, DrError
from .._model.names import CREATED_BY
from .._planning.volume_existing import adopt_volume, bound_to, check_claim
from .._planning.volume_patch import VolumeDecision
from .protected import key_of
from .session import Session


@dataclass(frozen=True)
class Write:
    """One write for a claim. body: the object to create, or the merge patch of the PV that is there."""

    decision: VolumeDecision
    kind: Kind
    body: Object
    patches: bool = False


@dataclass(frozen=True)
class Existing:
    """What a target has already: PVs by name, claims by namespace/name."""

    volumes: Mapping[str, Object]
    claims: Mapping[str, Object]


def list_existing(api: Api) -> Existing:
    # volumes before claims: a volume bound meanwhile names a claim that is then listed, and never seems forsaken
    volumes = {item["metadata"]["name"]: item for item in api.list(PV)}
    return Existing(volumes, {key_of(item): item for item in api.list(PVC)})


def settle(decision: VolumeDecision, existing: Existing, site: str) -> tuple[VolumeDecision, list[Write]]:
    """The decision as it is carried out beside what is there, and the writes for it. Refused where that differs."""
    name = decision.pv["metadata"]["name"]
    volume, claim = existing.volumes.get(name), existing.claims.get(decision.claim)
    if claim is not None:
        check_claim(decision, claim, site)
    patch = None
    if volume is not None:
        adoption = adopt_volume(decision, volume, claim, site)
        decision, patch = adoption.decision, adoption.patch
    elif claim is not None:
        decision = bound_to(decision, claim)
    writes = []
    if volume is None:
        writes.append(Write(decision, PV, decision.pv))
    elif patch is not None:
        writes.append(Write(decision, PV, patch, patches=True))
    if claim is None:
        writes.append(Write(decision, PVC, decision.pvc))
    return decision, writes


def settle_all(
    decisions: list[VolumeDecision], existing: Existing, site: str
) -> tuple[list[VolumeDecision], list[Write]]:
    """All of them, before anything is written; of several refusals the first, with the names of the others."""
    settled: list[VolumeDecision] = []
    writes: list[Write] = []
    refused: list[DrError] = []
    for decision in decisions:
        try:
            found, todo = settle(decision, existing, site)
        except DrError as error:
            refused.append(error)
        else:
            settled.append(found)
            writes += todo
    if refused:
        first, others = refused[0], [str(error.on) for error in refused[1:]]
        if others:
            first.seen = f"{first.seen}; {len(others)} more are refused: {', '.join(others[:5])}"
        raise first
    return settled, writes


def carry_out(session: Session, writes: list[Write]) -> None:
    """All volumes before all claims: a claim whose volume the PV controller has not seen waits for its next round."""
    for kind in (PV, PVC):
        todo = [write for write in writes if write.kind is kind]
        outcome = for_each(todo, lambda write: _write(session, write), before_batch=session.verify_lock)
        for write, error in outcome.failed:
            raise _named(error, write)


def _write(session: Session, write: Write) -> None:
    if write.patches:
        session.api.patch(write.kind, write.decision.pv["metadata"]["name"], None, write.body)
        return
    meta: dict[str, Any] = write.body["metadata"]
    annotations = {**meta.get("annotations", {}), CREATED_BY: session.run.id}
    session.api.create(write.kind, {**write.body, "metadata": {**meta, "annotations": annotations}})


def _named(error: DrError, write: Write) -> DrError:
    if isinstance(error, Conflict) and write.patches:
        error.next_step = "somebody changed it since it was read: start again"
    error.next_step = error.next_step or f"claim {write.decision.claim}: correct it, then start again"
    return error
