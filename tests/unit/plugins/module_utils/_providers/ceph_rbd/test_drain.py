# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is waited for before the planned demotion of images with journals."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import drain as ceph_rbd_drain
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    WRITTEN,
    CephPair,
    group,
    impatient_pair,
    journaled,
    journaled_pair,
    replayed,
)

BEHIND = {"object_number": 0, "tag_tid": 2, "entry_tid": 90}


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    """Two images with journals that west has replayed."""
    monkeypatch.setattr(ceph_rbd_drain, "STALL_TIMEOUT", 0.0)
    return journaled_pair(monkeypatch, "a", "b")


def test_p3_a_journal_that_the_peer_has_replayed_keeps_no_demotion_waiting(pair: CephPair) -> None:
    pair.provider().drain_all([journaled()], "east")
    assert pair.role("east") == "primary"


BACKLOGS = [(BEHIND, "connected"), ({**WRITTEN, "entry_tid": 6}, "connected"), (WRITTEN, "disconnected")]


@pytest.mark.parametrize(("position", "state"), BACKLOGS)
def test_p3_a_backlog_behind_a_cut_link_ends_the_move_before_the_demotion(
    pair: CephPair, position: dict[str, int], state: str
) -> None:
    replayed(pair, "b", position, state)
    pair.images["east"]["b"]["peers"][0]["up"] = False
    with pytest.raises(Timeout, match=r"standstill: 1 of 2 images have not all of east's data: rbd/b up\+replaying"):
        pair.provider().drain_all([journaled()], "east")
    assert pair.asked == []


@pytest.mark.parametrize(("position", "state"), BACKLOGS)
def test_a_replay_that_stands_still_with_the_link_up_is_left_to_the_final_sync(
    pair: CephPair, position: dict[str, int], state: str
) -> None:
    replayed(pair, "b", position, state)
    pair.provider().drain_all([journaled()], "east")


def test_a_client_is_never_behind_what_it_has_replayed_and_the_writer_has_not_noted_yet(pair: CephPair) -> None:
    """As after a crash of the writer."""
    replayed(pair, "a", {**WRITTEN, "entry_tid": 9})
    pair.provider().drain_all([journaled()], "east")


def test_images_with_snapshots_are_not_even_looked_at_before_a_demotion(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = impatient_pair(monkeypatch, "a")
    pair.provider().drain_all([group()], "east")
    assert pair.looks == []
