# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd over two clusters in memory: order, faults, and what it never asks."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import provider as ceph_rbd
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import switch as ceph_rbd_switch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.provider import CephRbdProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.side import Side
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import CephPair


def group(**options: Any) -> Group:
    return Group("payroll", LabelSelector(), options=options)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    monkeypatch.setattr(ceph_rbd, "PATIENCE", 0.0)
    return CephPair("a", "b", "c")


def test_images_come_from_the_other_sites_volumes_where_there_are_none(pair: CephPair) -> None:
    assert pair.provider().observe(group(), "west").role == "secondary"
    pair.silent_apis = {"west"}
    assert pair.provider().observe(group(), "west").role == "secondary"
    pair.silent_apis = {"east", "west"}
    unknown = pair.provider().observe(group(), "west")
    assert (unknown.role, unknown.message) == ("unknown", "it has no volume here")
    with pytest.raises(NotFound, match="no site shows a bound PersistentVolume"):
        pair.provider().promote(group(), "west", forced=True)


def test_images_come_from_volumes_that_are_still_to_be_made_where_no_site_shows_one(pair: CephPair) -> None:
    volumes = pair.provider().sites["east"].volumes(group())
    pair.silent_apis = {"east"}
    provider = pair.provider()
    assert provider.observe(group(), "west").present is False
    provider.sites["west"].expect(volumes)
    assert provider.observe(group(), "west").role == "secondary"
    assert provider.observe(Group("c", LabelSelector({"image": "c"})), "west").raw.keys() == {"rbd/c"}
    assert provider.observe(Group("none", LabelSelector({"image": "d"})), "west").present is False


def test_a_copys_moment_is_told_by_rbd_mirror_which_may_be_late(pair: CephPair) -> None:
    seen = pair.provider().observe(group(), "west")
    assert seen.last_sync is not None
    assert seen.last_sync_by == "rbd-mirror"
    assert pair.provider().observe(Group("none", LabelSelector({"image": "d"})), "west").last_sync_by == ""


def test_one_look_answers_for_all_groups(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector()) for name in ("one", "two", "three")]
    statuses = pair.provider().observe_all(groups, "east")
    assert [(status.group, status.role) for status in statuses] == [(item.name, "primary") for item in groups]
    assert pair.looks == ["east"]


def test_many_groups_are_switched_as_one_and_each_has_its_own_answer(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector({"image": name})) for name in "abc"]
    pair.provider().demote(groups[0], "east")
    pair.looks.clear()
    assert pair.provider().demote_all(groups, "east") == [False, True, True]
    assert pair.looks == ["east"]
    pair.looks.clear()
    proofs = pair.provider().final_sync_all(groups, "east", "west")
    assert [(proof.group, proof.holds, proof.volumes, proof.source) for proof in proofs] == [
        (name, True, 1, f"rbd/{name}: snapshot 9") for name in "abc"
    ]
    assert sorted(pair.looks) == ["east", "west"]
    pair.provider().promote(groups[1], "west", forced=False)
    pair.looks.clear()
    assert pair.provider().promote_all(groups, "west", forced=False) == [True, False, True]
    assert sorted(pair.looks) == ["east", "west"]
    assert [asked for asked in pair.asked if "promote" in asked] == [f"promote {name} at west" for name in "bac"]
    assert pair.provider().promote_all(groups, "west", forced=True) == [False] * 3


def test_a_switch_of_many_groups_does_not_go_through_all_images_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(number) for number in range(100)]
    pair, groups = CephPair(*names), [Group(name, LabelSelector({"image": name})) for name in names]
    looked_at: list[object] = []
    is_primary = Side.is_primary
    monkeypatch.setattr(Side, "is_primary", lambda self, image: looked_at.append(image) or is_primary(self, image))
    assert all(pair.provider().demote_all(groups, "east"))
    assert all(pair.provider().promote_all(groups, "west", forced=False))
    assert len(looked_at) <= 20 * len(names)


def test_groups_are_one_only_where_their_options_are_the_same(pair: CephPair) -> None:
    one, other = (Group(name, LabelSelector({"image": name}), options={"timeout": f"{name}0s"}) for name in "12")
    pair.names = ["1", "2"]
    with pytest.raises(NotFound, match="on group 1 at site west; seen: no image rbd/1;"):
        pair.provider().promote_all([one, other], "west", forced=True)
    with pytest.raises(NotFound, match="on group 1, 2 at site west; seen: no image rbd/1, rbd/2;"):
        pair.provider().promote_all([one, Group("2", other.selector, options=one.options)], "west", forced=True)


def test_p4_a_cluster_that_is_silent_is_a_status(pair: CephPair) -> None:
    pair.silent = {"east"}
    status = pair.provider().observe(group(), "east")
    assert (status.reachable, status.role) == (False, "unknown")


def test_a_bad_option_is_a_status_of_its_group_alone(pair: CephPair) -> None:
    good, bad = pair.provider().observe_all([group(), Group("bad", LabelSelector(), options={"mode": "x"})], "east")
    assert (good.role, bad.role, bad.health) == ("primary", "unknown", "error")
    assert "option mode" in bad.message


@pytest.mark.parametrize("verb", ["demote", "promote", "force"])
def test_all_images_are_checked_before_the_first_is_switched(pair: CephPair, verb: str) -> None:
    site = "east" if verb == "demote" else "west"
    del pair.images[site]["b"]
    provider = pair.provider()
    with pytest.raises(NotFound, match="rbd/b"):
        provider.demote(group(), site) if verb == "demote" else provider.promote(group(), site, verb == "force")
    del pair.images[site]["c"]["mirror"]
    pair.names = ["a", "c"]
    provider = pair.provider()
    with pytest.raises(Refused, match="mirroring is not enabled for rbd/c"):
        provider.demote(group(), site) if verb == "demote" else provider.promote(group(), site, verb == "force")
    assert pair.asked == []


def test_p1_force_asks_nothing_of_the_peer_and_is_never_implied(pair: CephPair) -> None:
    pair.pv_sites = {"west"}
    pair.silent = {"east"}
    with pytest.raises(Unreachable):
        pair.provider().promote(group(), "west", forced=False)
    assert pair.asked == []
    assert pair.provider().promote(group(), "west", forced=True) is True
    assert pair.role("west") == "primary"
    assert all("promote_forced" in asked for asked in pair.asked)


def test_a_forced_promotion_waits_while_the_replay_is_being_stopped(pair: CephPair) -> None:
    pair.faults["west", "promote_forced", "b"] = [errno.EROFS, errno.EBUSY]
    assert pair.provider().promote(group(), "west", forced=True) is True
    assert pair.asked.count("promote_forced b at west") == 3
    assert pair.asked.count("promote_forced a at west") == 1


def test_p5_half_a_sync_that_a_killed_promotion_left_is_not_promoted(pair: CephPair) -> None:
    """The product would, and say that all is well."""
    mark = {"id": 9, "state": "non-primary", "complete": True, "origin": "", "origin_id": None, "copied": 0}
    copy = pair.images["west"]["b"]["snapshots"]
    copy += [{**copy[-1], "id": 8, "complete": False}, mark]
    with pytest.raises(TerminalState, match="went back to the last complete snapshot: rbd/b;"):
        pair.provider().promote(group(), "west", forced=True)
    assert pair.asked == []


def test_a_forced_promotion_of_what_was_never_copied_is_refused(pair: CephPair) -> None:
    pair.images["west"]["b"]["snapshots"] = []
    with pytest.raises(Refused, match="never wholly synchronised: rbd/b;"):
        pair.provider().promote(group(), "west", forced=True)
    assert pair.asked == []


def test_an_error_of_one_image_names_it_and_a_rerun_completes_the_group(pair: CephPair) -> None:
    pair.faults["east", "demote", "b"] = [errno.EIO]
    with pytest.raises(Failed, match="image rbd/b"):
        pair.provider().demote(group(), "east")
    assert "partly switched" in pair.provider().observe(group(), "east").message
    assert pair.provider().demote(group(), "east") is True
    assert pair.asked.count("demote a at east") == 1
    assert pair.role("east") == "secondary"


def test_p3_a_planned_switch_promotes_only_what_has_arrived(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = pair.provider()
    with pytest.raises(Refused, match="still primary at east"):
        provider.promote(group(), "west", forced=False)
    pair.joined = False
    provider.demote(group(), "east")
    monkeypatch.setattr(ceph_rbd_switch, "STALL_TIMEOUT", 0.2)
    with pytest.raises(Timeout, match=r"3 of 3 images have not all of east's data: rbd/a has snapshot 4") as error:
        provider.promote(group(), "west", forced=False)
    assert "promote east again until west is healthy" in str(error.value)
    with pytest.raises(Timeout, match="waited 0 s"):
        provider.final_sync(group(timeout="0s"), "east", "west")
    for name in ("a", "b"):
        pair.arrive("west", name)
    with pytest.raises(Timeout, match="1 of 3 images"):
        provider.final_sync(group(), "east", "west")
    assert not any("promote" in asked for asked in pair.asked)
    pair.arrive("west", "c")
    assert provider.final_sync(group(), "east", "west").volumes == 3
    assert provider.promote(group(), "west", forced=False) is True


@pytest.mark.parametrize("old", ["east", "west"])
def test_p3_a_site_that_has_only_the_volumes_of_an_earlier_stay_is_no_measure(pair: CephPair, old: str) -> None:
    pair.pv_sites = {"east", "west"}
    pair.unmade = {(old, "c")}
    for name in "abc":
        pair.provider().demote(group(), "east") if old == "west" else pair._change("east", "demote", name)
    assert pair.provider().final_sync(group(), "east", "west").volumes == 3
    assert pair.provider().promote(group(), "west", forced=False) is True
    assert pair.role("west") == "primary"


def test_p3_a_source_without_proof_is_promoted_again(pair: CephPair) -> None:
    pair.joined = False
    pair.provider().demote(group(), "east")
    assert pair.provider().promote(group(), "east", forced=False) is True


def test_a_wait_that_does_not_end_says_the_last_state(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = pair.provider()
    provider.demote(group(), "east")
    monkeypatch.setattr(ceph_rbd_switch, "SWITCH_TIMEOUT", 0.3)
    pair.faults["west", "promote", "c"] = [errno.EBUSY] * 99
    with pytest.raises(Timeout, match=r"1 of 3 not promoted: rbd/c: EBUSY, up\+replaying"):
        provider.promote(group(), "west", forced=False)


def test_split_brain_is_named_and_refused(pair: CephPair) -> None:
    provider = pair.provider()
    provider.promote(group(), "west", forced=True)
    with pytest.raises(TerminalState, match="split-brain: primary at west and at east"):
        provider.promote(group(), "west", forced=False)
    with pytest.raises(Refused, match="demote the group at east first"):
        provider.resync(group(), "east")
    provider.demote(group(), "east")
    assert provider.resync(group(), "east") is True
    assert provider.resync(group(), "east") is False


def test_what_follows_its_peer_or_will_is_not_resynchronised(pair: CephPair) -> None:
    assert pair.provider().resync(group(), "west") is False
    assert pair.asked == []


def test_p5_a_resync_that_was_asked_for_before_is_waited_for(pair: CephPair) -> None:
    """Not taken for a stranger of the same name while rbd-mirror makes the image anew."""
    provider = pair.provider()
    provider.promote(group(), "west", forced=True)
    provider.demote(group(), "east")
    provider.resync(group(), "east")
    pair.images["east"]["b"]["mirror"]["state"] = "creating"
    with pytest.raises(Timeout, match="1 of 3 do not follow west: mirroring is creating"):
        provider.resync(group(timeout="0s"), "east")
    assert pair.asked.count("resync b at east") == 1


def test_nothing_is_thrown_away_for_a_demoted_peer(pair: CephPair) -> None:
    pair.provider().demote(group(), "east")
    with pytest.raises(Refused, match="nothing was thrown away"):
        pair.provider().resync(group(), "west")
    assert not any("resync" in asked for asked in pair.asked)


def test_enabling_is_checked_as_a_whole(pair: CephPair) -> None:
    assert pair.provider().enable(group(), "east", "west") is False
    with pytest.raises(Refused, match="not primary: rbd/a, rbd/b, rbd/c"):
        pair.provider().enable(group(), "west", "east")
    with pytest.raises(Conflict, match="another mode than journal"):
        pair.provider().enable(group(mode="journal"), "east", "west")
    pair.peers = False
    with pytest.raises(Refused, match="no mirroring peer"):
        pair.provider().enable(group(), "east", "west")
    pair.peers = True
    pair.images["west"]["b"]["mirror"]["global_id"] = "another"
    with pytest.raises(Conflict, match="no copies of east's: rbd/b;"):
        pair.provider().enable(group(), "east", "west")
    assert pair.asked == []


def test_a_schedule_replaces_the_images_own_and_is_taken_back(pair: CephPair) -> None:
    assert pair.provider().enable(group(schedule="5m"), "east", "west") is True
    assert pair.provider().enable(group(schedule="5m"), "east", "west") is False
    assert pair.provider().enable(group(schedule="1h"), "east", "west") is True
    wanted = {f"rbd/{name}": {"1h"} for name in "abc"}
    assert pair.schedules == {"east": wanted, "west": wanted}
    assert pair.provider().disable(group(schedule="1h"), "east") is True
    assert pair.schedules == {site: {f"rbd/{name}": set() for name in "abc"} for site in ("east", "west")}


def test_p8_copies_leave_the_mirror_before_their_primary_does(pair: CephPair) -> None:
    pair.silent = {"west"}
    with pytest.raises(Unreachable):
        pair.provider().disable(group(), "east")
    assert pair.asked == []
    pair.silent = set()
    assert [pair.provider().enabled(group(), site) for site in ("east", "west")] == [True, True]
    assert pair.provider().disable(group(), "east") is True
    assert [pair.provider().enabled(group(), site) for site in ("east", "west")] == [False, False]
    order = [asked for asked in pair.asked if "disable" in asked]
    assert order[:3] == [f"disable_copy {name} at west" for name in "abc"]
    assert order[3:] == [f"disable {name} at east" for name in "abc"]
    assert pair.provider().disable(group(), "west") is False


def test_without_a_labelled_claim_there_is_nothing_to_end(pair: CephPair) -> None:
    pair.pv_sites = set()
    assert pair.provider().enabled(group(), "east") is False


def test_p8_a_copy_leaves_the_mirror_first_also_where_no_volume_names_it(pair: CephPair) -> None:
    pair.pv_sites = {"east", "west"}
    pair.unmade = {("west", "c")}
    assert pair.provider().disable(group(), "east") is True
    assert pair.asked.index("disable_copy c at west") < pair.asked.index("disable a at east")


def test_a_stranger_is_found_also_where_no_volume_names_it(pair: CephPair) -> None:
    pair.pv_sites = {"east", "west"}
    pair.unmade = {("west", "c")}
    pair.images["west"]["c"]["mirror"]["global_id"] = "another"
    with pytest.raises(Conflict, match="no copies of east's: rbd/c;"):
        pair.provider().enable(group(), "east", "west")


def test_a_proof_is_shown_by_the_demoted_source_alone(pair: CephPair) -> None:
    for facts in (*pair.images["east"].values(), *pair.images["west"].values()):
        facts["status"] = {**facts["status"], "state": "unknown", "description": "remote image is not primary"}
    pair.provider().demote(group(), "east")
    source, target = (pair.provider().observe(group(), site) for site in ("east", "west"))
    assert source.sync_proof == "3 volumes, each: the other site holds its snapshot 9"
    assert (source.health, source.role) == ("healthy", "secondary")
    assert (target.sync_proof, target.health) == ("", "degraded")
    pair.silent = {"west"}
    alone = pair.provider().observe(group(), "east")
    assert (alone.role, alone.sync_proof) == ("secondary", "")
    assert "no proof" in alone.message


def test_one_look_at_both_sites_proves_all_demoted_groups(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector({"image": name})) for name in "abc"]
    for facts in (*pair.images["east"].values(), *pair.images["west"].values()):
        facts["status"] = {**facts["status"], "state": "unknown", "description": "remote image is not primary"}
    pair.provider().demote_all(groups[:2], "east")
    pair.looks.clear()
    statuses = pair.provider().observe_all(groups, "east")
    assert sorted(pair.looks) == ["east", "east", "west"]
    proof = "1 volumes, each: the other site holds its snapshot 9"
    assert [(status.role, status.sync_proof) for status in statuses] == [
        ("secondary", proof),
        ("secondary", proof),
        ("primary", ""),
    ]


def test_who_asks_for_no_proof_of_demoted_groups_asks_one_cluster_once(pair: CephPair) -> None:
    for facts in pair.images["east"].values():
        facts["status"] = {**facts["status"], "state": "unknown", "description": "remote image is not primary"}
    pair.provider().demote(group(), "east")
    pair.looks.clear()
    (status,) = pair.provider().observe_roles([group()], "east")
    assert (status.role, status.sync_proof, pair.looks) == ("secondary", "", ["east"])


def test_a_group_that_cannot_be_proven_does_not_keep_others_from_their_proof(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector({"image": name})) for name in "abc"]
    for facts in (*pair.images["east"].values(), *pair.images["west"].values()):
        facts["status"] = {**facts["status"], "state": "unknown", "description": "remote image is not primary"}
    pair.provider().demote_all(groups, "east")
    del pair.images["west"]["b"]
    statuses = pair.provider().observe_all(groups, "east")
    assert [bool(status.sync_proof) for status in statuses] == [True, False, True]
    assert "no proof" in statuses[1].message
    assert "no image rbd/b" in statuses[1].message


def test_bad_options_of_the_other_site_cost_the_proof_and_not_the_status(pair: CephPair) -> None:
    for facts in (*pair.images["east"].values(), *pair.images["west"].values()):
        facts["status"] = {**facts["status"], "state": "unknown", "description": "remote image is not primary"}
    pair.provider().demote(group(), "east")
    status = pair.provider().observe(group(sites={"west": {"mode": "x"}}), "east")
    assert (status.role, status.sync_proof) == ("secondary", "")
    assert "no proof: " in status.message
    assert "option mode" in status.message


def test_volumes_of_another_driver_or_pool_are_not_covered(pair: CephPair) -> None:
    def covers(driver: str, pool: str) -> bool:
        csi = {"driver": driver, "volumeAttributes": {"pool": pool, "imageName": "x"}}
        pv = {"metadata": {"name": "pv"}, "spec": {"csi": csi}}
        return pair.provider().covers(group(pool="rbd"), "east", pv)

    assert covers("openshift-storage.rbd.csi.ceph.com", "rbd")
    assert not covers("openshift-storage.rbd.csi.ceph.com", "other")
    assert not covers("nfs.csi.k8s.io", "rbd")


def test_it_is_detected_by_its_volumes_and_a_command(pair: CephPair) -> None:
    east = pair.provider().sites["east"]
    assert CephRbdProvider.detect(group(), east) == ""
    commanded = group(sites={"east": {"command": ["ssh", "-T", "root@east"]}})
    assert "3 volumes are RBD images" in CephRbdProvider.detect(commanded, east)
    assert CephRbdProvider.detect(commanded, pair.provider().sites["west"]) == ""


def test_an_image_that_is_let_go_leaves_the_mirror_with_its_copy_and_no_other_does(pair: CephPair) -> None:
    pair.provider().release(group(), "east", ["payroll/b"])
    assert [asked for asked in pair.asked if "disable" in asked] == ["disable b at east"]
