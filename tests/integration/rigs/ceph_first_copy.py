# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journaled images of which a whole copy is made, and cut off in the middle."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from demo.cluster import wait_until

# MiB; so much is not copied before the link can be cut
LARGE = 1024
END = (LARGE - 1) << 20
# rbd-mirror reports every half minute
REPORTED_WITHIN = 90
# until the beginning of the image is a text: without a pause that matters, as the moment is short
AWAIT = """
import time
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
context = cluster.open_ioctx({pool!r})
end = time.monotonic() + {seconds}
found = b""
while found != {text!r}.encode():
    assert time.monotonic() < end, found
    try:
        with rbd.Image(context, {image!r}, read_only=True) as image:
            found = image.read(0, 4096).rstrip(b"\\0")
    except rbd.ImageNotFound:
        time.sleep(0.02)
"""


def fill(rig: CephRbdRig, site: str) -> None:
    """So that there is a text at the beginning and at the end."""
    rig.fill(site, LARGE)
    rig.write(site, "the end", END)
    rig.write(site, "the beginning")


def cut_in_the_middle(rig: CephRbdRig, site: str, first: str, begin: Callable[[], object]) -> None:
    """begin makes the site's rbd-mirror copy all. first: the text at the beginning."""
    (image,) = rig.images
    text = AWAIT.format(pool=rig.pool, image=image, text=first, seconds=REPORTED_WITHIN)
    with ThreadPoolExecutor(2) as pool:
        begun, asked = pool.submit(rig.python, site, text), pool.submit(begin)
        begun.result()
        rig.cut()
        asked.result()
    assert (rig.read(site), rig.read(site, END)) == (first, ""), "the copy has ended before the link was cut"


def await_report(rig: CephRbdRig, site: str, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """wanted: of the image's status, as `rbd` prints it."""

    def other() -> list[str]:
        seen = report(rig, site)
        return [] if wanted(seen) else [f"{seen['state']}: {seen['description']}"]

    wait_until(f"another report of {site}'s rbd-mirror", REPORTED_WITHIN, other)


def report(rig: CephRbdRig, site: str) -> dict[str, Any]:
    (image,) = rig.images
    return json.loads(rig.rbd(site, "mirror", "image", "status", "--format", "json", f"{rig.pool}/{image}"))
