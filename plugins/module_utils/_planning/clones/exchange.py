# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims of a capture with the volumes of their clones, and the clones' claims with the newest copies. Pure.

Both volumes are made at the target, so each group has the volumes there that it has at the other site, and VMs find the
older data under the names that they know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._errors import Refused
from ..._model.capture import Capture
from ..._model.clone import Clone
from ..._model.names import RECOVERED_FROM, SET_ASIDE, protected_label
from ..._model.plan import Plan
from ..volumes.compare import compare
from ..volumes.patch import VolumeDecision
from .choice import CLAIMS, RecoveryPoint

VOLUMES = "persistentvolumes"
Object = dict[str, Any]


def exchanged(plan: Plan, capture: Capture, point: RecoveryPoint) -> Capture:
    """Every claim and clone is bound in it; a clone of a claim that is not there stays what it is."""
    claims, volumes = capture.index(CLAIMS), capture.index(VOLUMES)
    for key, clone in point.clones.items():
        if key not in claims:
            continue
        newest, older = claims[key], claims[clone.key]
        claims[key] = _recovered(plan, newest, clone)
        claims[clone.key] = _set_aside(plan, newest, clone)
        for pvc, name in ((older, clone.facts.claim), (newest, clone.name)):
            volume = pvc["spec"]["volumeName"]
            volumes[volume] = _for_claim(volumes[volume], name)
    return Capture(capture.name, {**capture.objects, CLAIMS: [*claims.values()], VOLUMES: [*volumes.values()]})


def check_same_volumes(
    plain: Sequence[VolumeDecision], exchanged_ones: Sequence[VolumeDecision], point: RecoveryPoint
) -> None:
    """P2: what the rules make of a volume must not depend on its claim, or a clone would get the newest copy's data."""
    before = {item.pv["metadata"]["name"]: item for item in plain}
    for item in exchanged_ones:
        wanted = before[item.pv["metadata"]["name"]]
        plain_spec, spec = _unclaimed(wanted.pv), _unclaimed(item.pv)
        wrong = [*compare(plain_spec, spec), *compare(spec, plain_spec)]
        if wrong:
            raise Refused(
                f"start from recovery point {point.name}",
                on=f"PersistentVolume/{item.pv['metadata']['name']}",
                seen=f"for claim {wanted.claim} the plan's rules make another volume of it than for {item.claim}: "
                f"{wrong[0]}",
                wanted="one volume, whatever its claim is called: only the claim of a clone changes",
                next_step=f"write volumes.rules[{wanted.rule}] and [{item.rule}] with what is the volume's own, as"
                " {pv.name} or a named part of match, and not with {pvc.…} or {vm.name}",
            )


def told(decisions: Sequence[VolumeDecision], point: RecoveryPoint) -> list[VolumeDecision]:
    """With a reason more for each that was exchanged."""
    reasons: dict[str, str] = {}
    for key, clone in point.clones.items():
        reasons[key] = f"data of recovery point {point.name}, {clone.facts.taken or 'of an unknown moment'}"
        reasons[clone.key] = f"the newest copy of {clone.facts.claim}, set aside"
    return [
        replace(item, reasons=(*item.reasons, reasons[item.claim])) if item.claim in reasons else item
        for item in decisions
    ]


def _recovered(plan: Plan, newest: Mapping[str, Any], clone: Clone) -> Object:
    """The claim with the clone's volume; in the clone's group, which replicates that volume."""
    meta = newest["metadata"]
    labels = _regrouped(plan, meta.get("labels") or {}, clone.pvc["metadata"].get("labels") or {})
    annotations = {**(meta.get("annotations") or {}), RECOVERED_FROM: clone.recovery_point}
    return {**newest, "metadata": {**meta, "labels": labels, "annotations": annotations}, "spec": clone.pvc["spec"]}


def _set_aside(plan: Plan, newest: Mapping[str, Any], clone: Clone) -> Object:
    """No clone any more: retention would remove it, and it has the newest data."""
    own = {protected_label(plan.name): "true", SET_ASIDE: clone.recovery_point}
    labels = _regrouped(plan, own, newest["metadata"].get("labels") or {})
    return {
        **clone.pvc,
        "metadata": {"name": clone.name, "namespace": clone.namespace, "labels": labels},
        "spec": newest["spec"],
    }


def _regrouped(plan: Plan, labels: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """With those labels of the other's that the plan's groups look at in the place of its own."""
    looked_at: Collection[str] = {key for group in plan.groups for key in group.selector.keys}
    kept = {key: value for key, value in labels.items() if key not in looked_at}
    return {**kept, **{key: value for key, value in other.items() if key in looked_at}}


def _for_claim(pv: Mapping[str, Any], claim: str) -> Object:
    ref = {key: value for key, value in pv["spec"]["claimRef"].items() if key not in ("uid", "resourceVersion")}
    return {**pv, "spec": {**pv["spec"], "claimRef": {**ref, "name": claim}}}


def _unclaimed(pv: Mapping[str, Any]) -> Object:
    return {key: value for key, value in pv["spec"].items() if key != "claimRef"}
