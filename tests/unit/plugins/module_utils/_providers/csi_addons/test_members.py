# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VolumeGroupReplication tells which claims it holds; what it says holds for no others."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    add_claim,
    enabled,
    world,
)

LEFT_OUT = "does not hold 1 of 2 claims: disk-1"


@pytest.fixture
def made() -> World:
    """Both claims are held, at both sites."""
    return enabled(world(volumes=2, per="group"))


def leave_out(made: World, site: str, claim: str = "disk-1") -> None:
    """The group's controller looks again, and takes the claim in no more."""
    api = made.apis[site]
    api.left_out.add(claim)
    for key in [key for key in api.objects if key[0] == "VolumeGroupReplication"]:
        api.reconcile(key)


def test_a_group_that_holds_all_its_claims_has_a_role(made: World) -> None:
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health) == ("primary", "healthy")


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_a_group_that_lacks_a_claim_has_no_role(made: World, site: str) -> None:
    leave_out(made, site)
    seen = made.provider.observe(made.group, site)
    assert (seen.role, seen.health, seen.direction) == ("unknown", "error", "none")
    assert LEFT_OUT in seen.message


def test_p1_a_group_that_does_not_tell_its_claims_has_no_role(made: World) -> None:
    for (kind, _ns, _name), item in made.apis["east"].objects.items():
        if kind == "VolumeGroupReplication":
            del item["status"]["persistentVolumeClaimsRefList"]
    assert made.provider.observe(made.group, "east").role == "unknown"


def test_p3_a_group_that_lacks_a_claim_is_not_demoted(made: World) -> None:
    leave_out(made, "east")
    with pytest.raises(Refused, match=LEFT_OUT):
        made.provider.demote(made.group, "east")
    assert made.written("east") == []


def test_p3_a_claim_that_the_group_does_not_hold_is_not_proven_with_it(made: World) -> None:
    made.provider.demote(made.group, "east")
    leave_out(made, "east")
    with pytest.raises(Refused, match=LEFT_OUT):
        made.provider.final_sync(made.group, "east", "west")


def test_p1_a_promotion_ends_only_with_all_claims_in_the_group(made: World) -> None:
    """They were restored a moment before, and its controller takes them in one by one."""
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    leave_out(made, "west")
    with pytest.raises(Timeout, match=LEFT_OUT):
        made.provider.promote(made.group, "west", False)


def test_p5_a_claim_that_comes_late_into_the_group_is_waited_for() -> None:
    made = world(volumes=2, per="group")
    east = made.apis["east"]
    east.left_out.add("disk-1")
    made.time.at(20.0, east.left_out.clear)
    assert made.provider.enable(made.group, "east", "west") is True
    assert made.time.seconds >= 20


def test_claims_that_have_an_object_each_need_no_group_to_hold_them() -> None:
    made = enabled(world(volumes=1))
    add_claim(made.apis["west"], "disk-9")
    assert made.provider.observe(made.group, "east").role == "primary"
