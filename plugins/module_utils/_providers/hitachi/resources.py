# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resources of Hitachi's Replication Plug-in as the conformance test looks at them. Pure."""

from __future__ import annotations

from typing import Any, get_args

from ..._cluster.kinds import HITACHI_REPLICATION, HITACHI_REPLICATION_GROUP
from ..custom_resource import CustomResource
from .objects import Desired, ask_patch, replication, replication_group
from .status import GROUP_FIELDS, REPLICATION_FIELDS


def _patches() -> list[dict[str, Any]]:
    return [ask_patch(desired, "2026-03-01T12:00:00+00:00") for desired in get_args(Desired)]


RESOURCES = (
    CustomResource(HITACHI_REPLICATION, REPLICATION_FIELDS, lambda: [replication()], _patches),
    CustomResource(HITACHI_REPLICATION_GROUP, GROUP_FIELDS, lambda: [replication_group()], _patches),
)
