# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source is promoted again while its server and that of the target are apart; ssh reaches both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs_ssh import NfsSshRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.lab import Lab


@pytest.fixture
def moving(lab: Lab) -> Iterator[NfsSshRig]:
    """East is demoted, and its final sync proven; the servers do not reach each other any more."""
    kept = KeptRig(lambda: NfsSshRig(lab))
    try:
        rig = kept.fresh()
        rig.provider.demote(rig.group, "east")
        assert rig.provider.final_sync(rig.group, "east", "west").holds
        rig.cut()
        yield rig
    finally:
        kept.remove()


def test_p1_a_source_that_is_promoted_by_force_stays_the_only_primary(moving: NfsSshRig) -> None:
    assert take_back(moving.provider, moving.group, "east", "west", forced=False)
    assert roles(moving) == ("primary", "secondary")
    moving.write("east", "goes on")
    moving.join()
    with pytest.raises(DrError):
        moving.provider.promote(moving.group, "west", forced=False)
    assert status(moving, "west").health == "diverged"
    assert moving.provider.resync(moving.group, "west")
    assert (roles(moving), moving.read("west")) == (("primary", "secondary"), "goes on")


def test_p5_a_move_whose_taking_back_was_killed_is_finished_by_another_final_sync(moving: NfsSshRig) -> None:
    moving.provider.rule_out(moving.group, "west")
    moving.join()
    with pytest.raises(DrError, match="does not hold its final sync"):
        moving.provider.promote(moving.group, "west", forced=False)
    assert moving.provider.final_sync(moving.group, "east", "west").holds
    assert moving.provider.promote(moving.group, "west", forced=False)
    assert roles(moving) == ("secondary", "primary")
