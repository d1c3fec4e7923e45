# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    world,
)


@pytest.fixture(params=["volume", "group"])
def replicating(request: pytest.FixtureRequest) -> World:
    """East is primary and csi-addons replicates to west; by an object for each volume, and by one for the group."""
    return enabled(world(per=request.param))
