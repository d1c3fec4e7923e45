# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says about the clones of its volumes."""

from __future__ import annotations

from collections.abc import Callable

from .plan_collections import Field, Keys, Names
from .plan_schema import Node, Whole


def snapshots_of(object_name: Node, name_rule: Callable[[str], str]) -> Keys:
    """object_name: reads the name of an object; name_rule: the same for a key of a mapping."""
    return Keys(
        {
            "keep": Field(Whole(1, 100), default=3),
            "storage_classes": Field(Names(object_name, name_rule, "the name of a StorageClass"), default={}),
        }
    )
