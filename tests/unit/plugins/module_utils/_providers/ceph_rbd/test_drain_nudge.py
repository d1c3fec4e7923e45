# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal that stands still right before its end, with the link up, is given one more event before the demotion."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import drain as ceph_rbd_drain
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import nudges as ceph_rbd_nudges
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    WRITTEN,
    CephPair,
    journaled,
    journaled_pair,
    replayed,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    """Two images with journals; of one the last entry is not replayed, and west says so again and again.

    What is expected to be given an event has time for it on a loaded machine, too; the rest stands still for less.
    """
    monkeypatch.setattr(ceph_rbd_drain, "STALL_TIMEOUT", 30.0)
    monkeypatch.setattr(ceph_rbd_nudges, "NUDGED_AFTER", 0.0)
    found = journaled_pair(monkeypatch, "a", "b")
    found.reporting = True
    replayed(found, "b", {**WRITTEN, "entry_tid": 6})
    said(found, 1)
    return found


@pytest.fixture
def brief(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceph_rbd_drain, "STALL_TIMEOUT", 0.3)


@pytest.fixture
def enough(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """For an event, where only the standstill ends the wait."""
    monkeypatch.setattr(ceph_rbd_drain, "STALL_TIMEOUT", 2.0)


def said(pair: CephPair, behind: int | None) -> None:
    """By west's rbd-mirror, of the image that is behind."""
    numbers = {} if behind is None else {"entries_behind_primary": behind}
    pair.images["east"]["b"]["peers"][0]["description"] = f"replaying, {json.dumps(numbers)}"


def drained(pair: CephPair) -> list[str]:
    """What was asked for meanwhile."""
    pair.provider().drain_all([journaled()], "east")
    return pair.asked


def test_what_stands_still_is_given_one_event_and_then_replayed(pair: CephPair) -> None:
    assert drained(pair) == ["nudge b at east"]
    assert pair.images["east"]["b"]["journal"]["west-uuid"]["positions"][0]["tag_tid"] == WRITTEN["tag_tid"] + 1


@pytest.mark.usefixtures("brief")
def test_p3_without_a_report_since_it_stands_still_nothing_is_written(pair: CephPair) -> None:
    """The link may have been cut: an image that is opened anew then is what makes rbd-mirror leave out a part."""
    pair.reporting = False
    assert drained(pair) == []


def test_who_watches_sees_what_is_waited_for_and_done_about_it(pair: CephPair) -> None:
    drained(pair)
    assert pair.told == [
        "journals replayed 1/2 rbd/b",
        "journals replayed 1/2 rbd/b, of which 1 were given an event",
        "journals replayed 2/2",
    ]


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("behind", [33, 5000, None])
def test_p3_more_than_a_few_entries_are_waited_for(pair: CephPair, behind: int | None) -> None:
    said(pair, behind)
    assert drained(pair) == []


@pytest.mark.usefixtures("brief")
def test_p3_a_peer_that_is_down_is_no_reason_to_write(pair: CephPair) -> None:
    pair.images["east"]["b"]["peers"][0]["up"] = False
    with pytest.raises(Timeout, match="standstill"):
        drained(pair)
    assert pair.asked == []


@pytest.mark.usefixtures("brief")
def test_what_moves_on_by_itself_is_left_alone(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceph_rbd_nudges, "NUDGED_AFTER", 60.0)
    assert drained(pair) == []


@pytest.mark.usefixtures("enough")
def test_an_image_that_somebody_has_open_is_tried_again_until_it_stood_still_too_long(pair: CephPair) -> None:
    pair.faults["east", "nudge", "b"] = [errno.EBUSY] * 99
    assert set(drained(pair)) == {"nudge b at east"}


@pytest.mark.usefixtures("enough")
def test_one_event_is_enough_even_where_it_did_not_help(pair: CephPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair, "_change", lambda *_asked: 0)
    assert drained(pair) == ["nudge b at east"]
