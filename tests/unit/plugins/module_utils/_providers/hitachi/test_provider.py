# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hitachi finds at the sites, refuses there, and takes for a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    HITACHI_REPLICATION,
    HITACHI_REPLICATION_GROUP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.provider import HitachiProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.side import Reads, Side
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ownership import PLAN_LABEL
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import (
    GROUP,
    REPLICATION,
    SPACE,
    handle,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import (
    PARENT,
    World,
    add_claim,
    add_group,
    add_pair,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def made() -> World:
    return world()


def pv(name: str, site: str = "west", **spec: Any) -> dict[str, Any]:
    csi = {"driver": "hspc.csi.hitachi.com", "volumeHandle": handle(site, "disk-0")}
    return {"metadata": {"name": "any"}, "spec": {"csi": csi, "claimRef": {"namespace": SPACE, "name": name}, **spec}}


def test_a_group_is_detected_by_the_replications_of_its_claims(made: World) -> None:
    assert HitachiProvider.detect(made.group, made.provider.sites["east"]) == "Replication of each of its 2 claims"


def test_claims_of_another_product_are_not_detected(made: World) -> None:
    add_claim(made.apis["east"], "disk-7")
    assert HitachiProvider.detect(made.group, made.provider.sites["east"]) == ""
    add_claim(made.apis["west"], "disk-8", driver="csi.trident.netapp.io")
    assert HitachiProvider.detect(made.group, made.provider.sites["west"]) == ""


@pytest.mark.parametrize("driver", [["hspc.csi.hitachi.com"], {"name": "hspc.csi.hitachi.com"}, None])
def test_options_in_another_form_detect_nothing(made: World, driver: Any) -> None:
    group = replace(made.group, options={"driver": driver})
    assert HitachiProvider.detect(group, made.provider.sites["east"]) == ""


def test_a_site_that_does_not_serve_the_product_shows_nothing(made: World) -> None:
    provider = made.provider
    made.apis["east"].served = False
    assert HitachiProvider.detect(made.group, provider.sites["east"]) == ""


@pytest.mark.parametrize("grouped", [False, True])
def test_both_ends_are_found_and_replicate(grouped: bool) -> None:
    made = world(grouped=grouped)
    east, west = (made.provider.observe(made.group, site) for site in ("east", "west"))
    assert (east.role, east.direction, west.role, west.direction) == ("primary", "outgoing", "secondary", "incoming")
    assert [made.provider.observe_all([made.group], site)[0].role for site in made.apis] == ["primary", "secondary"]


def test_a_target_without_claims_of_the_plan_is_found_by_the_plans_marks() -> None:
    made = world(at=("east",))
    assert made.provider.observe(made.group, "west").role == "secondary"
    assert made.provider.promote(made.group, "west", forced=True) is True


def test_p4_a_silent_site_is_a_status(made: World) -> None:
    made.apis["west"].reachable = False
    seen = made.provider.observe(made.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")
    assert "timed out" in seen.message


def test_a_site_without_the_definitions_says_so(made: World) -> None:
    made.apis["west"].served = False
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, seen.health, seen.present) == ("unknown", "error", True)
    with pytest.raises(Unsupported, match="install the Replication Plug-in"):
        made.provider.promote(made.group, "west", forced=True)


def test_a_version_without_groups_is_enough_for_pairs(made: World) -> None:
    west, plain = made.apis["west"], made.apis["west"].list

    def listed(kind: Any, *args: Any, **named: Any) -> Any:
        if kind == HITACHI_REPLICATION_GROUP:
            raise NotFound("GET", site="west", on=kind.resource, status=404)
        return plain(kind, *args, **named)

    west.list = listed  # type: ignore[method-assign]
    assert made.provider.demote(made.group, "east") is True


def test_a_group_that_is_named_and_not_there_is_refused() -> None:
    made = world(grouped=True)
    del made.apis["west"].objects[GROUP, SPACE, PARENT]
    assert made.provider.observe(made.group, "west").health == "error"
    with pytest.raises(NotFound, match="names ReplicationGroup disks, which is not there"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []


def test_p1_claims_of_two_products_are_refused(made: World) -> None:
    add_claim(made.apis["east"], "disk-7", driver="csi.trident.netapp.io")
    with pytest.raises(NotFound, match=r"payroll/disk-7 has no Replication: another product's"):
        made.provider.demote(made.group, "east")
    assert made.provider.observe(made.group, "east").role == "unknown"


def test_p1_a_claim_with_two_replications_is_refused(made: World) -> None:
    twice = {**made.replication("east"), "metadata": {"name": "again", "namespace": SPACE}}
    MemoryApi.create(made.apis["east"], HITACHI_REPLICATION, twice)
    with pytest.raises(Refused, match=r"has 2 Replications: again, disk-0"):
        made.provider.demote(made.group, "east")


def test_p8_volumes_of_others_are_not_switched_along() -> None:
    made = world(grouped=True)
    add_pair(made, "east", "disk-9", PARENT, taken=False)
    with pytest.raises(Conflict, match="it also replicates payroll/disk-9"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []


def test_p8_volumes_that_only_the_product_counts_are_not_switched_along() -> None:
    made = world(grouped=True)
    add_pair(made, "east", "disk-9", taken=False)
    group = made.apis["east"].item(GROUP, PARENT)
    group["status"]["replications"] = [{"namespace": SPACE, "name": "disk-9"}]
    made.apis["east"].keep(group)
    with pytest.raises(Conflict, match="it also replicates payroll/disk-9"):
        made.provider.demote(made.group, "east")


def test_what_a_group_replicates_is_looked_up_once_and_not_for_each_claim() -> None:
    made = world(volumes=30, grouped=True)
    group = made.apis["east"].item(GROUP, PARENT)
    group["status"]["replications"] = [{"namespace": SPACE, "name": f"disk-{number}"} for number in range(30)]
    made.apis["east"].keep(group)
    side = Side(made.group, made.provider.sites["east"], Reads())
    legs = side.legs(side.keys())
    with patch.object(Side, "_replications", autospec=True, side_effect=Side._replications) as looked:
        side.check_ours(legs)
    assert looked.call_count <= 2 * 30


def test_p8_the_replication_of_another_plan_is_not_switched(made: World) -> None:
    made.change("west", "metadata", labels={PLAN_LABEL: "theirs"})
    verbs = [
        lambda: made.provider.demote(made.group, "east"),
        lambda: made.provider.enable(made.group, "east", "west"),
        lambda: made.provider.promote(made.group, "west", forced=True),
    ]
    for verb in verbs:
        with pytest.raises(Conflict, match="it belongs to plan theirs"):
            verb()
    assert made.apis["east"].asked() + made.apis["west"].asked() == []


def test_a_policy_that_asks_for_states_itself_is_refused(made: World) -> None:
    """Two that ask one object for states: the DR operator puts its own back."""
    made.change(
        "east", "metadata", ownerReferences=[{"kind": "DRPolicy", "name": "gold", "apiVersion": "v1", "uid": "1"}]
    )
    with pytest.raises(Conflict, match="DRPolicy gold asks it for states, too"):
        made.provider.demote(made.group, "east")


def test_p1_a_pair_of_another_kind_is_never_switched(made: World) -> None:
    for site in made.apis:
        made.change(site, "spec", replicationType="GAD")
    with pytest.raises(Conflict, match="replicationType GAD: who may write its volumes is not known"):
        made.provider.promote(made.group, "west", forced=True)


def test_p1_an_end_of_another_pair_is_refused(made: World) -> None:
    item = made.replication("west")
    item["status"]["replicationPair"]["copyPairName"] = "another"
    made.apis["west"].keep(item)
    with pytest.raises(Conflict, match=r"copyPairName: disk-0 here, another there"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []


def test_p1_what_may_be_the_source_is_not_failed_over_to(made: World) -> None:
    same = {"primaryVolumeId": 7, "secondaryVolumeId": 7, "primaryVolumeNickname": "x", "secondaryVolumeNickname": "x"}
    item = made.replication("west")
    item["status"]["replicationPair"].update(same)
    del item["spec"]["replicationAttribute"]
    made.apis["west"].keep(item)
    with pytest.raises(Refused, match="only that can take over"):
        made.provider.check_forceable([made.group], "west")
    with pytest.raises(Refused, match="only that can take over"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.apis["west"].asked() == []


def test_p1_the_copy_is_not_demoted_again(made: World) -> None:
    assert made.provider.demote(made.group, "west") is False
    assert made.apis["west"].asked() == []


@pytest.mark.parametrize("grouped", [False, True])
def test_objects_are_taken_for_one_plan_and_given_back(grouped: bool) -> None:
    made = world(grouped=grouped, taken=False)
    provider = made.provider
    assert [provider.enable(made.group, "east", "west") for _time in range(2)] == [True, False]
    kind, name = made.asked_of("west")
    assert made.apis["west"].item(kind, name)["metadata"]["labels"][PLAN_LABEL] == "payroll"
    assert made.replication("west")["metadata"]["labels"][PLAN_LABEL] == "payroll"
    assert provider.enabled(made.group, "east") is True
    assert [provider.disable(made.group, "east") for _time in range(2)] == [True, False]
    assert provider.enabled(made.group, "east") is False
    assert made.apis["east"].asked() + made.apis["west"].asked() == []


def test_p8_the_end_of_protection_deletes_nothing(made: World) -> None:
    made.provider.disable(made.group, "east")
    assert made.replication("east")["spec"]["persistentVolumeClaimName"] == "disk-0"


def test_enabling_pairs_what_was_split(made: World) -> None:
    for name in made.arrays.pairs:
        made.arrays.execute("east", "split", name)
    made.wait()
    assert made.provider.enable(made.group, "east", "west") is True
    assert made.roles() == ("primary", "secondary")


def test_nothing_is_enabled_against_the_direction_of_the_product(made: World) -> None:
    with pytest.raises(Refused, match="wanted: the P-VOL at west"):
        made.provider.enable(made.group, "west", "east")


def test_p1_a_volume_is_covered_where_its_claim_is_replicated(made: World) -> None:
    provider = made.provider
    assert provider.covers(made.group, "west", pv("disk-0")) is True
    assert provider.covers(made.group, "west", pv("disk-9")) is False
    other = {"driver": "nfs.csi.k8s.io", "volumeHandle": "x"}
    assert provider.covers(made.group, "west", pv("disk-0", csi=other)) is False
    assert provider.covers(made.group, "west", pv("disk-0", csi=None, nfs={})) is False
    assert provider.covers(made.group, "west", pv("disk-0", claimRef=None)) is False


def test_a_copy_is_kept_alive_by_its_replication(made: World) -> None:
    assert made.provider.needed_by(made.group, "west", (SPACE, "disk-0")) == "Replication/payroll/disk-0"
    assert made.provider.needed_by(made.group, "west", (SPACE, "disk-9")) == ""


@pytest.mark.parametrize(
    ("options", "wanted"),
    [({"timeout": "soon"}, "timeout: soon"), ({"group": "rg-1"}, "unknown: group"), ({"driver": 7}, "driver: 7")],
)
def test_wrong_options_are_named(options: dict[str, Any], wanted: str) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=wanted):
        made.provider.demote(made.group, "east")


def test_all_groups_are_observed_with_one_list_of_each_kind() -> None:
    made = world(grouped=True)
    add_group(made.apis["east"], name="more")
    provider = made.provider
    provider.observe_all([made.group], "east")
    counted: list[str] = []
    plain = made.apis["east"].list

    def listed(kind: Any, *args: Any, **named: Any) -> Any:
        counted.append(kind.kind)
        return plain(kind, *args, **named)

    made.apis["east"].list = listed  # type: ignore[method-assign]
    provider.observe_all([made.group] * 5, "east")
    assert (counted.count(REPLICATION), counted.count(GROUP)) == (1, 1)
