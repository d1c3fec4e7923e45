# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of images with journals: rbd-mirror gives them up after a forced promotion, and nobody else has to."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import agent as ceph_rbd_agent
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.bindings import (
    OWN,
    RBD_MIRROR,
    Bindings,
    bindings_of,
    request,
)

GUEST = "client.5001"
MIRROR = f"client.{RBD_MIRROR}"


@pytest.fixture
def ceph(monkeypatch: pytest.MonkeyPatch) -> Bindings:
    """Images with journals, of which rbd-mirror keeps the locks."""
    found = bindings_of(monkeypatch)
    monkeypatch.setattr(ceph_rbd_agent, "STUCK_AFTER", 0.05)
    found.mode, found.owner = found.RBD_MIRROR_IMAGE_MODE_JOURNAL, MIRROR
    return found


def errors(ceph: Bindings, verb: str) -> list[int]:
    return [answer["errno"] for answer in ceph_rbd_agent.act(ceph, {**request("a"), "verb": verb})]


def test_p4_a_journaled_image_that_rbd_mirror_keeps_after_a_forced_promotion_is_taken_from_it(ceph: Bindings) -> None:
    assert errors(ceph, "promote_forced") == [0]
    assert (ceph.broken, ceph.taken) == ([MIRROR], ["a"])


def test_p10_a_journaled_image_that_nobody_can_take_after_a_forced_promotion_is_no_success(
    ceph: Bindings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceph_rbd_agent, "_break_lock", lambda *_args: None)
    assert errors(ceph, "promote_forced") == [errno.EROFS]


def test_p4_the_agent_never_breaks_its_own_lock(ceph: Bindings) -> None:
    """Its connection would go to the blocklist in the middle of a promotion."""
    ceph.owner = f"client.{OWN}"
    ceph_rbd_agent._break_lock(ceph, request("a")["images"][0])
    assert ceph.broken == []


def test_p5_an_image_that_a_killed_promotion_left_to_rbd_mirror_is_taken_from_it(ceph: Bindings) -> None:
    ceph.primary = True
    assert errors(ceph, "free") == [0]
    assert ceph.broken == [MIRROR]


def test_p5_rbd_mirror_is_asked_for_an_image_before_its_connection_is_ended(ceph: Bindings) -> None:
    ceph.primary = ceph.gives = True
    assert errors(ceph, "free") == [0]
    assert (ceph.taken, ceph.broken) == (["a"], [])


@pytest.mark.parametrize("owner", [GUEST, ""])
def test_p5_a_guest_that_has_a_promoted_image_keeps_it(ceph: Bindings, owner: str) -> None:
    ceph.primary, ceph.owner = True, owner
    assert errors(ceph, "free") == [0]
    assert (ceph.taken, ceph.broken, ceph.owner) == ([], [], owner)


def test_p5_what_is_no_primary_is_left_to_rbd_mirror(ceph: Bindings) -> None:
    assert errors(ceph, "free") == [0]
    assert ceph.broken == []


@pytest.fixture
def primary(ceph: Bindings) -> Bindings:
    """An image that nobody has."""
    ceph.primary, ceph.owner = True, ""
    return ceph


def test_an_event_is_written_under_the_lock_which_is_given_back(primary: Bindings) -> None:
    assert errors(primary, "nudge") == [0]
    assert (primary.taken, primary.events) == (["a"], ["flush a", "release a"])


def test_p8_an_image_that_a_guest_has_open_gets_no_event(primary: Bindings) -> None:
    primary.watchers.append(5001)
    assert errors(primary, "nudge") == [errno.EBUSY]
    assert (primary.taken, primary.events) == ([], [])


def test_p1_a_demoted_image_gets_no_event(primary: Bindings) -> None:
    primary.primary = False
    assert errors(primary, "nudge") == [errno.EROFS]
    assert (primary.taken, primary.events) == ([], [])
