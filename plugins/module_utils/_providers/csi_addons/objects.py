# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The csi-addons objects that we write. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..._cluster.kinds import NETWORK_FENCE, VOLUME_GROUP_REPLICATION, VOLUME_REPLICATION, Kind
from ..._model.names import PREFIX, protected_label
from ..._model.plan import Group
from ..._model.selector import LabelSelector
from ..ownership import DEMOTION, GROUP_LABEL, PLAN_LABEL, ownership

Object = dict[str, Any]
State = Literal["primary", "secondary", "resync"]

# on what was there before us: it is given back, and not deleted
ADOPTED = f"{PREFIX}/adopted"
# on a NetworkFence that its plan does not need any more
GIVEN_UP = f"{PREFIX}/given-up"

# at the end of a NetworkFence's name: of its driver and addresses
DIGEST = "[0-9a-f]{8}"
# of the CRD: status.persistentVolumeClaimsRefList
MOST_CLAIMS_OF_A_GROUP = 100


def volume_replication(
    plan: str, group: str, namespace: str, claim: str, class_name: str, state: State, auto_resync: bool
) -> Object:
    """Named after its claim: the controller writes the name on the claim, and a claim has one for its whole life."""
    spec: Object = {
        "volumeReplicationClass": class_name,
        "dataSource": {"kind": "PersistentVolumeClaim", "name": claim},
        "replicationState": state,
    }
    return _replication(VOLUME_REPLICATION, plan, group, namespace, claim, spec, auto_resync)


def group_replication(
    plan: str, group: Group, namespace: str, class_names: tuple[str, str], state: State, auto_resync: bool
) -> Object:
    """class_names: of the VolumeGroupReplicationClass and of the VolumeReplicationClass."""
    spec: Object = {
        "volumeGroupReplicationClassName": class_names[0],
        "volumeReplicationClassName": class_names[1],
        "source": {"selector": claim_selector(plan, group.selector)},
        "replicationState": state,
    }
    name = group_object_name(plan, group.name)
    return _replication(VOLUME_GROUP_REPLICATION, plan, group.name, namespace, name, spec, auto_resync)


def group_object_name(plan: str, group: str) -> str:
    return plan if plan == group else f"{plan}-{group}"


def claim_selector(plan: str, selector: LabelSelector) -> Object:
    """Exactly the group's protected claims: its own selector, and the plan's label."""
    found: Object = {"matchLabels": {**selector.match_labels, protected_label(plan): "true"}}
    if selector.match_expressions:
        found["matchExpressions"] = [
            {"key": item.key, "operator": item.operator, **({"values": list(item.values)} if item.values else {})}
            for item in selector.match_expressions
        ]
    return found


def state_patch(
    plan: str,
    group: str,
    state: State,
    demotion: int | None = None,
    auto_resync: bool = False,
    adopted: bool = False,
) -> Object:
    """Merge patch that asks for a state, and makes the object ours where it was not. demotion: see DEMOTION.

    What the plan does not permit is taken back: the copy of a site that returns would be thrown away before any guard.
    """
    annotations = ({DEMOTION: str(demotion)} if demotion is not None else {}) | ({ADOPTED: "true"} if adopted else {})
    meta: Object = {"labels": ownership(plan, group), **({"annotations": annotations} if annotations else {})}
    return {"metadata": meta, "spec": {"replicationState": state, "autoResync": True if auto_resync else None}}


def is_adopted(item: Mapping[str, Any]) -> bool:
    return ADOPTED in (item["metadata"].get("annotations") or {})


def release_patch() -> Object:
    """Merge patch that takes our marks off an object that was there before us; it goes on as it is."""
    labels = dict.fromkeys((PLAN_LABEL, GROUP_LABEL))
    return {"metadata": {"labels": labels, "annotations": dict.fromkeys((ADOPTED, DEMOTION))}}


def network_fence(
    plan: str, lost: str, driver: str, cidrs: Sequence[str], secret: Mapping[str, str], parameters: Mapping[str, str]
) -> Object:
    """driver and secret are written also where a NetworkFenceClass has them: v0.12.0 reads them from here only."""
    spec: Object = {
        "driver": driver,
        "cidrs": sorted(cidrs),
        "fenceState": "Fenced",
        "secret": {"name": secret["name"], "namespace": secret["namespace"]},
    }
    if parameters:
        spec["parameters"] = dict(parameters)
    digest = hashlib.sha256("\n".join([driver, *sorted(cidrs)]).encode()).hexdigest()[:8]
    meta: Object = {"name": f"{fence_prefix(plan, lost)}{digest}", "labels": {PLAN_LABEL: plan}}
    return {"apiVersion": NETWORK_FENCE.api_version, "kind": NETWORK_FENCE.kind, "metadata": meta, "spec": spec}


def fence_prefix(plan: str, lost: str) -> str:
    """What the names of a plan's fences around a site begin with; the rest is like DIGEST."""
    return f"{plan}-{lost}-"


def fence_patch(state: Literal["Fenced", "Unfenced"]) -> Object:
    return {"spec": {"fenceState": state}}


def given_up_patch() -> Object:
    return {"metadata": {"annotations": {GIVEN_UP: "true"}}}


def is_given_up(item: Mapping[str, Any]) -> bool:
    return GIVEN_UP in (item["metadata"].get("annotations") or {})


def _replication(
    kind: Kind, plan: str, group: str, namespace: str, name: str, spec: Object, auto_resync: bool
) -> Object:
    if auto_resync:
        spec["autoResync"] = True
    meta: Object = {"name": name, "namespace": namespace, "labels": ownership(plan, group)}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, "spec": spec}
