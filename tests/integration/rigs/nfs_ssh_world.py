# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload on NFS servers that are reached by ssh, whose guests write all the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must
from demo.lab import Lab


@contextmanager
def writing_world(lab: Lab, folder: Path) -> Iterator[World]:
    """It runs at east, protected and replicated once; the lab is empty again afterwards."""
    world = empty_world(lab, folder, "nfs_ssh")
    try:
        world.deploy()
        must(world.protect())
        world.storage.await_replicated(world.sites)
        yield world
    finally:
        lab.run("reset")


def last_records(world: World, site: str) -> dict[str, int]:
    """By disk of a running VM the number of its last record."""
    found = world.lab.records(site)
    return {name: found[name]["last_n"] for name in world.running}
