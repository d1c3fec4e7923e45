# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes trident takes for its own, and what a plan may ask of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    add_claim,
    enabled,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def test_volumes_of_another_driver_are_not_covered(mirrored: World) -> None:
    own = {"spec": {"csi": {"driver": "csi.trident.netapp.io"}}}
    for pv, covered in ((own, True), ({"spec": {"csi": {"driver": "other"}}}, False), ({"spec": {"nfs": {}}}, False)):
        assert mirrored.provider.covers(mirrored.group, "west", pv) is covered


def test_it_is_detected_by_its_volumes_and_its_definition() -> None:
    made = world()
    detect, site = made.provider.detect, made.provider.sites["east"]
    assert "2 volumes are of csi.trident.netapp.io" in detect(made.group, site)
    made.apis["east"].absent = {"TridentMirrorRelationship"}
    assert detect(made.group, site) == ""
    made.apis["east"].absent = set()
    add_claim(made.apis["east"], "odd", driver="block.csi.example.com")
    made.anew()
    assert made.provider.detect(made.group, made.provider.sites["east"]) == ""


@pytest.mark.parametrize(
    "options", [{"class": "x"}, {"policy": 3}, {"driver": None}, {"timeout": "soon"}, {"schedule": ["5min"]}]
)
def test_wrong_options_are_named(options: dict[str, Any]) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=next(iter(options))):
        made.provider.enable(made.group, "east", "west")
    assert MemoryApi.list(made.apis["east"], TRIDENT_MIRROR_RELATIONSHIP) == []
