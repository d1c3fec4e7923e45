# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which room the nodes of a site have, from its lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._model.workload import ENDED, controller_of
from ..vm.parts import Object, labels_of
from .pod_needs import PODS, Amounts, amount, as_amount, pod_requests

SCHEDULABLE = "kubevirt.io/schedulable"
ATTACH = "volumes of "
REPELS = ("NoSchedule", "NoExecute")
# in nobody's way: they are on the node as long as it is
STAYING = ("DaemonSet", "Node")


@dataclass
class NodeRoom:
    """free: what is left beside all that is there now; empty: beside what belongs to the node itself.

    `volumes of DRIVER`: how many more of a CSI driver may be attached; a driver without a limit is not named.
    """

    name: str
    labels: Mapping[str, str]
    taints: tuple[Mapping[str, Any], ...]
    runs_vms: bool
    free: Amounts = field(default_factory=dict)
    empty: Amounts = field(default_factory=dict)


def node_rooms(
    nodes: Iterable[Object], pods: Iterable[Object], csi_nodes: Iterable[Object], attachments: Iterable[Object]
) -> list[NodeRoom]:
    """Of those that are ready and take pods."""
    rooms = {room.name: room for node in nodes if _is_up(node) for room in [_room(node)]}
    for csi_node in csi_nodes:
        found = rooms.get(csi_node["metadata"]["name"])
        if found:
            limits = _attach_limits(csi_node)
            found.free |= limits
            found.empty |= limits
    for pod in pods:
        found = rooms.get(pod["spec"].get("nodeName", ""))
        if found and (pod.get("status") or {}).get("phase") not in ENDED:
            stays = (controller_of(pod) or {}).get("kind") in STAYING
            for name, value in pod_requests(pod["spec"]).items():
                _take(found.free, name, value)
                if stays:
                    _take(found.empty, name, value)
    for attachment in attachments:
        spec = attachment["spec"]
        found = rooms.get(spec.get("nodeName", ""))
        if found:
            _take(found.free, f"{ATTACH}{spec.get('attacher')}", 1)
    return list(rooms.values())


def is_taken(room: NodeRoom, selector: Mapping[str, str], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a pod with this node selector and these tolerations may go there."""
    if not selector.items() <= room.labels.items():
        return False
    return all(any(_tolerates(item, taint) for item in tolerations) for taint in room.taints)


def _is_up(node: Object) -> bool:
    conditions = {item["type"]: item["status"] for item in (node.get("status") or {}).get("conditions") or ()}
    return not node.get("spec", {}).get("unschedulable") and conditions.get("Ready") == "True"


def _room(node: Object) -> NodeRoom:
    given = (node.get("status") or {}).get("allocatable") or {}
    amounts = {name: as_amount(name, value) for name, value in given.items()}
    amounts.setdefault(PODS, amount("110"))
    taints = tuple(taint for taint in node.get("spec", {}).get("taints") or () if taint.get("effect") in REPELS)
    labels = labels_of(node)
    return NodeRoom(
        node["metadata"]["name"], labels, taints, labels.get(SCHEDULABLE) == "true", dict(amounts), dict(amounts)
    )


def _attach_limits(csi_node: Object) -> Amounts:
    return {
        f"{ATTACH}{driver['name']}": int(count)
        for driver in (csi_node.get("spec") or {}).get("drivers") or ()
        if (count := (driver.get("allocatable") or {}).get("count")) is not None
    }


def _take(amounts: Amounts, name: str, value: int) -> None:
    if name in amounts:
        amounts[name] -= value


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint.get("key"):
        return False
    return toleration.get("operator") == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")
