# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trident reports, in states that the lab does not show on demand."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    enabled,
    switched,
    theirs,
    world,
)


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def test_two_relationships_for_one_claim_are_refused(mirrored: World) -> None:
    mirrored.apis["east"].create(TRIDENT_MIRROR_RELATIONSHIP, theirs({"state": "promoted"}, name="second"))
    with pytest.raises(Refused, match="has 2 TridentMirrorRelationships: disk-0, second"):
        mirrored.provider.demote(mirrored.group, "east")
    assert mirrored.provider.observe(mirrored.group, "east").health == "error"


def test_no_sync_time_is_ever_invented(mirrored: World) -> None:
    switched(mirrored, "east", "west")
    for site in ("east", "west"):
        status = mirrored.provider.observe(mirrored.group, site)
        assert (status.last_sync, status.last_sync_source) == (None, "")


def test_a_state_of_an_older_order_is_no_role(mirrored: World) -> None:
    mirrored.apis["west"].stopped = True
    patch = {"spec": {"state": "promoted"}}
    mirrored.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", patch)
    status = mirrored.provider.observe(mirrored.group, "west")
    assert status.role == "unknown"
    assert "asked for promoted, state established, Trident has seen generation 1 of 2" in status.message


@pytest.mark.parametrize(
    ("asked", "state", "role", "health"),
    [
        ("established", "establishing", "secondary", "degraded"),
        ("reestablished", "reestablishing", "unknown", "degraded"),
        ("promoted", "promoting", "unknown", "degraded"),
        ("established", "promoted", "unknown", "degraded"),
        ("promoted", "failed", "unknown", "error"),
        ("established", "invalid", "unknown", "error"),
        ("", "established", "unknown", "degraded"),
        ("established", "released", "unknown", "degraded"),
    ],
)
def test_what_is_on_its_way_or_broken_is_no_settled_role(asked: str, state: str, role: str, health: str) -> None:
    made = world(volumes=1)
    west = made.apis["west"]
    west.stopped = True
    body = theirs({"state": asked})
    condition = {"state": state, "observedGeneration": 1, "localVolumeHandle": "svm-west:disk-0", "message": "because"}
    west.create(TRIDENT_MIRROR_RELATIONSHIP, {**body, "status": {"conditions": [condition]}})
    status = made.provider.observe(made.group, "west")
    assert (status.role, status.health) == (role, health)
    assert status.message


def test_a_status_without_the_fields_of_later_versions_is_no_role() -> None:
    made = world(volumes=1)
    west = made.apis["west"]
    west.stopped = True
    condition = {"state": "established", "localPVCName": "disk-0"}
    west.create(
        TRIDENT_MIRROR_RELATIONSHIP, {**theirs({"state": "established"}), "status": {"conditions": [condition]}}
    )
    status = made.provider.observe(made.group, "west")
    assert status.role == "unknown"
    assert "seen generation 0 of 1" in status.message


def test_p4_a_site_that_does_not_answer_is_a_status(mirrored: World) -> None:
    mirrored.apis["west"].reachable = False
    mirrored.anew()
    status = mirrored.provider.observe(mirrored.group, "west")
    assert (status.reachable, status.role) == (False, "unknown")


def test_many_groups_are_answered_by_one_list(mirrored: World) -> None:
    groups = [mirrored.group, Group("none", LabelSelector({"tier": "none"}))]
    found = mirrored.provider.observe_all(groups, "west")
    assert [item.role for item in found] == ["secondary", "unknown"]
    assert found[1].present is False
    assert mirrored.apis["west"].lists.count("TridentMirrorRelationship") == 1
