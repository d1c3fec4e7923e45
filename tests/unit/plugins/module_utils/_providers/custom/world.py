# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider custom with the worked example of its page, over csi_addons_double: the same product, described."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom.provider import CustomProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    DRIVER,
    World,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of
from demo.storages.custom import example


def described(**changes: Any) -> dict[str, Any]:
    """For the double's class and driver."""
    options = copy.deepcopy(example())
    return {**options, "values": {"class": "mirrored"}, "covers": f"spec.csi.driver == '{DRIVER}'", **changes}


def without(section: str, name: str) -> dict[str, Any]:
    """Changes that take one description away."""
    found = dict(described()[section])
    del found[name]
    return {section: found}


def custom_world(volumes: int = 2, at: tuple[str, ...] = ("east", "west"), **changes: Any) -> World:
    made = world(volumes, at)
    made.plan = plan_of(replication={"provider": "custom", "options": described(**changes)})
    made.provider = fresh(made)
    return made


def fresh(made: World) -> Any:
    """As another process has it."""
    return CustomProvider(site_handles(made.plan, made.apis))
