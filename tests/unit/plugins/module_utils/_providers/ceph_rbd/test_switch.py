# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches by ceph_rbd: what is checked before the first image, what is waited for, what is forced."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import switch as ceph_rbd_switch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.lineage import Arrival
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
    journaled,
    journaled_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b", "c")


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


def test_p5_what_a_killed_forced_promotion_left_to_rbd_mirror_is_freed_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = journaled_pair(monkeypatch, "a", "b")
    pair.images["west"]["a"]["mirror"]["primary"] = True
    assert pair.provider().promote(journaled(), "west", forced=True) is True
    assert sorted(pair.asked) == ["free a at west", "promote_forced b at west"]


def test_p5_a_group_that_was_wholly_promoted_is_freed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = journaled_pair(monkeypatch, "a", "b")
    for facts in pair.images["west"].values():
        facts["mirror"]["primary"] = True
    pair.provider().end_forced_all([journaled()], "west")
    assert sorted(pair.asked) == ["free a at west", "free b at west"]


def test_images_with_snapshots_are_not_even_looked_at_for_their_locks(pair: CephPair) -> None:
    pair.provider().end_forced_all([group()], "west")
    assert pair.looks == []


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


def test_a_forced_promotion_in_the_middle_of_a_journals_first_copy_is_refused(pair: CephPair) -> None:
    """The product would promote a part of a disk."""
    for images in pair.images.values():
        for facts in images.values():
            facts["mirror"]["mode"] = "journal"
    half = {"state": "syncing", "description": "bootstrapping, IMAGE_SYNC/COPY_OBJECT 3%"}
    pair.images["west"]["b"]["status"].update(half)
    with pytest.raises(Refused, match="never wholly synchronised: rbd/b;"):
        pair.provider().promote(group(mode="journal"), "west", forced=True)
    assert pair.asked == []


def test_p3_a_first_copy_of_a_journal_that_nobody_has_reported_yet_is_not_promoted(pair: CephPair) -> None:
    for images in pair.images.values():
        for facts in images.values():
            facts["mirror"]["mode"] = "journal"
    unreported = {"state": "unknown", "up": False, "description": "status not found"}
    pair.images["west"]["b"]["status"].update(unreported)
    pair.images["west"]["b"]["sync_point"] = True
    with pytest.raises(Refused, match="never wholly synchronised: rbd/b;"):
        pair.provider().promote(group(mode="journal"), "west", forced=True)
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
        provider.final_sync(group(timeout="1s"), "east", "west")
    for name in ("a", "b"):
        pair.arrive("west", name)
    with pytest.raises(Timeout, match="1 of 3 images"):
        provider.final_sync(group(), "east", "west")
    assert not any("promote" in asked for asked in pair.asked)
    pair.arrive("west", "c")
    assert provider.final_sync(group(), "east", "west").volumes == 3
    assert provider.promote(group(), "west", forced=False) is True


def test_p3_a_copy_behind_a_gap_is_to_be_made_anew_and_not_moved_to_again(
    pair: CephPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceph_rbd_switch, "STALL_TIMEOUT", 0.0)
    provider = pair.provider()
    provider.demote(group(), "east")
    gap = Arrival(False, "tag 4 entry 0", "tag 4 entry 0, behind a gap", skipped=True)
    monkeypatch.setattr(ceph_rbd_switch, "arrival", lambda *_seen: gap)
    with pytest.raises(Timeout) as error:
        provider.final_sync(group(), "east", "west")
    assert "behind a gap" in (error.value.seen or "")
    assert "resync` of them at west" in (error.value.next_step or "")
    assert "start again" not in (error.value.next_step or "")


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
