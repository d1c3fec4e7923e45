# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd in journal mode, where a copy lacks what the positions in the journal say it has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_switches import await_health, removed_after, switch
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles
from demo.cluster import wait_until
from demo.lab import Lab

COPIED_WITHIN = 120
OBJECT = 4 * 2**20
TEXT = "payroll of may"
# the object that holds the text
LOSE = """
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
context = cluster.open_ioctx({pool!r})
with rbd.Image(context, {image!r}, read_only=True) as image:
    prefix = image.stat()["block_name_prefix"]
context.remove_object(prefix + ".%016x" % 1)
"""
# what stands there, whatever becomes of the image meanwhile
PEEK = """
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
try:
    with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}, read_only=True) as image:
        print(image.read(1 << 22, 4096).rstrip(b"\\0").decode() if image.size() else "an image that is being made")
except rbd.ImageNotFound:
    print("no image")
"""


@pytest.fixture
def rig(lab: Lab) -> Iterator[CephRbdRig]:
    """Two images that west follows, with a text in the second object of each."""
    assert lab.environment()["sites"]["east"]["ceph"], "the lab has no Ceph: lab/lab up --storage ceph"
    with removed_after(CephRbdRig(lab, images=2, mode="journal")) as rig:
        rig.provider.enable(rig.group, "east", "west")
        await_health(rig, "west", "healthy")
        rig.write("east", TEXT, OBJECT)
        rig.await_arrived("west")
        yield rig


def lose_object(rig: CephRbdRig, site: str, image: str) -> None:
    rig.python(site, LOSE.format(pool=rig.pool, image=image))


def left_to_copy(rig: CephRbdRig, site: str, image: str) -> list[str]:
    """rbd-mirror removes the image first."""
    text = rig.python(site, PEEK.format(pool=rig.pool, image=image))
    return [] if text == TEXT else [text]


def demote_all_taken(rig: CephRbdRig) -> None:
    rig.provider.drain_all([rig.group], "east")
    rig.provider.demote(rig.group, "east")


def test_p3_a_planned_move_is_proven_by_all_data_of_both_sites(rig: CephRbdRig) -> None:
    demote_all_taken(rig)
    proof = rig.provider.final_sync(rig.group, "east", "west")
    assert proof.holds
    assert "all data of each image" in proof.compared


def test_p3_a_copy_that_lacks_data_is_refused_although_the_positions_agree(rig: CephRbdRig) -> None:
    poor, whole = rig.images
    lose_object(rig, "west", poor)
    demote_all_taken(rig)
    # why positions do not suffice
    assert rig.provider.final_sync(rig.group_with(proof="positions"), "east", "west").holds
    with pytest.raises(TerminalState, match=f"1 of 2 images do not hold east's data: {rig.pool}/{poor} has") as refused:
        rig.provider.final_sync(rig.group, "east", "west")
    assert whole not in str(refused.value)
    assert roles(rig) == ("secondary", "secondary")


def test_p3_after_the_refusal_its_next_step_leads_to_a_move_with_all_data(rig: CephRbdRig) -> None:
    poor = rig.images[0]
    lose_object(rig, "west", poor)
    demote_all_taken(rig)
    with pytest.raises(TerminalState, match="`rbd mirror image resync` of them at west"):
        rig.provider.final_sync(rig.group, "east", "west")
    rig.provider.promote(rig.group, "east", forced=False)
    rig.rbd("west", "mirror", "image", "resync", f"{rig.pool}/{poor}")
    wait_until("a copy that was made anew", COPIED_WITHIN, lambda: left_to_copy(rig, "west", poor))
    switch(rig, "east", "west")
    assert rig.read("west", OBJECT) == TEXT
