# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dell_csm finds at the sites, refuses there, and takes for a plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP, PV
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.objects import (
    GROUP_OF_PV,
    PLAN_LABEL,
    REMOTE_GROUP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.provider import DellCsmProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.world import (
    RG,
    World,
    add_claim,
    add_volume,
    replication_group,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def made() -> World:
    return world()


def test_a_group_is_detected_by_the_mark_on_its_volumes(made: World) -> None:
    provider = made.provider
    assert "rg-1 of its 2 volumes" in DellCsmProvider.detect(made.group, provider.sites["east"])


def test_volumes_without_the_mark_are_of_another_product(made: World) -> None:
    add_volume(made.apis["east"], "other", group="")
    add_claim(made.apis["east"], "other")
    assert DellCsmProvider.detect(made.group, made.provider.sites["east"]) == ""


def test_both_ends_are_found_and_replicate(made: World) -> None:
    east, west = (made.provider.observe(made.group, site) for site in ("east", "west"))
    assert (east.role, east.direction, west.role, west.direction) == ("primary", "outgoing", "secondary", "incoming")


def test_a_target_without_claims_is_found_by_what_its_peer_notes() -> None:
    made = world(at=("east",))
    assert made.provider.observe(made.group, "west").role == "secondary"


def test_p4_a_silent_site_is_a_status(made: World) -> None:
    made.apis["west"].reachable = False
    seen = made.provider.observe(made.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")
    assert "timed out" in seen.message


def test_a_site_without_the_definitions_says_so(made: World) -> None:
    made.apis["west"].served = False
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, seen.health, seen.present) == ("unknown", "error", True)
    with pytest.raises(Unsupported, match="install CSM Replication"):
        made.provider.promote(made.group, "west", forced=True)


def test_p1_a_deleted_relationship_is_not_an_absent_group(made: World) -> None:
    """What is absent counts as not writable."""
    MemoryApi.delete(made.apis["east"], DELL_REPLICATION_GROUP, RG)
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health, seen.present) == ("unknown", "error", True)
    assert "the relationship was deleted" in seen.message


@pytest.mark.parametrize("group", ["", "rg-2"])
def test_p1_volumes_that_do_not_switch_together_are_refused(made: World, group: str) -> None:
    add_volume(made.apis["east"], "other", group=group)
    add_claim(made.apis["east"], "other")
    with pytest.raises(Refused, match=f"payroll/other: {group or 'none'}"):
        made.provider.demote(made.group, "east")
    assert made.provider.observe(made.group, "east").health == "error"


def test_a_volume_without_the_mark_is_not_replicated() -> None:
    made = world(volumes=0)
    add_volume(made.apis["east"], "other", group="")
    add_claim(made.apis["east"], "other")
    with pytest.raises(NotFound, match=r"payroll/other has no label .*/replicationGroupName"):
        made.provider.demote(made.group, "east")


def test_p8_volumes_of_others_are_not_switched_along(made: World) -> None:
    add_volume(made.apis["east"], "theirs")
    for verb in (lambda: made.provider.demote(made.group, "east"), lambda: made.provider.pause(made.group, "east")):
        with pytest.raises(Refused, match="also replicates pv-theirs"):
            verb()
    assert made.apis["east"].asked() == []


def change(made: World, site: str, part: str, **fields: Any) -> None:
    MemoryApi.patch(made.apis[site], DELL_REPLICATION_GROUP, RG, None, {part: fields})


def test_p1_an_end_of_another_pair_is_refused(made: World) -> None:
    change(made, "west", "spec", remoteProtectionGroupId="another")
    with pytest.raises(Conflict, match=r"spec\.remoteProtectionGroupId is another"):
        made.provider.demote(made.group, "east")
    change(made, "west", "spec", remoteProtectionGroupId="rg-1-east")
    change(made, "west", "metadata", annotations={REMOTE_GROUP: "rg-9"})
    with pytest.raises(Conflict, match="its counterpart is rg-9"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []


def test_the_ends_may_have_different_names(made: World) -> None:
    MemoryApi.delete(made.apis["west"], DELL_REPLICATION_GROUP, RG)
    west = replication_group("west", name="rg-of-west")
    west["metadata"]["annotations"] = {REMOTE_GROUP: RG}
    west["spec"].update(protectionGroupId="rg-1-west", remoteProtectionGroupId="rg-1-east")
    MemoryApi.create(made.apis["west"], DELL_REPLICATION_GROUP, west)
    for number in range(2):
        labels = {"metadata": {"labels": {GROUP_OF_PV: "rg-of-west"}}}
        MemoryApi.patch(made.apis["west"], PV, f"pv-disk-{number}", None, labels)
    change(made, "east", "metadata", annotations={REMOTE_GROUP: "rg-of-west"})
    made.wait()
    assert made.provider.demote(made.group, "east") is True
    assert made.provider.promote(made.group, "west", forced=False) is True


def test_a_group_is_taken_for_one_plan_and_given_back(made: World) -> None:
    provider = made.provider
    assert provider.enable(made.group, "east", "west") is True
    assert provider.enable(made.group, "east", "west") is False
    assert made.rg("west")["metadata"]["labels"][PLAN_LABEL] == "payroll"
    assert provider.enabled(made.group, "east") is True
    assert [provider.disable(made.group, "east") for _time in range(2)] == [True, False]
    assert provider.enabled(made.group, "east") is False
    assert PLAN_LABEL not in made.rg("east")["metadata"]["labels"]


def test_p8_the_group_of_another_plan_is_not_switched(made: World) -> None:
    change(made, "east", "metadata", labels={PLAN_LABEL: "theirs"})
    for verb in (
        lambda: made.provider.enable(made.group, "east", "west"),
        lambda: made.provider.demote(made.group, "east"),
    ):
        with pytest.raises(Conflict, match="it belongs to plan theirs"):
            verb()
    assert PLAN_LABEL not in made.rg("west")["metadata"].get("labels", {})


def test_enabling_resumes_a_paused_link(made: World) -> None:
    made.provider.pause(made.group, "east")
    assert made.provider.enable(made.group, "east", "west") is True
    assert made.provider.observe(made.group, "east").direction == "outgoing"


def test_nothing_is_enabled_against_the_direction_of_the_product(made: World) -> None:
    with pytest.raises(Refused, match="wanted: source at west"):
        made.provider.enable(made.group, "west", "east")


def test_p1_a_volume_is_covered_by_the_handle_that_the_product_knows_here(made: World) -> None:
    def pv(handle: str, driver: str = "csi-powerstore.dellemc.com") -> dict[str, Any]:
        return {"metadata": {"name": "any"}, "spec": {"csi": {"driver": driver, "volumeHandle": handle}}}

    provider = made.provider
    assert provider.covers(made.group, "west", pv("disk-0-west")) is True
    assert provider.covers(made.group, "west", pv("disk-0-east")) is False
    assert provider.covers(made.group, "west", pv("disk-0-west", "csi-isilon.dellemc.com")) is False
    assert provider.covers(made.group, "west", {"metadata": {"name": "any"}, "spec": {"nfs": {}}}) is False


@pytest.mark.parametrize(("group", "covered"), [(RG, True), ("", False)], ids=["marked", "not marked"])
def test_a_volume_is_covered_before_protect_has_labelled_any_claim(group: str, covered: bool) -> None:
    made = world(volumes=0)
    add_volume(made.apis["east"], "disk-0", group)
    assert made.provider.covers(made.group, "east", made.apis["east"].get(PV, "pv-disk-0")) is covered


@pytest.mark.parametrize(
    ("options", "wanted"), [({"timeout": "soon"}, "timeout: soon"), ({"group": "rg-1"}, "unknown: group")]
)
def test_wrong_options_are_named(options: dict[str, str], wanted: str) -> None:
    with pytest.raises(Refused, match=wanted):
        world(**options).provider.demote(world(**options).group, "east")


def test_all_groups_are_observed_with_one_list(made: World) -> None:
    provider = made.provider
    provider.observe_all([made.group], "east")
    counted: list[str] = []
    plain = made.apis["east"].list

    def listed(kind: Any, *args: Any, **named: Any) -> Any:
        counted.append(kind.kind)
        return plain(kind, *args, **named)

    made.apis["east"].list = listed  # type: ignore[method-assign]
    provider.observe_all([made.group] * 5, "east")
    assert counted.count(DELL_REPLICATION_GROUP.kind) == 1
