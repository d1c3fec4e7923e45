# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What csi_addons needs and what it covers: its API, classes, drivers and options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION_CLASS
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    world,
)


@pytest.mark.parametrize(
    ("verb", "site", "arguments"),
    [
        ("enable", "east", ("east", "west")),
        ("enable", "west", ("east", "west")),
        ("disable", "east", ("east",)),
        ("promote", "west", ("west", True)),
        ("demote", "east", ("east",)),
        ("resync", "east", ("east",)),
    ],
)
def test_an_absent_class_is_refused_before_anything_is_written(verb: str, site: str, arguments: Any) -> None:
    made = world() if verb == "enable" else enabled(world())
    made.apis[site].objects.pop(("VolumeReplicationClass", None, "mirrored"))
    with pytest.raises(Refused, match="mirrored is absent; there is: other"):
        getattr(made.provider, verb)(made.group, *arguments)
    assert made.written("east") == made.written("west") == []


def test_a_class_of_another_driver_is_refused() -> None:
    made = world(**{"class": "other"})
    with pytest.raises(Refused, match=r"volumes of block\.csi\.example\.com.*its provisioner, other\.csi"):
        made.provider.enable(made.group, "east", "west")


def test_the_class_may_differ_between_the_sites() -> None:
    made = world(sites={"west": {"class": "second"}})
    body = {"metadata": {"name": "second"}, "spec": {"provisioner": "block.csi.example.com"}}
    made.apis["west"].objects["VolumeReplicationClass", None, "second"] = body
    enabled(made)
    assert made.replication("east")["spec"]["volumeReplicationClass"] == "mirrored"
    assert made.replication("west")["spec"]["volumeReplicationClass"] == "second"
    assert made.apis["west"].get(VOLUME_REPLICATION_CLASS, "second")


def test_an_absent_api_is_said_and_is_no_role(replicating: World) -> None:
    replicating.apis["west"].absent |= {"VolumeReplication", "VolumeGroupReplication"}
    status = replicating.provider.observe(replicating.group, "west")
    assert (status.role, status.health, status.reachable) == ("unknown", "error", True)
    assert "does not serve" in status.message
    with pytest.raises(Unsupported, match="install csi-addons"):
        replicating.provider.promote(replicating.group, "west", forced=True)


def test_one_list_per_namespace_serves_all_groups() -> None:
    made = enabled(world(volumes=30))
    groups = [Group(f"g{n}", LabelSelector(), "csi_addons", made.group.options) for n in range(50)]
    statuses = made.provider.observe_all(groups, "east")
    assert [status.group for status in statuses] == [group.name for group in groups]
    assert {status.role for status in statuses} == {"primary"}
    assert made.apis["east"].lists.count("VolumeReplication") == 1


def test_it_is_detected_by_a_class_of_the_volumes_driver() -> None:
    made = world()
    site = made.provider.sites["east"]
    shown = made.provider.detect(made.group, site)
    assert shown == "VolumeReplicationClass mirrored of block.csi.example.com"
    made.apis["east"].objects.pop(("VolumeReplicationClass", None, "mirrored"))
    assert made.provider.detect(made.group, site) == ""
    made.apis["east"].absent.add("VolumeReplicationClass")
    assert made.provider.detect(made.group, site) == ""


@pytest.mark.parametrize("csi", [None, {"driver": "other.csi"}])
def test_a_volume_of_another_driver_is_not_covered(csi: Any) -> None:
    made = world()
    spec = {"csi": csi} if csi else {"nfs": {}}
    assert not made.provider.covers(made.group, "east", {"metadata": {"name": "pv"}, "spec": spec})
    mine = {"metadata": {"name": "pv"}, "spec": {"csi": {"driver": "block.csi.example.com"}}}
    assert made.provider.covers(made.group, "east", mine)


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_csi_addons_cannot_do_is_said(verb: str) -> None:
    made = world()
    with pytest.raises(Unsupported, match="csi_addons cannot do this"):
        getattr(made.provider, verb)(made.group, "east")
    assert not made.provider.capabilities.pause


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"class": ""}, "no class"),
        ({"klass": "x"}, "unknown: klass"),
        ({"per": "namespace"}, "per: namespace"),
        ({"per": "group", "group_class": ""}, "no group_class"),
        ({"timeout": "soon"}, "timeout: soon"),
        ({"auto_resync": "yes"}, "auto_resync: yes"),
        ({"fence": ["192.0.2.0/24"]}, "fence: 192.0.2.0/24"),
        ({"fence": {"klass": "fencing"}}, r"fence\.klass"),
        ({"fence": {"class": ["fencing"]}}, r"fence\.class"),
        ({"fence": {"secret": "fencer"}}, r"fence\.secret"),
        ({"sites": {"east": {"fence": ["192.0.2.0/24"]}}}, "fence: 192.0.2.0/24"),
        ({"sites": {"east": {"fence": {"cidrs": ["192.0.2.7/24"]}}}}, "192.0.2.7/24 has host bits set"),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=said):
        made.provider.enable(made.group, "east", "west")
    assert made.provider.observe(made.group, "east").health == "error"
