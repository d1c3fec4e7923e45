# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PVs and PVCs that are at the target before us: used as they are, bound anew, or refused with the difference. Pure.

What is changed of them is the binding, and the reclaim policy of a PV that a product made. Nothing that says where the
data is, is ever changed: such a PV is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._errors import Conflict, TerminalState
from ..._model.names import RECLAIM_POLICY
from .compare import Difference, compare
from .copy import copied
from .drivers import driver_of
from .patch import VolumeDecision

Object = dict[str, Any]

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
_SECRETS = (
    "controllerExpandSecretRef",
    "controllerPublishSecretRef",
    "nodeExpandSecretRef",
    "nodePublishSecretRef",
    "nodeStageSecretRef",
)
_UNTOUCHED = "it was not touched: find out whose it is"


@dataclass(frozen=True)
class Adoption:
    """decision: with the PV as it will be. patch: JSON merge patch that the PV needs first; None: it is right."""

    decision: VolumeDecision
    patch: Object | None


def adopt_volume(
    decision: VolumeDecision, seen: Mapping[str, Any], claim: Mapping[str, Any] | None, site: str
) -> Adoption:
    """Refused unless the PV that is there is the decided one in all but its binding. claim: ours, as it is there.

    Of a PV that a replication product made, what the product sets from its own storage class stands.
    """
    on = f"PersistentVolume/{decision.pv['metadata']['name']}"
    _check_alive(seen, on, site)
    maker = driver_of(decision.pv["spec"]).maker(seen)
    wanted, patch = decision.pv, _Patch(seen)
    reasons: list[str] = []
    if maker:
        wanted, reasons = _as_made(decision, seen, maker)
        _keep(wanted, seen, patch, reasons)
    rest = {key: value for key, value in wanted["spec"].items() if key != "claimRef"}
    wrong = compare(rest, patch.spec_after)
    if seen.get("status", {}).get("phase") == "Failed":
        message = seen["status"].get("message") or "its storage was asked to delete it"
        wrong.append(Difference(("status", "phase"), "Available, Bound or Released", f"Failed: {message}"))
    wrong += _bind(wanted, seen, claim, bool(maker), patch, reasons)
    if wrong:
        raise _conflict("PersistentVolume", on, site, wrong, removal_of(seen))
    reasons.insert(0, "the PersistentVolume is there already, with the same data: it is used")
    adopted = replace(decision, pv=wanted, reasons=(*decision.reasons, *reasons))
    return Adoption(adopted, patch.body)


def check_claim(decision: VolumeDecision, seen: Mapping[str, Any], site: str) -> None:
    """Refused unless the claim that is there is the decided one."""
    on = f"PersistentVolumeClaim/{decision.claim}"
    _check_alive(seen, on, site)
    wrong = compare(decision.pvc["spec"], seen["spec"])
    if wrong:
        raise _conflict(
            "PersistentVolumeClaim", on, site, wrong, "remove it, once its volume's reclaim policy is Retain"
        )


def was_bound(claim: Mapping[str, Any]) -> bool:
    """Whether it was ever bound: such a claim takes no volume but one with its uid."""
    return (claim["metadata"].get("annotations") or {}).get(BIND_COMPLETED) == "yes"


class _Patch:
    """A merge patch that holds only for the PV as it was seen."""

    def __init__(self, seen: Mapping[str, Any]) -> None:
        self.spec_after = dict(seen["spec"])
        self._version = seen["metadata"].get("resourceVersion")
        self._meta: dict[str, Object] = {"annotations": {}, "labels": {}}
        self._spec: Object = {}

    def set(self, field: str, value: Any) -> None:
        self._spec[field] = value
        self.spec_after[field] = value

    def mark(self, part: str, key: str, value: str | None) -> None:
        """part: annotations or labels."""
        self._meta[part][key] = value

    @property
    def body(self) -> Object | None:
        changed = {part: marks for part, marks in self._meta.items() if marks}
        if not self._spec and not changed:
            return None
        return {"metadata": {"resourceVersion": self._version, **changed}, "spec": self._spec}


def _check_alive(seen: Mapping[str, Any], on: str, site: str) -> None:
    meta = seen["metadata"]
    if not meta.get("deletionTimestamp"):
        return
    holders = ", ".join(meta.get("finalizers") or ()) or "none"
    raise TerminalState(
        "use the object that is there already",
        site=site,
        on=on,
        seen=f"it is being deleted since {meta['deletionTimestamp']}, held by the finalizers: {holders}",
        wanted="absent, or as the plan says",
        next_step="wait until it is gone, then start again. kubernetes.io/… finalizers go when no pod and no claim uses"
        " it; one whose controller is not installed there any more never goes: look that the reclaim policy is Retain,"
        " so that the data stays, and remove it with `oc patch`",
    )


def _bind(
    wanted: Object,
    seen: Mapping[str, Any],
    claim: Mapping[str, Any] | None,
    reserved_by_product: bool,
    patch: _Patch,
    reasons: list[str],
) -> list[Difference]:
    """Bring the PV's claimRef to our claim where nobody else has it; what forbids that."""
    ours, ref = wanted["spec"]["claimRef"], seen["spec"].get("claimRef")
    # a claim that was bound before takes no volume but one with its uid, any other claim one without a uid as well
    uid = claim["metadata"]["uid"] if claim is not None and was_bound(claim) else None
    if not ref:
        patch.set("claimRef", {**ours, "uid": uid} if uid else ours)
        reasons.append("it has no claim: reserved for ours")
        return []
    if (ref.get("namespace"), ref.get("name")) != (ours["namespace"], ours["name"]):
        placeholder = reserved_by_product and (ref.get("namespace"), ref.get("name")) == ("reserved", "reserved")
        if not placeholder:
            is_for = f"{ref.get('namespace')}/{ref.get('name')}"
            return [Difference(("claimRef",), f"{ours['namespace']}/{ours['name']}", is_for)]
        reasons.append("the product reserved it: it is for our claim now")
    elif ref.get("uid") == (claim["metadata"]["uid"] if claim is not None and ref.get("uid") else uid):
        return []
    elif ref.get("uid"):
        reasons.append(f"its claim with uid {ref['uid']} is gone (phase {_phase(seen)}): bound to the new one")
    else:
        reasons.append("the claim is there already and lost its volume: bound by its uid")
    # a merge patch: null takes the key away
    patch.set("claimRef", {**ours, "uid": uid, "resourceVersion": None})
    patch.mark("annotations", BOUND_BY_CONTROLLER, None)
    return []


def _as_made(decision: VolumeDecision, seen: Mapping[str, Any], maker: str) -> tuple[Object, list[str]]:
    """The decided PV with what only the product knows of its site; not where the plan's rule says it."""
    wanted = copied(decision.pv)
    reasons = [f"{maker} made it"]
    ours, theirs = wanted["spec"].get("csi") or {}, seen["spec"].get("csi") or {}
    left = [name for name in _SECRETS if ours.get(name) != theirs.get(name)]
    if wanted["spec"].get("volumeMode") == "Block":
        # nothing is mounted, so nothing reads these
        left += [name for name in ("fsType",) if ours.get(name) != theirs.get(name)]
        if wanted["spec"].pop("mountOptions", None):
            reasons.append("mountOptions: none of a block volume")
    for name in left:
        if any(path[:2] == ("csi", name) for path in decision.fields):
            continue
        before = ours.pop(name, None)
        if name in theirs:
            ours[name] = copied(theirs[name])
        reasons.append(f"csi.{name}: {before!r} at the other site, {theirs.get(name)!r} as {maker} made it")
    return wanted, reasons


def _keep(wanted: Object, seen: Mapping[str, Any], patch: _Patch, reasons: list[str]) -> None:
    """The reclaim policy, and what is noted on a PV for rules and for the way back."""
    for part in ("annotations", "labels"):
        noted = seen["metadata"].get(part) or {}
        for key, value in (wanted["metadata"].get(part) or {}).items():
            if key not in noted:
                patch.mark(part, key, value)
    policy = seen["spec"].get("persistentVolumeReclaimPolicy")
    if policy != wanted["spec"]["persistentVolumeReclaimPolicy"]:
        patch.set("persistentVolumeReclaimPolicy", wanted["spec"]["persistentVolumeReclaimPolicy"])
        patch.mark("annotations", RECLAIM_POLICY, policy)
        reasons.append(f"reclaim policy {policy} becomes Retain")


def _phase(seen: Mapping[str, Any]) -> str:
    return str(seen.get("status", {}).get("phase"))


def removal_of(pv: Mapping[str, Any]) -> str:
    """How a PV that is in the way is removed without its data."""
    policy = pv["spec"].get("persistentVolumeReclaimPolicy")
    if policy == "Retain":
        return "remove it (its data stays)"
    return f"set its reclaim policy to Retain before you remove it: with {policy} its data would go as well"


def _conflict(kind: str, on: str, site: str, wrong: list[Difference], removal: str) -> Conflict:
    return Conflict(
        f"create the {kind}",
        site=site,
        on=on,
        seen="; ".join(str(difference) for difference in wrong),
        wanted="absent, or as the plan says",
        next_step=f"{_UNTOUCHED}; {removal}, or correct the rule",
    )
