# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written so that a claim and its PV are bound, in which order, and when the binding may be completed. Pure.

The PV controller binds in four writes, one after the other: the claim's uid into the PV, the PV's phase, a mark on the
claim, the claim's phase. A PV that is created after its claim has the uid already, and the mark can be set by whoever
knows that the PV's phase is written. So two writes are left to the controller, and every state in between is one that
it leaves itself when it is killed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .existing import BIND_COMPLETED, adopt_volume, check_claim, was_bound
from .patch import VolumeDecision

Object = dict[str, Any]


@dataclass(frozen=True)
class VolumeChange:
    """What is written for one claim, in this order; None: that is right as it is.

    patch: JSON merge patch of the PV that is there. claim, volume: to create; the claim's uid belongs into the volume.
    uid: of the claim that is there. unmarked: whether the PV controller has yet to bind the two by that uid.
    """

    decision: VolumeDecision
    patch: Object | None = None
    claim: Object | None = None
    volume: Object | None = None
    uid: str | None = None
    unmarked: bool = False

    @property
    def creates(self) -> int:
        """How many objects."""
        return (self.claim is not None) + (self.volume is not None)

    @property
    def name(self) -> str:
        """Of the PV."""
        return str(self.decision.pv["metadata"]["name"])


def change_for(
    decision: VolumeDecision, volume: Mapping[str, Any] | None, claim: Mapping[str, Any] | None, site: str
) -> VolumeChange:
    """volume, claim: those of the decision's names that are at the target. Refused where one of them differs."""
    if claim is not None:
        check_claim(decision, claim, site)
    uid = claim["metadata"]["uid"] if claim is not None else None
    marked = claim is not None and was_bound(claim)
    patch = None
    if volume is not None:
        adoption = adopt_volume(decision, volume, claim, site)
        decision, patch = adoption.decision, adoption.patch
    elif marked:
        why = "the claim is there already and lost its volume: bound by its uid"
        decision = replace(decision, reasons=(*decision.reasons, why))
    return VolumeChange(
        decision,
        patch=patch,
        claim=decision.pvc if claim is None else None,
        volume=decision.pv if volume is None else None,
        uid=uid,
        unmarked=not marked and (volume is None or (claim is not None and _claim_uid(volume) == uid)),
    )


def for_claim(pv: Mapping[str, Any], uid: str) -> Object:
    """The PV for that very claim: for another one of its name it counts as released."""
    return {**pv, "spec": {**pv["spec"], "claimRef": {**pv["spec"]["claimRef"], "uid": uid}}}


def bound_uid(pv: Mapping[str, Any]) -> str | None:
    """Of the claim that the PV controller has written the PV's phase for, so that it knows both; None: of none."""
    return _claim_uid(pv) if pv.get("status", {}).get("phase") == "Bound" else None


def completion(uid: str) -> Object:
    """JSON merge patch that marks a claim as bound. Another claim of that name refuses it: a uid never changes.

    Earlier than bound_uid says the PV controller would call the claim Lost: it may not know the PV yet.
    """
    return {"metadata": {"uid": uid, "annotations": {BIND_COMPLETED: "yes"}}}


def _claim_uid(pv: Mapping[str, Any]) -> str | None:
    uid = (pv["spec"].get("claimRef") or {}).get("uid")
    return str(uid) if uid else None
