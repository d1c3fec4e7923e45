# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the manager takes mirror snapshots of images.

A schedule belongs to an image's id in one cluster: it acts only while the image is primary there, and a resync, which
makes the image anew, leaves it behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from .cluster import Cluster
from .images import Image

LIST, ADD, REMOVE = (f"rbd mirror snapshot schedule {verb}" for verb in ("list", "add", "remove"))


def add_schedule(cluster: Cluster, images: Iterable[Image], interval: str) -> bool:
    """Give the images this schedule and no other; whether one of them had not.

    It is added also where the list has it: for a while after a resync that is the schedule of the image's old id.
    """
    listed = sorted(images)
    known = _known(cluster, listed)
    commands, changed = [], False
    for image in listed:
        found = known.get(str(image), set())
        changed = changed or found != {interval}
        commands.append({"prefix": ADD, "level_spec": str(image), "interval": interval})
        commands += [{"prefix": REMOVE, "level_spec": str(image), "interval": old} for old in found - {interval}]
    cluster.order("mgr", commands, again=not changed)
    return changed


def remove_schedule(cluster: Cluster, images: Iterable[Image], interval: str) -> bool:
    """Take this schedule of the images back; whether one of them had it."""
    listed = sorted(images)
    known = _known(cluster, listed)
    having = [image for image in listed if interval in known.get(str(image), set())]
    cluster.order("mgr", [{"prefix": REMOVE, "level_spec": str(image), "interval": interval} for image in having])
    return bool(having)


def _known(cluster: Cluster, images: list[Image]) -> dict[str, set[str]]:
    """Intervals by image, of those whose schedule is their own and not their pool's."""
    levels = sorted({f"{image.pool}/{image.namespace}/" if image.namespace else f"{image.pool}/" for image in images})
    found: dict[str, set[str]] = {}
    for output in cluster.ask("mgr", [{"prefix": LIST, "level_spec": level} for level in levels]):
        for item in json.loads(output).values():
            found[item["name"]] = {entry["interval"] for entry in item["schedule"]}
    return found
