# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resource of Dell CSM Replication as the conformance test looks at it. Pure."""

from __future__ import annotations

from typing import Any, get_args

from ..._cluster.kinds import DELL_REPLICATION_GROUP
from ..custom_resource import CustomResource
from .objects import Action, action_patch, example
from .status import FIELDS


def _patches() -> list[dict[str, Any]]:
    return [action_patch(action) for action in ("", *get_args(Action))]


RESOURCES = (CustomResource(DELL_REPLICATION_GROUP, FIELDS, lambda: [example()], _patches),)
