# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd against the lab's two Ceph clusters: what the one contract of all providers does not see.

The tests share one group and run in their order; each leaves it primary at east, with west following.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import setup as ceph_rbd_setup
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import switch as ceph_rbd_switch
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_switches import (
    NOTICED_WITHIN,
    await_health,
    lost_east,
    shared_group,
    switch,
    with_first_text,
)
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab

# MiB; more than is copied before the link can be cut
LARGE = 512
# images, and MiB of each; rbd-mirror copies five at once
MANY, LARGE_OF_MANY = 8, 160
CUTS = 5
CAUGHT_WITHIN = 10


@pytest.fixture(scope="module")
def shared(lab: Lab) -> Iterator[CephRbdRig]:
    with shared_group(CephRbdRig(lab, images=3)) as rig:
        yield rig


@pytest.fixture
def rig(shared: CephRbdRig) -> CephRbdRig:
    return with_first_text(shared)


def schedules(rig: CephRbdRig, site: str) -> dict[str, list[str]]:
    """Intervals of the group's images."""
    words = ("mirror", "snapshot", "schedule", "ls", "--pool", rig.pool, "--recursive", "--format", "json")
    found = {
        entry["image"]: [item["interval"] for item in entry["items"]] for entry in json.loads(rig.rbd(site, *words))
    }
    return {image: found[image] for image in rig.images if image in found}


def await_schedules(rig: CephRbdRig, site: str, interval: str) -> None:
    """Until the manager, which looks for images about once a minute, lists the schedule of each."""

    def missing() -> list[str]:
        found = schedules(rig, site)
        return [image for image in rig.images if found.get(image) != [interval]]

    wait_until(f"schedules at {site}", NOTICED_WITHIN, missing)


def promote_by_hand(rig: CephRbdRig, site: str, image: str) -> None:
    """Again while the product answers (30) Read-only file system, as it does right after a switch."""

    def refused() -> list[str]:
        try:
            rig.rbd(site, "mirror", "image", "promote", f"{rig.pool}/{image}")
        except AssertionError as error:
            if "(30) Read-only file system" not in str(error):
                raise
            return ["read-only"]
        return []

    wait_until(f"{image} promoted at {site}", NOTICED_WITHIN, refused)


def test_an_absent_image_or_pool_is_named_and_nothing_is_changed(rig: CephRbdRig) -> None:
    provider = rig.provider_of(*rig.images, "csi-vol-absent")
    for verb in (
        lambda: provider.enable(rig.group, "east", "west"),
        lambda: provider.demote(rig.group, "east"),
        lambda: provider.promote(rig.group, "west", forced=True),
    ):
        with pytest.raises(NotFound, match="csi-vol-absent"):
            verb()
    elsewhere = rig.group_with({"east": {"pool": "nowhere"}})
    assert "nowhere" in rig.provider_of(*rig.images, silent=("east",)).observe(elsewhere, "east").message
    assert rig.provider_of().observe(rig.group, "west").message == "it has no volume here"
    assert roles(rig) == ("primary", "secondary")


def test_a_schedule_is_kept_at_both_sites_and_seconds_are_refused(rig: CephRbdRig) -> None:
    with pytest.raises(Refused, match="schedule"):
        rig.provider.enable(rig.group_with(schedule="30s"), "east", "west")
    group = rig.group_with(schedule="5m")
    assert rig.provider.enable(group, "east", "west") is True
    assert rig.provider.enable(group, "east", "west") is False
    changed = rig.group_with(schedule="10m")
    assert rig.provider.enable(changed, "east", "west") is True
    for site in ("east", "west"):
        assert schedules(rig, site) == {image: ["10m"] for image in rig.images}


def test_p5_a_group_that_was_partly_switched_is_completed(rig: CephRbdRig) -> None:
    """As a run leaves it that is killed while it demotes, and one that is killed while it promotes."""
    rig.write("east", "last words")
    rig.rbd("east", "mirror", "image", "demote", f"{rig.pool}/{rig.images[0]}")
    seen = status(rig, "east")
    assert (seen.role, "partly switched" in seen.message) == ("unknown", True)
    with pytest.raises(Refused, match="still primary at east"):
        rig.provider.promote(rig.group, "west", forced=False)
    assert rig.provider.demote(rig.group, "east") is True
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    promote_by_hand(rig, "west", rig.images[1])
    assert status(rig, "west").role == "unknown"
    assert rig.provider.promote(rig.group, "west", forced=False) is True
    assert roles(rig) == ("secondary", "primary")
    assert rig.read("west") == "last words"
    switch(rig, "west", "east")


def test_p3_an_old_demoted_copy_is_not_promoted_while_the_newer_one_is_demoted_too(
    rig: CephRbdRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product would: with both sites demoted its plain promotion succeeds at both."""
    switch(rig, "east", "west")
    await_health(rig, "east", "healthy")
    rig.cut()
    rig.write("west", "newer")
    rig.provider.demote(rig.group, "west")
    monkeypatch.setattr(ceph_rbd_switch, "STALL_TIMEOUT", 6.0)
    with pytest.raises(Timeout, match=r"standstill: 3 of 3 images have not all of west's data: .*snapshot"):
        rig.provider.promote(rig.group, "east", forced=False)
    with pytest.raises(Timeout, match="snapshot"):
        rig.provider.final_sync(rig.group, "west", "east")
    assert roles(rig) == ("secondary", "secondary")
    assert not status(rig, "west").sync_proof
    rig.join()
    monkeypatch.undo()
    assert rig.provider.final_sync(rig.group, "west", "east").holds
    assert rig.provider.promote(rig.group, "east", forced=False) is True
    assert rig.read("east") == "newer"


def test_p3_a_source_that_was_demoted_before_its_target_followed_it_is_taken_back(
    rig: CephRbdRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rbd-mirror takes nothing from a demoted image that it did not follow while it was primary."""
    rig.provider.demote(rig.group, "east")
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    rig.lab.kill("east", "rbd-mirror")
    rig.provider.promote(rig.group, "west", forced=False)
    rig.write("west", "newer")
    rig.provider.demote(rig.group, "west")
    rig.lab.run("up")
    with monkeypatch.context() as hurried:
        hurried.setattr(ceph_rbd_switch, "STALL_TIMEOUT", 20.0)
        with pytest.raises(Timeout, match=r"standstill: 3 of 3 .*promote west again until east is healthy"):
            rig.provider.final_sync(rig.group, "west", "east")
    assert roles(rig) == ("secondary", "secondary")
    assert rig.provider.promote(rig.group, "west", forced=False) is True
    switch(rig, "west", "east")
    assert rig.read("east") == "newer"


def test_p4_a_killed_site_is_left_by_force_and_comes_back_as_a_split_brain(rig: CephRbdRig, lab: Lab) -> None:
    await_health(rig, "west", "healthy")
    rig.write("east", "too late")
    with lost_east(lab):
        provider = rig.provider_of(*rig.images, silent=("east",))
        began = time.monotonic()
        lost = provider.observe(rig.group, "east")
        assert (lost.reachable, lost.role) == (False, "unknown")
        with pytest.raises(Unreachable):
            provider.promote(rig.group, "west", forced=False)
        assert time.monotonic() - began < 70
        assert "does not report" in await_health(rig, "west", "degraded")
        assert status(rig, "west").last_sync is not None
        assert provider.promote(rig.group, "west", forced=True) is True
        assert provider.promote(rig.group, "west", forced=True) is False
        assert rig.read("west") == "first"
        rig.write("west", "after the loss")

    assert roles(rig) == ("primary", "primary")
    with pytest.raises(TerminalState, match="split-brain: primary at west and at east"):
        rig.provider.promote(rig.group, "west", forced=False)
    with pytest.raises(Refused, match="demote the group at east first"):
        rig.provider.resync(rig.group, "east")
    rig.provider.demote(rig.group, "east")
    assert "split-brain" in await_health(rig, "east", "diverged")
    assert status(rig, "west").health == "diverged"
    group = rig.group_with(schedule="10m")
    assert rig.provider.resync(group, "east") is True
    assert rig.provider.resync(group, "east") is False
    rig.await_arrived("east")
    assert rig.read("east") == "after the loss"
    await_schedules(rig, "east", "10m")
    switch(rig, "west", "east")


def cut_in_the_middle(rig: CephRbdRig, size: int) -> tuple[list[str], list[str]]:
    """Cut the link during the syncs of most images: the texts that were written, the last one under way; of which."""
    texts = ["before", "complete"]
    for text in texts:
        rig.write("east", text)
        rig.await_arrived("west")
    for attempt in range(CUTS):
        texts.append(f"in the middle {attempt}")
        rig.fill("east", size)
        rig.write("east", texts[-1])
        rig.snapshot("east")
        caught = time.monotonic() + CAUGHT_WITHIN
        while not rig.is_syncing("west") and time.monotonic() < caught:
            pass
        rig.cut()
        syncing = rig.syncing("west")
        if len(syncing) > len(rig.images) // 2:
            return texts, syncing
        rig.join()
    raise AssertionError(f"each of {CUTS} times, most syncs ended before the link was cut")


@pytest.mark.parametrize(("images", "size"), [(1, LARGE), (MANY, LARGE_OF_MANY)])
def test_p4_a_sync_that_is_cut_in_the_middle_does_not_stop_a_forced_promotion(lab: Lab, images: int, size: int) -> None:
    """rbd-mirror waits for the other site then, and holds the image's lock. Ceph goes back to a whole copy: 16.2.15
    even to the one before the last, as what it goes back to was taken before that one was copied.

    Of many images rbd-mirror copies five at once; to be rid of one lock ends its connection, and with it all of them.
    """
    rig = CephRbdRig(lab, images, size=size)
    try:
        rig.provider.enable(rig.group, "east", "west")
        texts, syncing = cut_in_the_middle(rig, size)
        provider, group = rig.without_answer("east")
        assert provider.promote(group, "west", forced=True) is True
        found = {image: rig.read_image("west", image) for image in rig.images}
        assert set(found.values()) <= set(texts)
        assert {found[image] for image in syncing} <= set(texts[:-1])
        rig.write("west", "after the cut")
        rig.join()
        rig.provider.demote(rig.group, "east")
        rig.provider.resync(rig.group, "east")
        switch(rig, "west", "east")
        assert rig.read("east") == "after the cut"
    finally:
        rig.join()
        rig.remove()


def test_p1_nothing_is_resynchronised_from_a_demoted_peer(rig: CephRbdRig) -> None:
    rig.provider.demote(rig.group, "east")
    for site in ("east", "west"):
        with pytest.raises(Refused, match="nothing was thrown away"):
            rig.provider.resync(rig.group, site)
    assert rig.provider.promote(rig.group, "east", forced=False) is True


def test_p1_a_fence_names_what_is_blocked_and_is_taken_back(rig: CephRbdRig) -> None:
    networks = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/64"]
    group = rig.group_with({"east": {"fence": networks}})
    for _attempt in range(2):
        evidence = rig.provider.fence(group, "west", "east").evidence
        assert "192.0.2.0/24, 198.51.100.7/32, 2001:db8::/64 of east" in evidence
    assert "names none" in rig.provider.fence(rig.group, "west", "east").evidence
    assert rig.provider.unfence(group, "west", "east") is True
    assert rig.provider.unfence(group, "west", "east") is False


def test_p8_the_end_of_mirroring_keeps_the_data_of_both_sites(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a name that is taken at the target is refused, before anything is mirrored."""
    rig = CephRbdRig(lab, images=1)
    try:
        rig.provider.enable(rig.group, "east", "west")
        rig.write("east", "kept")
        rig.await_arrived("west")
        assert rig.provider.disable(rig.group, "east") is True
        assert rig.provider.disable(rig.group, "east") is False
        assert rig.provider.disable(rig.group, "west") is False
        assert (rig.read("east"), rig.read("west")) == ("kept", "kept")
        monkeypatch.setattr(ceph_rbd_setup, "APPEAR_TIMEOUT", 1.0)
        with pytest.raises(Exception, match="no copies of east's"):
            rig.provider.enable(rig.group, "east", "west")
        assert status(rig, "east").role == "unknown"
    finally:
        rig.remove()
