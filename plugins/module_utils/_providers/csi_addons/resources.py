# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resources of csi-addons as the conformance test looks at them. Pure."""

from __future__ import annotations

from typing import Any

from ..._cluster.kinds import (
    NETWORK_FENCE,
    NETWORK_FENCE_CLASS,
    VOLUME_GROUP_REPLICATION,
    VOLUME_GROUP_REPLICATION_CLASS,
    VOLUME_REPLICATION,
    VOLUME_REPLICATION_CLASS,
)
from ..._model.plan import Group
from ..._model.selector import LabelSelector, Requirement
from ..custom_resource import CustomResource
from .objects import (
    State,
    fence_patch,
    given_up_patch,
    group_replication,
    network_fence,
    state_patch,
    volume_replication,
)
from .status import (
    FENCE,
    PARAMETERS,
    PROVISIONER,
    REPLICATION,
    SOURCE_KIND,
    SOURCE_NAME,
    VGR_CLAIMS,
    VGR_CLASS,
    VGR_SELECTOR,
    VGR_VR_CLASS,
    VR_CLASS,
)

STATES: tuple[State, ...] = ("primary", "secondary", "resync")


def _volume_replications() -> list[dict[str, Any]]:
    return [
        volume_replication("payroll", "db", "payroll", f"disk-{state}-{auto}".lower(), "mirrored", state, auto)
        for state in STATES
        for auto in (False, True)
    ]


def _group_replications() -> list[dict[str, Any]]:
    bare = Group("bare", LabelSelector())
    expressions = (Requirement("tier", "In", ("db", "app")), Requirement("scratch", "DoesNotExist"))
    chosen = Group("chosen", LabelSelector({"app": "payroll"}, expressions))
    classes = ("mirrored-groups", "mirrored")
    return [
        *(group_replication("payroll", chosen, f"payroll-{state}", classes, state, False) for state in STATES),
        group_replication("payroll", bare, "payroll", classes, "secondary", True),
    ]


def _state_patches() -> list[dict[str, Any]]:
    return [state_patch("payroll", "db", state, 1, auto_resync) for state in STATES for auto_resync in (True, False)]


def _network_fences() -> list[dict[str, Any]]:
    secret = {"name": "fence", "namespace": "storage"}
    return [
        network_fence("payroll", "east", "rbd.csi.ceph.com", ["192.0.2.0/24"], secret, {}),
        network_fence("payroll", "west", "rbd.csi.ceph.com", ["198.51.100.7/32"], secret, {"clusterID": "rook"}),
    ]


RESOURCES = (
    CustomResource(
        VOLUME_REPLICATION, (*REPLICATION, VR_CLASS, SOURCE_KIND, SOURCE_NAME), _volume_replications, _state_patches
    ),
    CustomResource(
        VOLUME_GROUP_REPLICATION,
        (*REPLICATION, VGR_CLASS, VGR_VR_CLASS, VGR_SELECTOR, VGR_CLAIMS),
        _group_replications,
        _state_patches,
    ),
    CustomResource(
        NETWORK_FENCE,
        FENCE,
        _network_fences,
        lambda: [given_up_patch(), fence_patch("Unfenced"), fence_patch("Fenced")],
    ),
    CustomResource(VOLUME_REPLICATION_CLASS, (PROVISIONER,)),
    CustomResource(VOLUME_GROUP_REPLICATION_CLASS, (PROVISIONER,)),
    CustomResource(NETWORK_FENCE_CLASS, (PROVISIONER, PARAMETERS)),
)
