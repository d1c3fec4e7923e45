# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trident forces and throws away, and the way back."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Refused, TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    enabled,
    roles,
    switched,
    world,
)


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def test_p1_a_copy_whose_backend_cannot_mirror_is_never_taken_for_a_primary(mirrored: World) -> None:
    mirrored.ontap.unable.add("west")
    with pytest.raises(TerminalState, match="its backend cannot mirror"):
        mirrored.provider.promote(mirrored.group, "west", forced=True)
    assert roles(mirrored)[1] == "unknown"


def test_p1_a_forced_switch_loses_what_had_not_arrived_and_a_resync_ends_it(mirrored: World) -> None:
    mirrored.write("east", "arrived")
    for name in ("disk-0", "disk-1"):
        mirrored.ontap.begin(("west", name))
    mirrored.wait()
    mirrored.write("east", "too late")
    assert mirrored.provider.promote(mirrored.group, "west", forced=True)
    assert not mirrored.provider.promote(mirrored.group, "west", forced=True)
    mirrored.write("west", "in the new place")
    assert roles(mirrored) == ("primary", "primary")
    assert not mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored) == ("primary", "primary")
    assert mirrored.provider.resync(mirrored.group, "east")
    assert not mirrored.provider.resync(mirrored.group, "east")
    assert (roles(mirrored), mirrored.copies("east")) == (("secondary", "primary"), {("arrived", "in the new place")})
    switched(mirrored, "west", "east")
    assert roles(mirrored) == ("primary", "secondary")


def test_p4_a_forced_promotion_does_not_ask_the_source(mirrored: World) -> None:
    mirrored.apis["east"].reachable = False
    mirrored.anew()
    assert mirrored.provider.promote(mirrored.group, "west", forced=True)
    status = mirrored.provider.observe(mirrored.group, "west")
    assert (status.role, status.direction) == ("primary", "none")


def test_p1_what_was_never_a_mirror_is_not_promoted_by_a_new_relationship() -> None:
    made = world()
    with pytest.raises(NotFound, match=r"would break no mirror.*run protect"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.written("west") == []


def test_p1_a_healthy_primary_is_never_resynchronised(mirrored: World) -> None:
    with pytest.raises(Refused, match="promoted at west"):
        mirrored.provider.resync(mirrored.group, "east")
    assert mirrored.written("east") == []


def test_p1_a_silent_peer_is_nobody_to_resynchronise_from(mirrored: World) -> None:
    mirrored.apis["west"].reachable = False
    mirrored.anew()
    with pytest.raises(Refused, match="no answer"):
        mirrored.provider.resync(mirrored.group, "east")


def test_an_exchanged_source_is_refused_before_trident_fails_the_relationship(mirrored: World) -> None:
    """East's volume was made anew: the handle that west's relationship names for good is of nobody now."""
    mirrored.provider.promote(mirrored.group, "west", forced=True)
    east = mirrored.apis["east"]
    stored = mirrored.relationship("east")
    stored["status"]["conditions"][0]["localVolumeHandle"] = "svm-east:disk-0-anew"
    east._store("status", ("TridentMirrorRelationship", "payroll", "disk-0"), stored)
    with pytest.raises(Refused, match=r"has mirrored, svm-east:disk-0\W.*svm-east:disk-0-anew"):
        mirrored.provider.resync(mirrored.group, "west")
    assert mirrored.written("west")[-1].startswith("patch")
