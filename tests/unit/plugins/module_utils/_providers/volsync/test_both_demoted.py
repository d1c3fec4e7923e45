# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of two demoted copies the one that was demoted first lacks what the other one has."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    enabled,
    roles,
    world,
)


@pytest.fixture
def both_demoted() -> World:
    """A move that was cut behind the demotion of east went on as a failover; then west was demoted too."""
    made = enabled(world(volumes=1))
    made.provider.demote(made.group, "east")
    made.provider.promote(made.group, "west", forced=True)
    made.fresh().demote(made.group, "west")
    assert roles(made) == ("secondary", "secondary")
    return made


def test_p3_a_copy_that_was_demoted_before_its_peer_is_not_promoted_without_force(both_demoted: World) -> None:
    with pytest.raises(Refused, match="its final sync is not proven"):
        both_demoted.fresh().promote(both_demoted.group, "east", forced=False)
    assert roles(both_demoted) == ("secondary", "secondary")
