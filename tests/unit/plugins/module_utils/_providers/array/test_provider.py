# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider `array`: which files it runs when, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused, Unreachable, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.array.provider import PRODUCTS, ArrayProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.play import Outcome
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.answers import (
    CONSISTENCY_GROUP,
    LINK,
    OPTIONS,
    PAIR,
    POD,
    RELATIONSHIP,
    changed,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.player import Player
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime, plan_of

VOLUMES = {"csi": {"driver": "csi.example.org"}}


def plan(of: str, **options: Any) -> Plan:
    """Secrets stand in it as references."""
    sites = {
        site: {
            **{f"{key}_env" if key in ("password", "api_token", "api_password") else key: here[key] for key in here},
            "volumes": VOLUMES,
        }
        for site, here in OPTIONS[of].items()
    }
    return plan_of(replication={"provider": "array", "options": {"product": of, "sites": sites, **options}})


class Array:
    """A provider on a player, for the one group of a plan."""

    def __init__(self, found: Plan, player: Player) -> None:
        def no_api() -> Any:
            raise Unreachable("connect", seen="no cluster is needed")

        self.group = found.groups[0]
        sites = {site: SiteHandle(site, found, no_api) for site in found.sites}
        self.provider = ArrayProvider(sites, player, SimulatedTime().clock())
        self.player = player


def pod(site: str, promotion: str, **link: Any) -> dict[str, Any]:
    name = f"payroll-{site}"
    links = {name: changed(LINK, **link)}
    return {"raw": {"pods": {name: changed(POD, promotion_status=promotion)}, "replica_links": links}}


def ibm(**changes: Any) -> dict[str, Any]:
    return {"raw": {"groups": [changed(CONSISTENCY_GROUP, **changes)]}}


def test_a_planned_demotion_runs_the_product_s_own_file() -> None:
    peer, here = pod("west", "demoted", direction="inbound"), pod("east", "demoted", status="quiesced")
    array = Array(plan("pure_flasharray"), Player(observe=[peer, here], demote=[{"changed": True}]))
    assert array.provider.demote(array.group, "east") is True
    assert [item.file for item in array.player.played if item.verb == "demote"] == ["pure_flasharray/demote.yml"]


def test_a_site_that_was_overtaken_gives_its_data_up_instead_of_sending_it() -> None:
    peer, here = pod("west", "promoted"), pod("east", "demoted", direction="inbound")
    array = Array(plan("pure_flasharray"), Player(observe=[peer, here], resync=[{"changed": True}]))
    array.provider.demote(array.group, "east")
    assert array.player.verbs == ["observe", "resync", "observe"]


@pytest.mark.parametrize(
    ("product", "shown"),
    [
        ("ibm_storage_virtualize", ibm(primary="aux", state="inconsistent_copying")),
        (
            "hitachi_vspone_block",
            {
                "raw": {
                    "pairs": [
                        {
                            **changed(PAIR, pvol_status="COPY", svol_status="COPY"),
                            "pvol_storage_device_id": PAIR["svol_storage_device_id"],
                            "svol_storage_device_id": PAIR["pvol_storage_device_id"],
                        }
                    ]
                }
            },
        ),
        ("pure_flasharray", pod("east", "demoted", direction="inbound", status="baselining")),
    ],
)
def test_p5_a_copy_that_is_under_way_is_not_begun_again(product: str, shown: dict[str, Any]) -> None:
    array = Array(plan(product), Player(observe=[shown], resync=[Outcome(failed="the group is copied already")]))
    assert array.provider.resync(array.group, "east") is False


def test_what_does_not_follow_its_peer_is_resynchronised() -> None:
    stopped = pod("east", "demoted", direction="inbound", status="paused")
    array = Array(plan("pure_flasharray"), Player(observe=[stopped], resync=[{"changed": True}]))
    assert array.provider.resync(array.group, "east") is True


def test_a_switch_of_both_sides_leaves_nothing_to_promote() -> None:
    array = Array(plan("ibm_storage_virtualize"), Player(observe=[ibm(primary="aux")]))
    assert array.provider.promote(array.group, "west", False) is False
    assert "promote" not in array.player.verbs


def test_p3_a_product_s_own_word_is_the_proof_as_soon_as_it_gives_it() -> None:
    peer = pod("west", "demoted", direction="inbound")
    draining, done = pod("east", "demoted", status="quiescing"), pod("east", "demoted", status="quiesced")
    array = Array(plan("pure_flasharray"), Player(observe=[draining, draining, peer, done, peer]))
    found = array.provider.final_sync(array.group, "east", "west")
    assert (found.holds, found.compared) == (True, "the pod was demoted after its replica link had quiesced")


def test_p3_a_product_that_never_says_it_proves_nothing() -> None:
    group = ibm(primary="aux", state="consistent_copying")
    array = Array(plan("ibm_storage_virtualize", timeout="1m"), Player(observe=[group]))
    found = array.provider.final_sync(array.group, "east", "west")
    assert (found.holds, found.compared) == (False, "nothing: the product does not say that all of it has arrived")


def test_p3_ontap_proves_by_what_its_file_gathered() -> None:
    volume = {"type": "rw", "nas": {"export_policy": {"name": "nodes_ro"}}}
    demoted = {"raw": {"volumes": [volume], "relationships": [], "destinations": []}}
    sent = {"raw": {"before": [], "after": [changed(RELATIONSHIP, transfer={"uuid": "b", "state": "success"})]}}
    array = Array(plan("netapp_ontap"), Player(observe=[demoted], final_sync=[sent]))
    assert array.provider.final_sync(array.group, "east", "west").holds is True


def test_p10_a_file_that_fails_says_what_the_array_said() -> None:
    said = "demote | Stop the copy: CMMVC5987E the group is not found"
    array = Array(plan("ibm_storage_virtualize"), Player(observe=[ibm()], demote=[Outcome(failed=said)]))
    with pytest.raises(Failed, match="CMMVC5987E"):
        array.provider.demote(array.group, "east")


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_no_product_has_a_file_for_is_refused(verb: str) -> None:
    array = Array(plan("dell_unity"), Player())
    with pytest.raises(Unsupported):
        getattr(array.provider, verb)(array.group, "east")


@pytest.mark.parametrize("product", PRODUCTS)
def test_options_that_a_collection_needs_are_asked_for_by_name(product: str) -> None:
    found = plan(product)
    key = PRODUCTS[product].required[-1]
    sites = {"east": found.groups[0].options["sites"]["east"], "west": {"volumes": VOLUMES}}
    array = Array(plan(product, sites=sites), Player(observe=[{"raw": {}}]))
    assert (
        f"{key}; wanted: what {PRODUCTS[product].collection} needs"
        in array.provider.observe(array.group, "east").message
    )


@pytest.mark.parametrize(
    ("product", "said"),
    [(None, "wanted: product: one of dell_powerflex"), ("infinidat_infinibox", "has no module for replication")],
)
def test_an_array_that_no_collection_can_switch_is_refused_with_those_there_are(product: Any, said: str) -> None:
    array = Array(plan("dell_unity", product=product), Player())
    with pytest.raises(Refused, match=said):
        array.provider.promote_all([array.group], "west", False)
    assert said.partition(": ")[2] in array.provider.observe(array.group, "west").message


@pytest.mark.parametrize("product", [["dell_unity"], {"name": "dell_unity"}, 7])
def test_a_product_that_is_no_text_is_refused_by_what_it_is(product: Any) -> None:
    array = Array(plan("dell_unity", product=product), Player())
    seen = array.provider.observe(array.group, "west")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert f"seen: product: {product}; wanted: product: one of" in seen.message


@pytest.mark.parametrize(
    ("product", "changes", "said"),
    [
        ("pure_flasharray", {"pod": ["a"]}, "pod: ['a']; wanted: texts"),
        ("dell_unity", {"username": None}, "username: None; wanted: texts"),
        ("dell_unity", {"password_env": 7}, "no password"),
        ("hitachi_vspone_block", {"storage_device_id": {"id": "a"}}, "storage_device_id: {'id': 'a'}"),
        ("ibm_storage_virtualize", {"side": "auxiliary"}, "side: auxiliary, wanted master or aux"),
        ("ibm_storage_virtualize", {"side": "master"}, "side: master at both sites"),
        ("netapp_ontap", {"demoted_policy": "nodes"}, "export_policy and demoted_policy: both nodes, wanted two"),
    ],
)
def test_p10_options_that_say_nothing_of_use_are_told_by_the_first_look(
    product: str, changes: dict[str, Any], said: str
) -> None:
    sites = plan(product).groups[0].options["sites"]
    found = plan(product, sites={**sites, "west": {**sites["west"], **changes}})
    for site in ("east", "west"):
        array = Array(found, Player(observe=[{"raw": {}}]))
        seen = array.provider.observe(array.group, site)
        assert (seen.role, seen.health) == ("unknown", "error")
        assert said in seen.message


def test_only_what_is_revealed_counts_as_a_reference() -> None:
    sites = plan("dell_unity").groups[0].options["sites"]
    west = {key: value for key, value in sites["west"].items() if key != "username"}
    found = plan("dell_unity", sites={**sites, "west": {**west, "username_env": "UNITY_USER"}})
    array = Array(found, Player(observe=[{"raw": {}}]))
    assert "no username; wanted: what dellemc.unity needs" in array.provider.observe(array.group, "west").message


def test_a_name_of_digits_is_found_in_what_the_array_answers() -> None:
    sites = plan("hitachi_vspone_block").groups[0].options["sites"]
    sites = {"east": {**sites["east"], "storage_device_id": 836000100050}, "west": sites["west"]}
    pair = changed(PAIR, pvol_storage_device_id="836000100050")
    array = Array(plan("hitachi_vspone_block", sites=sites), Player(observe=[{"raw": {"pairs": [pair]}}]))
    assert array.provider.observe(array.group, "east").role == "primary"


@pytest.mark.parametrize(
    ("product", "shown", "said"),
    [
        ("ibm_storage_virtualize", ibm(state="consistent_copying"), "the consistency group is consistent_copying"),
        (
            "hitachi_vspone_block",
            {"raw": {"pairs": [PAIR, changed(PAIR, copy_pair_name="log", pvol_status="PSUE", svol_status="PSUE")]}},
            "log is PSUE and PSUE",
        ),
    ],
)
def test_p3_a_switch_that_would_leave_data_behind_is_refused_before_anything_is_stopped(
    product: str, shown: dict[str, Any], said: str
) -> None:
    array = Array(plan(product), Player(observe=[shown]))
    with pytest.raises(Refused, match=rf"{said}.*nothing was stopped .*array\.md#{product}"):
        array.provider.check_movable([array.group], "east", "west")


@pytest.mark.parametrize(
    ("product", "shown"),
    [
        ("ibm_storage_virtualize", ibm()),
        ("hitachi_vspone_block", {"raw": {"pairs": [PAIR]}}),
        ("pure_flasharray", pod("east", "promoted")),
    ],
)
def test_a_group_that_follows_may_be_moved(product: str, shown: dict[str, Any]) -> None:
    array = Array(plan(product), Player(observe=[shown]))
    array.provider.check_movable([array.group], "east", "west")


def test_p10_a_survivor_that_is_silent_because_of_the_other_array_says_so() -> None:
    array = Array(plan("hitachi_vspone_block"), Player(observe=[Outcome(failed="observe | Read: timed out")]))
    seen = array.provider.observe(array.group, "west")
    assert (seen.reachable, "unless the arrays of both sites answer" in seen.message) == (False, True)
