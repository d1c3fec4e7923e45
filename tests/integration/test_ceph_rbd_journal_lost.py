# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd in journal mode, where a site is lost while its guest writes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_switches import await_health, removed_after
from demo.cluster import wait_until
from demo.lab import Lab

AT = 1 << 20
WRITING = """
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}) as image:
    while True:
        image.write(b"written".ljust(4096, b"\\0"), {at})
"""

# by the call alone, as an agent does that is killed then
PROMOTE = """
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}) as image:
    image.mirror_image_promote(True)
"""


@pytest.fixture
def rig(lab: Lab) -> Iterator[CephRbdRig]:
    assert lab.environment()["sites"]["east"]["ceph"], "the lab has no Ceph: lab/lab up --storage ceph"
    with removed_after(CephRbdRig(lab, images=3, mode="journal")) as rig:
        rig.provider.enable(rig.group, "east", "west")
        await_health(rig, "west", "healthy")
        yield rig


def test_p4_a_site_that_is_lost_while_it_writes_leaves_images_that_guests_can_write(rig: CephRbdRig, lab: Lab) -> None:
    """rbd-mirror kept their locks for minutes in one run. Mostly it gives them up when it is asked, and this is green
    without the wait for that too; the agent's unit tests have the lock that is kept."""
    with lost_while_it_writes(rig, lab):
        provider = rig.provider_of(*rig.images, silent=("east",))
        assert provider.promote(rig.group, "west", forced=True) is True
        assert_writable(rig)


def test_p5_what_a_killed_promotion_left_to_rbd_mirror_is_freed_by_the_next_one(rig: CephRbdRig, lab: Lab) -> None:
    with lost_while_it_writes(rig, lab):
        for image in rig.images:
            rig.python("west", PROMOTE.format(pool=rig.pool, image=image))
        rig.provider_of(*rig.images, silent=("east",)).end_forced_all([rig.group], "west")
        assert_writable(rig)


def assert_writable(rig: CephRbdRig) -> None:
    rig.write("west", "at the survivor")
    assert rig.read("west") == "at the survivor"


@contextmanager
def lost_while_it_writes(rig: CephRbdRig, lab: Lab) -> Iterator[None]:
    with writing(rig):
        wait_until("writes at west", 90, lambda: [] if rig.read("west", AT) == "written" else ["one"])
        lab.run("lose", "east")
    try:
        yield
    finally:
        lab.run("restore", "east")


@contextmanager
def writing(rig: CephRbdRig) -> Iterator[None]:
    """A guest of each image at east."""
    words = [*rig.ceph["east"]["command"], "/usr/bin/python3", "-c"]
    texts = [WRITING.format(pool=rig.pool, image=image, at=AT) for image in rig.images]
    guests = [subprocess.Popen([*words, text], start_new_session=True, stderr=subprocess.DEVNULL) for text in texts]
    try:
        yield
    finally:
        for guest in guests:
            os.killpg(guest.pid, signal.SIGKILL)
            guest.wait()
