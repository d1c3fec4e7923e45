# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd in journal mode on the lab's two Ceph clusters: what the contract of all providers does not see.

The tests share one group and run in their order; each leaves it primary at east, with west following.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import switch as ceph_rbd_switch
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_switches import (
    await_health,
    demote_east,
    lost_east,
    removed_after,
    shared_group,
    switch,
    with_first_text,
)
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.lab import Lab

# no sync goes on after it: rbd-mirror asks for more of a journal every five seconds
STALL = 20.0


@pytest.fixture(scope="module")
def shared(lab: Lab) -> Iterator[CephRbdRig]:
    with shared_group(CephRbdRig(lab, images=2, mode="journal")) as rig:
        yield rig


@pytest.fixture
def rig(shared: CephRbdRig) -> CephRbdRig:
    await_health(shared, "west", "healthy")
    return with_first_text(shared)


def test_p3_a_switch_is_proven_by_positions_there_and_back(rig: CephRbdRig) -> None:
    assert rig.provider.enable(rig.group, "east", "west") is False
    for source, target in (("east", "west"), ("west", "east")):
        # what was never followed is not replayed from a demoted image
        await_health(rig, target, "healthy")
        rig.write(source, f"last words of {source}")
        rig.provider.demote(rig.group, source)
        proof = rig.provider.final_sync(rig.group, source, target)
        assert proof.holds
        assert "journal" in proof.compared
        assert rig.provider.promote(rig.group, target, forced=False) is True
        assert rig.read(target) == f"last words of {source}"
        await_health(rig, source, "healthy")
        assert rig.provider.resync(rig.group, source) is False
    assert status(rig, "west").last_sync is None
    with pytest.raises(Conflict, match="mirrored in another mode than snapshot: rbd/"):
        rig.provider.enable(rig.group_with(mode="snapshot"), "east", "west")


def test_p4_a_killed_site_is_left_by_force_and_comes_back_as_a_split_brain(rig: CephRbdRig, lab: Lab) -> None:
    with lost_east(lab):
        provider = rig.provider_of(*rig.images, silent=("east",))
        with pytest.raises(Unreachable):
            provider.promote(rig.group, "west", forced=False)
        assert "does not report" in await_health(rig, "west", "degraded")
        assert status(rig, "west").last_sync is None
        began = time.monotonic()
        assert provider.promote(rig.group, "west", forced=True) is True
        print(f"promoted by force in {time.monotonic() - began:.1f} s")
        assert provider.promote(rig.group, "west", forced=True) is False
        assert rig.read("west") == "first"
        rig.write("west", "after the loss")

    assert roles(rig) == ("primary", "primary")
    with pytest.raises(TerminalState, match=r"split-brain: primary at west and at east.*resync it there"):
        rig.provider.promote(rig.group, "west", forced=False)
    with pytest.raises(Refused, match="demote the group at east first"):
        rig.provider.resync(rig.group, "east")
    rig.provider.demote(rig.group, "east")
    assert "resync it from the primary" in await_health(rig, "east", "diverged")
    assert status(rig, "west").health == "diverged"
    with pytest.raises(Refused, match="still primary at west"):
        rig.provider.promote(rig.group, "east", forced=False)
    assert rig.provider.resync(rig.group, "east") is True
    assert rig.provider.resync(rig.group, "east") is False
    assert rig.read("east") == "after the loss"
    switch(rig, "west", "east")


def test_p4_a_dead_rbd_mirror_of_the_survivor_does_not_stop_a_forced_promotion(rig: CephRbdRig, lab: Lab) -> None:
    lab.kill("west", "rbd-mirror")
    rig.write("east", "too late")
    provider, group = rig.without_answer("east")
    assert provider.promote(group, "west", forced=True) is True
    assert rig.read("west") == "first"
    rig.write("west", "at the survivor")
    lab.run("up")
    demote_east(rig)
    rig.provider.resync(rig.group, "east")
    assert rig.read("east") == "at the survivor"
    switch(rig, "west", "east")


def test_p3_what_a_dead_rbd_mirror_missed_of_a_demoted_source_arrives_when_it_is_back(
    rig: CephRbdRig, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And without it there is no proof."""
    lab.kill("west", "rbd-mirror")
    rig.write("east", "newer")
    rig.provider.demote(rig.group, "east")
    with monkeypatch.context() as hurried:
        hurried.setattr(ceph_rbd_switch, "STALL_TIMEOUT", STALL)
        with pytest.raises(Timeout, match=r"standstill: 2 of 2 .*promote east again until west is healthy"):
            rig.provider.promote(rig.group, "west", forced=False)
    assert (roles(rig), rig.read("west")) == (("secondary", "secondary"), "first")
    lab.run("up")
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    rig.provider.promote(rig.group, "west", forced=False)
    assert rig.read("west") == "newer"
    switch(rig, "west", "east")


def test_p3_a_target_that_never_followed_its_source_proves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """rbd-mirror enters itself into the journal of a demoted image too, and Ceph puts it at the journal's end."""
    with removed_after(CephRbdRig(lab, images=1, mode="journal")) as rig:
        rig.provider.enable(rig.group, "east", "west")
        await_health(rig, "west", "healthy")
        rig.write("east", "first")
        rig.provider.demote(rig.group, "east")
        assert rig.provider.final_sync(rig.group, "east", "west").holds
        lab.kill("east", "rbd-mirror")
        rig.provider.promote(rig.group, "west", forced=False)
        rig.write("west", "newer")
        rig.provider.demote(rig.group, "west")
        lab.run("up")
        with monkeypatch.context() as hurried:
            hurried.setattr(ceph_rbd_switch, "STALL_TIMEOUT", STALL)
            for verb in (
                lambda: rig.provider.final_sync(rig.group, "west", "east"),
                lambda: rig.provider.promote(rig.group, "east", forced=False),
            ):
                with pytest.raises(Timeout, match=r"standstill: 1 of 1 .*promote west again until east is healthy"):
                    verb()
        assert rig.provider.promote(rig.group, "west", forced=False) is True
        assert rig.read("west") == "newer"


def test_p10_an_image_that_takes_no_journal_is_named_with_what_it_lacks(lab: Lab) -> None:
    with removed_after(CephRbdRig(lab, images=1, mode="journal")) as rig:
        (image,) = rig.images
        rig.rbd("east", "feature", "disable", f"{rig.pool}/{image}", "fast-diff", "object-map", "exclusive-lock")
        with pytest.raises(DrError, match=rf"{image}.*exclusive-lock"):
            rig.provider.enable(rig.group, "east", "west")
