# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IBM's driver wants in csi-addons' objects beside what `csi_addons_resources` declares. Pure."""

from __future__ import annotations

from typing import Any

from ..._cluster.kinds import VOLUME_REPLICATION, VOLUME_REPLICATION_CLASS
from ..csi_addons.conditions import CONDITIONS, LAST_SYNC
from ..csi_addons.objects import State, state_patch, volume_replication
from ..csi_addons.status import ANNOTATIONS, ASKED, PARAMETERS
from ..custom_resource import CustomResource
from .configuration import HANDLE, with_handle
from .status import forced_mark

STATES: tuple[State, ...] = ("primary", "secondary")
COPY = "SVC:7;6005076810810123B8000000000001A2"


def _volume_replications() -> list[dict[str, Any]]:
    return [
        with_handle(volume_replication("payroll", "db", "payroll", f"ibm-{state}", "flash", state, False), COPY)
        for state in STATES
    ]


def _patches() -> list[dict[str, Any]]:
    return [
        *(with_handle(state_patch("payroll", "db", state, 1), COPY) for state in STATES),
        {**state_patch("payroll", "db", "secondary"), **forced_mark("failed to force promote volume")},
    ]


RESOURCES = (
    CustomResource(
        VOLUME_REPLICATION, (HANDLE, ASKED, ANNOTATIONS, CONDITIONS, LAST_SYNC), _volume_replications, _patches
    ),
    CustomResource(VOLUME_REPLICATION_CLASS, (PARAMETERS,)),
)
