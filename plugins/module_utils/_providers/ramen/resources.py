# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen's custom resources as the conformance test looks at them. Pure."""

from __future__ import annotations

from typing import Any

from ..._cluster.kinds import DR_PLACEMENT_CONTROL, RAMEN_VOLUME_GROUP
from ..custom_resource import CustomResource
from .objects import example, order_patch
from .placement import FIELDS as OF_PLACEMENT
from .status import FIELDS as OF_GROUP


def _patches() -> list[dict[str, Any]]:
    orders = [order_patch("Relocate", "west", "1"), order_patch("Failover", "west", "1")]
    return [{"spec": order["spec"]} for order in orders]


RESOURCES = (
    CustomResource(DR_PLACEMENT_CONTROL, OF_PLACEMENT, lambda: [example()], _patches),
    # only read: the hub writes them at the sites
    CustomResource(RAMEN_VOLUME_GROUP, OF_GROUP),
)
