# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a secondary's images for a rehearsal: what `copier` makes at the cluster, and what names it in a PV."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..._cluster.clock import Clock
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Refused, TerminalState
from ..base import Clones
from ..site_handle import Outlasting
from .cluster import ROUND_SECONDS
from .images import Image, image_of
from .lineage import has_complete_copy, is_half_a_sync
from .side import Side, some
from .status import replay
from .switch import Progress

TRIED = "copy for a rehearsal"
# between an image's name and the name of the copy
INFIX = ".dr-copy-"
# nothing of any image is copied any more
STALL_TIMEOUT = 300.0
# so often a copy is begun anew whose source was replaced before it was complete
BEGINNINGS = 3
# of ceph-csi: what a volume has that it made itself; one that only names its image has none of it
OF_DYNAMIC = ("imageName", "journalPool", "storage.kubernetes.io/csiProvisionerIdentity")
# errors that pass: the image is in use, or its newest data lies nowhere still for now
PASSING = {errno.EAGAIN, errno.EBUSY}
NOT_YET = "nothing was copied: wait until the replication is healthy (playbook status), then start again"
REFUSALS: Mapping[int, tuple[type[Refused | Conflict], str, str]] = {
    errno.ENODATA: (Refused, "data of one moment of every image", NOT_YET),
    errno.ENOSPC: (
        Refused,
        "copies of all images within four fifths of what is free: production writes there too",
        "nothing more was copied: make room in the pool, or rehearse a smaller plan",
    ),
    errno.EEXIST: (Conflict, "no image of that name", "rename or remove it if nobody needs it, then start again"),
}


def is_copy(image: Image) -> bool:
    return INFIX in image.name


def copy_of(image: Image, name: str) -> Image:
    return replace(image, name=f"{image.name}{INFIX}{name}")


def clone(side: Side, group: str, name: str, volumes: Sequence[Mapping[str, Any]], outlasting: Outlasting) -> Clones:
    """side: of the volumes' images, with history. outlasting: refuses where this run has to give way."""
    _check_plain(side, volumes)
    _check_source(side)
    copies = {image: copy_of(image, name) for image in side.images}
    said = _copied(side, group, copies, outlasting)
    _check_apart(side, copies.values())
    sources = {pv["metadata"]["name"]: _source(pv, name, side.options.pool) for pv in volumes}
    return Clones(sources, _oldest(item["told"] for item in said.values()))


def _oldest(told: Iterable[str]) -> datetime | None:
    """Of the moments that rbd-mirror told of the images, if it told all."""
    moments = [replay({"description": text}).get("local_snapshot_timestamp", 0) for text in told]
    return datetime.fromtimestamp(min(moments), UTC) if all(moments) else None


def _copied(
    side: Side, group: str, copies: Mapping[Image, Image], outlasting: Outlasting
) -> Mapping[Image, Mapping[str, Any]]:
    """Round by round, so that no process at the cluster outlives this one for long."""
    clock = Clock()
    progress = Progress(clock, STALL_TIMEOUT)
    lost: Counter[Image] = Counter()
    hint = "look at `ceph status` there, then start again: it goes on with what is copied"

    def look() -> tuple[Mapping[Image, Mapping[str, Any]], str]:
        with outlasting(ROUND_SECONDS):
            said = side.cluster.copy(copies, group)
        _check_refusals(side, said)
        lost.update(image for image, item in said.items() if item.get("lost"))
        _check_lost(side, lost)
        left = {image: item for image, item in said.items() if not item.get("done")}
        words = f"{len(left)} of {len(said)} images are not copied: {some(left, lambda image: _words(image, said))}"
        progress.check(
            {image: (item.get("after"), item.get("copied")) for image, item in left.items()}, TRIED, side, words, hint
        )
        return ({} if left else said), words

    return wait_for(clock, side.options.timeout, look, TRIED, side.site, side.on, hint)


def _words(image: Image, said: Mapping[Image, Mapping[str, Any]]) -> str:
    item = said[image]
    if item["errno"]:
        return f"{image}: {item['message']}"
    return f"{image}: {item.get('waits') or str(item['copied'] >> 20) + ' of ' + str(item['size'] >> 20) + ' MiB'}"


def _check_plain(side: Side, volumes: Sequence[Mapping[str, Any]]) -> None:
    locked = [pv["metadata"]["name"] for pv in volumes if _attributes(pv).get("encrypted") == "true"]
    if locked:
        raise Refused(
            TRIED,
            site=side.site,
            on=f"PersistentVolume/{locked[0]}",
            seen=f"ceph-csi encrypts {len(locked)} of the group's volumes",
            wanted="volumes whose copies can be opened: ceph-csi keeps a key for the volume itself only",
            next_step="leave their VMs out of the rehearsed plan, or encrypt inside the guest",
        )


def _check_source(side: Side) -> None:
    side.check_all_mirrored(TRIED)
    if side.primaries:
        raise Refused(
            TRIED,
            site=side.site,
            on=side.on,
            seen=f"primary: {some(side.primaries)}",
            wanted="images that follow their peer",
            next_step="rehearse at the site where the plan does not live (playbook status)",
        )
    facts = side.seen.images
    empty = [image for image in side.images if not has_complete_copy(facts[image])]
    halves = [image for image in side.images if is_half_a_sync(facts[image])]
    if empty or halves:
        seen = f"never wholly synchronised: {some(empty)}" if empty else f"half a sync in them: {some(halves)}"
        raise Refused(
            TRIED,
            site=side.site,
            on=side.on,
            seen=seen,
            wanted="a complete mirror snapshot of every image",
            next_step=NOT_YET,
        )


def _check_refusals(side: Side, said: Mapping[Image, Mapping[str, Any]]) -> None:
    for image, item in said.items():
        if item["errno"] in REFUSALS:
            kind, wanted, next_step = REFUSALS[item["errno"]]
            raise kind(
                TRIED, site=side.site, on=f"image {image}", seen=item["message"], wanted=wanted, next_step=next_step
            )
    side.cluster.check(TRIED, {image: item for image, item in said.items() if item["errno"]}, PASSING)


def _check_lost(side: Side, lost: Mapping[Image, int]) -> None:
    often = [image for image, times in lost.items() if times >= BEGINNINGS]
    if often:
        raise Refused(
            TRIED,
            site=side.site,
            on=side.on,
            seen=f"the data was replaced {BEGINNINGS} times before it was copied: {some(often)}",
            wanted="copies that take less time than two mirror snapshots lie apart",
            next_step="let mirror snapshots be taken less often while this plan is rehearsed (option `schedule`, "
            "then playbook protect); what is copied of other images is kept",
        )


def _check_apart(side: Side, copies: Iterable[Image]) -> None:
    """P1: no peer writes into them, and they go nowhere."""
    mirrored = [image for image, facts in side.cluster.look(copies).images.items() if "mirror" in facts]
    if mirrored:
        raise TerminalState(
            TRIED,
            site=side.site,
            on=side.on,
            seen=f"mirrored: {some(mirrored)}",
            wanted="copies that replication knows nothing of",
            next_step="no VM was started: end their mirroring (rbd mirror image disable), then run test_cleanup",
        )


def _attributes(pv: Mapping[str, Any]) -> dict[str, str]:
    return dict(pv["spec"].get("csi", {}).get("volumeAttributes") or {})


def _source(pv: Mapping[str, Any], name: str, pool: str) -> dict[str, Any]:
    """A static volume of ceph-csi, which has its image's name as handle: of the copy ceph-csi knows nothing else."""
    copy = copy_of(image_of(pv, pool), name)
    kept = {key: value for key, value in _attributes(pv).items() if key not in OF_DYNAMIC}
    attributes = {**kept, "pool": copy.pool, "staticVolume": "true"}
    return {"csi": {**pv["spec"]["csi"], "volumeHandle": copy.name, "volumeAttributes": attributes}}
