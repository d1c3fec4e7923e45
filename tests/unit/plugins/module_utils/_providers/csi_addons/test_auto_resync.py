# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the product may throw a diverged copy away by itself is what the plan says now, not what it said once."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    replication,
    world,
)

SITES = ("east", "west")


def allowed_once(per: str = "volume") -> World:
    """A group that was protected with the option, which the plan has no longer."""
    made = enabled(world(auto_resync=True, per=per))
    del made.group.options["auto_resync"]
    return made


def allowed(made: World) -> set[bool]:
    """What the objects of both sites allow."""
    found = [item for site in SITES for (kind, _ns, _name), item in made.apis[site].objects.items()
             if kind in ("VolumeReplication", "VolumeGroupReplication")]  # fmt: skip
    return {item["spec"].get("autoResync", False) for item in found}


@pytest.mark.parametrize("per", ["volume", "group"])
def test_p3_protect_takes_the_permission_back_at_both_sites(per: str) -> None:
    made = allowed_once(per)
    assert made.provider.enable(made.group, "east", "west")
    assert allowed(made) == {False}
    assert not made.provider.enable(made.group, "east", "west")


def test_protect_gives_the_permission_that_the_plan_has_now(replicating: World) -> None:
    replicating.group.options["auto_resync"] = True
    assert replicating.provider.enable(replicating.group, "east", "west")
    assert allowed(replicating) == {True}


def test_p3_a_planned_move_takes_the_permission_back() -> None:
    made = allowed_once()
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.provider.promote(made.group, "west", forced=False)
    assert allowed(made) == {False}


def test_p3_a_returning_sites_copy_is_not_thrown_away_before_a_guard() -> None:
    made = allowed_once()
    made.storage.write("east", "disk-0", "only here")
    made.storage.linked = made.apis["east"].reachable = False
    made.provider.promote(made.group, "west", forced=True)
    made.storage.write("west", "disk-0", "new life")
    made.storage.linked = made.apis["east"].reachable = True
    made.provider.demote(made.group, "east")
    made.wait()
    assert made.storage.copy("east", "disk-0") == ["only here"]


def test_a_resync_leaves_no_permission_behind() -> None:
    made = allowed_once()
    made.storage.linked = False
    made.provider.promote(made.group, "west", forced=True)
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"replicationState": "secondary"}})
    made.wait()
    made.storage.linked = True
    made.provider.resync(made.group, "east")
    assert allowed(made) == {False}


def test_a_copy_that_follows_loses_the_permission_by_a_resync_and_keeps_its_data() -> None:
    made = allowed_once()
    made.storage.write("east", "disk-0", "one")
    made.wait()
    made.provider.resync(made.group, "west")
    spec = made.replication("west")["spec"]
    assert (spec["replicationState"], spec.get("autoResync", False)) == ("secondary", False)
    assert made.storage.copy("west", "disk-0") == ["one"]


@pytest.mark.parametrize("theirs", [True, False])
def test_p8_an_object_of_somebody_else_that_allows_something_else_is_not_taken_over(theirs: bool) -> None:
    made = world(volumes=1, auto_resync=not theirs)
    body = replication("by-hand", "disk-0")
    body["spec"]["autoResync"] = theirs
    before = made.apis["east"].create(VOLUME_REPLICATION, body)["spec"]
    made.wait(1)
    with pytest.raises(Conflict, match=f"spec.autoResync is {str(theirs).lower()}, wanted {str(not theirs).lower()}"):
        made.provider.enable(made.group, "east", "west")
    assert made.replication("east", "by-hand")["spec"] == before


def test_p4_a_failover_takes_over_what_allows_something_else() -> None:
    """In a disaster the copy is wanted: whose it is was said before, and its permission goes."""
    made = enabled(world(volumes=1))
    marks = {"labels": None}
    made.apis["west"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"metadata": marks, "spec": {"autoResync": True}})
    made.apis["east"].reachable = False
    assert made.provider.promote(made.group, "west", forced=True)
    assert made.replication("west")["spec"].get("autoResync", False) is False
