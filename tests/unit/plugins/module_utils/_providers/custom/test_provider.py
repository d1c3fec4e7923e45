# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another provider, written in a plan: the worked example of custom's page drives csi-addons' VolumeReplications."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.objects import volume_replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    replication,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
    fresh,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def replicating() -> World:
    return enabled(custom_world())


def test_it_writes_what_the_provider_of_that_product_writes(replicating: World) -> None:
    mine = replicating.replication("east")
    theirs = volume_replication("payroll", "payroll", "payroll", "disk-0", "mirrored", "primary", auto_resync=False)
    assert {key: mine[key] for key in ("apiVersion", "kind", "spec")} == {
        key: theirs[key] for key in ("apiVersion", "kind", "spec")
    }
    assert mine["metadata"]["labels"] == theirs["metadata"]["labels"]


@pytest.mark.parametrize("site", ["east", "west"])
def test_p5_protection_that_was_cut_before_the_product_had_looked_is_completed(site: str) -> None:
    made = custom_world()
    slow = made.apis[site]
    slow.stopped = True
    with pytest.raises(Timeout):
        made.provider.enable(made.group, "east", "west")

    def begin() -> None:
        slow.stopped = False
        for key in [key for key in slow.objects if key[0] == VOLUME_REPLICATION.kind]:
            slow.reconcile(key)

    made.time.at(made.time.seconds + 20, begin)
    fresh(made).enable(made.group, "east", "west")
    assert roles(made) == ("primary", "secondary")


def test_a_status_of_before_an_order_tells_no_direction(replicating: World) -> None:
    made = replicating
    assert made.provider.observe(made.group, "east").direction == "outgoing"
    made.apis["east"].stopped = True
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"autoResync": True}})
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"autoResync": True}})
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.direction) == ("unknown", "none")


def test_p1_a_protection_from_the_wrong_side_is_refused_without_advice_to_declare_a_site_lost(
    replicating: World,
) -> None:
    with pytest.raises(Refused, match=r"here it is not primary.*protect where the plan lives") as raised:
        replicating.provider.enable(replicating.group, "west", "east")
    assert "lost" not in str(raised.value)


def test_a_site_that_does_not_serve_the_kind_is_named(replicating: World) -> None:
    replicating.apis["west"].absent.add("VolumeReplication")
    with pytest.raises(Unsupported, match=r"does not serve replication.storage.openshift.io/v1alpha1"):
        replicating.provider.demote(replicating.group, "west")
    assert replicating.provider.observe(replicating.group, "west").health == "error"


def test_p4_a_silent_site_is_a_status(replicating: World) -> None:
    replicating.apis["west"].reachable = False
    seen = fresh(replicating).observe(replicating.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")


def test_p8_an_object_of_another_plan_is_not_touched(replicating: World) -> None:
    labels = {"dr.ocpvirt.io/replicates-plan": "other"}
    replicating.apis["east"].objects["VolumeReplication", "payroll", "disk-0"]["metadata"]["labels"] = labels
    with pytest.raises(Conflict, match=r"belongs to plan other.*not touched"):
        replicating.provider.demote(replicating.group, "east")
    assert replicating.written("east") == []


def test_p8_only_what_was_made_for_the_plan_is_taken_back() -> None:
    made = custom_world(volumes=2)
    made.apis["east"].create(VOLUME_REPLICATION, replication("disk-0", "disk-0"))
    made.wait(1)
    made.provider.enable(made.group, "east", "west")
    assert made.provider.enabled(made.group, "east") is True
    assert made.provider.disable(made.group, "east") is True
    assert made.provider.disable(made.group, "east") is False
    assert made.asked("east") == {"disk-0": "primary"}


def test_the_object_of_a_claim_that_is_about_to_go_is_deleted(replicating: World) -> None:
    replicating.provider.release(replicating.group, "east", ["payroll/disk-0"])
    assert replicating.asked("east") == {"disk-1": "primary"}


def test_without_create_the_objects_have_to_be_there() -> None:
    options = described()
    del options["create"]
    made = custom_world()
    made.plan = plan_of(replication={"provider": "custom", "options": options})
    made.provider = fresh(made)
    with pytest.raises(Refused, match=r"disk-0 has no VolumeReplication.*create in the plan"):
        made.provider.enable(made.group, "east", "west")


def test_a_claim_is_needed_by_its_object(replicating: World) -> None:
    provider, group = replicating.provider, replicating.group
    assert provider.needed_by(group, "west", ("payroll", "disk-0")) == "VolumeReplication/payroll/disk-0"
    assert provider.needed_by(group, "west", ("payroll", "other")) == ""


def test_p1_a_volume_is_covered_by_what_the_plan_says_of_its_pv(replicating: World) -> None:
    pv = {"metadata": {"name": "a"}, "spec": {"csi": {"driver": "block.csi.example.com"}}}
    assert replicating.provider.covers(replicating.group, "west", pv) is True
    assert replicating.provider.covers(replicating.group, "west", {**pv, "spec": {"nfs": {}}}) is False
