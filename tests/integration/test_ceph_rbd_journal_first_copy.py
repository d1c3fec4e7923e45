# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd in journal mode, where the link is cut in the middle of a first copy, or of a resync."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_first_copy import (
    END,
    LARGE,
    await_report,
    cut_in_the_middle,
    fill,
    report,
)
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_switches import (
    await_health,
    demote_east,
    removed_after,
)
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import status
from demo.lab import Lab

BOOTSTRAPPING = "bootstrapping, IMAGE_SYNC/"


@pytest.fixture
def rig(lab: Lab) -> Iterator[CephRbdRig]:
    """A full image that is not mirrored yet."""
    assert lab.environment()["sites"]["east"]["ceph"], "the lab has no Ceph: lab/lab up --storage ceph"
    with removed_after(CephRbdRig(lab, images=1, mode="journal", size=LARGE)) as rig:
        fill(rig, "east")
        yield rig


def assert_refused(rig: CephRbdRig, site: str, peer: str) -> None:
    """The peer is lost: it does not answer."""
    provider, group = rig.without_answer(peer)
    said = report(rig, site)
    print(f"{site}: {said['state']}, {said['description']}")
    with pytest.raises(Refused, match=f"never wholly synchronised: {rig.pool}/{rig.images[0]}"):
        provider.promote(group, site, forced=True)
    assert status(rig, site).role == "secondary"


def test_p3_half_a_first_copy_is_not_promoted_by_force_whatever_rbd_mirror_says(rig: CephRbdRig, lab: Lab) -> None:
    cut_in_the_middle(rig, "west", "the beginning", lambda: rig.provider.enable(rig.group, "east", "west"))
    # not reported yet
    assert_refused(rig, "west", "east")
    await_report(rig, "west", lambda said: BOOTSTRAPPING in said["description"])
    assert_refused(rig, "west", "east")
    lab.kill("west", "rbd-mirror")
    await_report(rig, "west", lambda said: said["state"].startswith("down"))
    assert_refused(rig, "west", "east")
    lab.run("up")
    assert_refused(rig, "west", "east")
    rig.join()
    await_health(rig, "west", "healthy")
    provider, group = rig.without_answer("east")
    assert provider.promote(group, "west", forced=True) is True
    assert (rig.read("west"), rig.read("west", END)) == ("the beginning", "the end")


def test_p3_half_a_resync_is_not_promoted_by_force_and_goes_on(rig: CephRbdRig) -> None:
    rig.provider.enable(rig.group, "east", "west")
    await_health(rig, "west", "healthy")
    rig.cut()
    provider, group = rig.without_answer("east")
    assert provider.promote(group, "west", forced=True) is True
    rig.write("west", "after the loss")
    demote_east(rig)

    def resync() -> None:
        provider, group = rig.impatient()
        with pytest.raises(Timeout):
            provider.resync(group, "east")

    cut_in_the_middle(rig, "east", "after the loss", resync)
    assert_refused(rig, "east", "west")
    await_report(rig, "east", lambda said: BOOTSTRAPPING in said["description"])
    assert_refused(rig, "east", "west")
    rig.join()
    rig.provider.resync(rig.group, "east")
    assert (rig.read("east"), rig.read("east", END)) == ("after the loss", "the end")
