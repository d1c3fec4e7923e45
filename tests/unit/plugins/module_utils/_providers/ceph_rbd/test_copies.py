# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies for a rehearsal as the provider asks for them: what is refused before, what ends the wait, what names them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Clones
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import copies as ceph_rbd_copies
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.provider import CephRbdProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    DRIVER,
    REPLAYING,
    CephPair,
    group,
    impatient_pair,
)

NAME = "rehearsal-payroll"
HALF_WAY = {"errno": 0, "message": "", "done": False, "after": 4, "copied": 2**20, "size": 2**30}


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b")


def pv(name: str, **attributes: str) -> dict[str, Any]:
    made = {"imageName": name, "journalPool": "rbd", "storage.kubernetes.io/csiProvisionerIdentity": "x"}
    csi = {
        "driver": DRIVER,
        "volumeHandle": f"0001-0024-{name}",
        "nodeStageSecretRef": {"name": "node"},
        "volumeAttributes": {"clusterID": "west", "pool": "rbd", "imageFeatures": "layering", **made, **attributes},
    }
    return {"metadata": {"name": f"pv-{name}"}, "spec": {"csi": csi}}


def clone(pair: CephPair, site: str = "west", provider: CephRbdProvider | None = None, **options: Any) -> Clones:
    volumes = [pv(name) for name in pair.names]
    return (provider or pair.provider()).clone(group(**options), site, NAME, volumes)


def error_of(pair: CephPair, site: str = "west", **options: Any) -> DrError:
    with pytest.raises(DrError) as raised:
        clone(pair, site, **options)
    return raised.value


def test_a_copy_is_a_static_volume_that_ceph_csi_opens_by_its_name(pair: CephPair) -> None:
    made = clone(pair)
    assert made.sources["pv-a"] == {
        "csi": {
            "driver": DRIVER,
            "volumeHandle": f"a.dr-copy-{NAME}",
            "nodeStageSecretRef": {"name": "node"},
            "volumeAttributes": {
                "clusterID": "west",
                "pool": "rbd",
                "imageFeatures": "layering",
                "staticVolume": "true",
            },
        }
    }
    assert made.sources.keys() == {"pv-a", "pv-b"}
    assert made.taken == datetime.fromtimestamp(1795342420, UTC)
    assert pair.asked == []


def test_no_moment_is_said_that_rbd_mirror_did_not_tell_of_all(pair: CephPair) -> None:
    for told in ("", "starting_replay", 'replaying, {"replay_state":"idle"}'):
        pair.copying = [{"errno": 0, "message": "", "done": True, "told": told}]
        assert clone(pair).taken is None


def test_nothing_to_copy_asks_nobody(pair: CephPair) -> None:
    assert pair.provider().clone(group(), "west", NAME, ()) == Clones({})
    assert pair.looks == []


def test_p1_a_copy_is_nothing_that_the_group_replicates(pair: CephPair) -> None:
    sources = clone(pair).sources
    copy = {"metadata": {"name": "x"}, "spec": sources["pv-a"]}
    for options in ({}, {"pool": "rbd"}):
        assert pair.provider().covers(group(**options), "west", pv("a"))
        assert not pair.provider().covers(group(**options), "west", copy)


def test_p1_a_copy_that_turns_out_to_be_mirrored_is_refused(pair: CephPair) -> None:
    pair.images["west"][f"b.dr-copy-{NAME}"] = pair.images["west"]["b"]
    with pytest.raises(TerminalState, match=f"mirrored: rbd/b.dr-copy-{NAME}"):
        clone(pair)


def test_rounds_go_on_until_all_are_copied(pair: CephPair) -> None:
    waits = {"errno": 0, "message": "", "done": False, "waits": "another process copies it"}
    passing = [{"errno": number, "message": "not now"} for number in (errno.EAGAIN, errno.EBUSY)]
    pair.copying = [HALF_WAY, waits, *passing, {**HALF_WAY, "lost": True}, HALF_WAY]
    assert clone(pair).taken
    assert pair.copying == []


def test_each_round_looks_whether_this_run_has_to_give_way(pair: CephPair) -> None:
    rounds: list[int] = []

    @contextmanager
    def outlasting(seconds: int) -> Iterator[None]:
        if rounds:
            raise Conflict("renew the lock", seen="another run has it")
        rounds.append(seconds)
        yield

    provider = pair.provider()
    provider.sites["west"].outlasting = outlasting
    pair.copying = [HALF_WAY] * 5
    with pytest.raises(Conflict, match="another run has it"):
        clone(pair, provider=provider)
    assert len(pair.copying) == 4


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (errno.ENODATA, Refused, "wait until the replication is healthy"),
        (errno.ENOSPC, Refused, "make room in the pool"),
        (errno.EEXIST, Conflict, "rename or remove it"),
        (errno.EROFS, Refused, "as Ceph says it"),
        (errno.EIO, Failed, "as Ceph says it"),
    ],
)
def test_p10_what_cannot_be_copied_is_refused(pair: CephPair, number: int, kind: type[DrError], text: str) -> None:
    pair.copying = [{"errno": number, "message": "as Ceph says it"}]
    error = error_of(pair)
    assert isinstance(error, kind)
    assert (error.site, "image rbd/a" in (error.on or ""), error.seen) == ("west", True, "as Ceph says it")
    assert text in str(error)


def test_p10_an_image_without_a_complete_snapshot_is_refused_before_any_is_copied(pair: CephPair) -> None:
    pair.images["west"]["b"]["snapshots"][0]["complete"] = False
    error = error_of(pair)
    assert "never wholly synchronised: rbd/b" in str(error)
    assert "wait until the replication is healthy" in (error.next_step or "")
    assert pair.copies == {}


def test_half_a_sync_that_a_forced_promotion_left_is_not_tried(pair: CephPair) -> None:
    half = {"id": 8, "state": "non-primary", "complete": False, "origin": "east-uuid", "origin_id": 8, "copied": 1}
    pair.images["west"]["a"]["snapshots"] += [half, {**half, "id": 9, "complete": True, "origin": ""}]
    assert "half a sync in them: rbd/a" in str(error_of(pair))


def test_p1_what_is_primary_or_not_mirrored_is_not_copied(pair: CephPair) -> None:
    assert "primary: rbd/a, rbd/b" in str(error_of(pair, "east"))
    del pair.images["west"]["b"]["mirror"]
    assert "mirroring is not enabled for rbd/b" in str(error_of(pair))
    del pair.images["west"]["b"]
    assert isinstance(error_of(pair), NotFound)
    assert pair.copies == {}


def test_a_volume_that_ceph_csi_encrypts_is_refused_as_its_key_is_its_own(pair: CephPair) -> None:
    with pytest.raises(Refused, match="ceph-csi encrypts 1 of the group's volumes"):
        pair.provider().clone(group(), "west", NAME, [pv("a"), pv("b", encrypted="true")])


def test_p10_data_that_is_replaced_again_and_again_is_refused_with_what_to_change(pair: CephPair) -> None:
    pair.copying = [{**HALF_WAY, "lost": True}] * 5
    error = error_of(pair)
    assert "the data was replaced 3 times before it was copied: rbd/a, rbd/b" in str(error)
    assert "less often" in (error.next_step or "")
    assert len(pair.copying) == 2


def test_a_standstill_ends_with_the_last_state(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceph_rbd_copies, "STALL_TIMEOUT", 0.0)
    pair.copying = [HALF_WAY] * 5
    with pytest.raises(Timeout, match=r"standstill: 2 of 2 images are not copied: rbd/a: 1 of 1024 MiB"):
        clone(pair)


def test_copies_are_removed_by_their_name_and_their_group_alone(pair: CephPair) -> None:
    clone(pair)
    pair.copies |= {f"c.dr-copy-{NAME}": "ledger", "a.dr-copy-rehearsal-ledger": "payroll"}
    assert pair.provider().unclone(group(), "west", NAME) is True
    assert pair.copies == {f"c.dr-copy-{NAME}": "ledger", "a.dr-copy-rehearsal-ledger": "payroll"}
    assert pair.provider().unclone(group(), "west", NAME) is False


def test_p4_copies_are_removed_without_a_word_of_the_other_site(pair: CephPair) -> None:
    clone(pair)
    pair.silent, pair.silent_apis = {"east"}, {"east"}
    assert pair.provider().unclone(group(), "west", NAME) is True
    pair.silent = {"west"}
    with pytest.raises(Unreachable):
        pair.provider().unclone(group(), "west", NAME)


def test_the_moment_is_that_of_the_oldest_copy() -> None:
    older = REPLAYING.replace("1795342420", "1795342000")
    assert ceph_rbd_copies._oldest([REPLAYING, older]) == datetime.fromtimestamp(1795342000, UTC)
