# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beginning and ending the mirroring of a group's images, and beginning it anew."""

from __future__ import annotations

import errno
from collections.abc import Collection

from ..._cluster.waiting import wait_for
from ..._errors import Conflict, NotFound, Refused
from .images import Image
from .lineage import newest
from .schedule import add_schedule, remove_schedule
from .side import Side, some
from .status import is_split_brain
from .switch import Progress, arrivals, counterpart

# until rbd-mirror at the target has made the images, not their content; it looks every 30 s
APPEAR_TIMEOUT = 300.0
# a resync sends all data again; 126 s were measured for next to nothing
RESYNC_STALL_TIMEOUT = 600.0


def enable(source: Side, target: Side) -> bool:
    """Mirror every image of the group from source to target; all is checked before the first one is changed."""
    for side in (source, target):
        _check_pools(side)
    todo = _to_enable(source)
    _check_target(source, target, todo)
    mode = source.options.mode
    # by a run that was killed, or by another run of now
    source.cluster.must(f"enable_{mode}", todo, {errno.EEXIST})
    _wait_for_copies(target)
    changed = [
        add_schedule(side.cluster, side.images, side.options.schedule)
        for side in (source, target)
        if side.options.schedule
    ]
    return bool(todo) or any(changed)


def disable(side: Side, peer: Side | None) -> bool:
    """End the mirroring and keep every copy. peer: None where nothing here is primary.

    rbd-mirror deletes the copy of an image whose mirroring ends at its primary; so the copy leaves it first.
    """
    mirrored = [image for image in sorted(side.images) if side.is_mirrored(image)]
    if peer is not None:
        copies = {counterpart(peer, image) for image in side.primaries}
        peer.cluster.must(
            "disable_copy", [image for image in peer.others if image in copies and peer.is_mirrored(image)]
        )
        unscheduled = {image for image in copies if image in peer.seen.images}
        if peer.options.schedule:
            remove_schedule(peer.cluster, unscheduled, peer.options.schedule)
    if side.options.schedule:
        remove_schedule(side.cluster, mirrored, side.options.schedule)
    side.cluster.must("disable_copy", [image for image in side.others if side.is_mirrored(image)])
    side.cluster.must("disable", side.primaries)
    return bool(mirrored)


def release(side: Side, images: Collection[Image]) -> None:
    """End the mirroring of primaries that are going to be deleted, their copies with them."""
    mirrored = [image for image in side.primaries if image in images]
    if side.options.schedule:
        remove_schedule(side.cluster, mirrored, side.options.schedule)
    side.cluster.must("disable", mirrored)


def resync(here: Side, peer: Side) -> bool:
    """Throw away and copy again what holds writes that its peer does not have; wait until all follow the peer.

    An image that is made anew has no schedule. rbd-mirror makes it also behind a run that was killed, so that is looked
    at where nothing else is left to do.
    """
    _check_resync(here, peer)
    todo = [image for image in sorted(here.images) if image in here.seen.images and _is_lost(here, peer, image)]
    ids = {image: here.seen.images[image]["id"] for image in todo}
    if todo or _unfinished(here, peer, ids):
        _make_anew(here, peer, ids)
    schedule = here.options.schedule
    return bool(schedule and add_schedule(here.cluster, here.images, schedule)) or bool(todo)


def _make_anew(here: Side, peer: Side, ids: dict[Image, str]) -> None:
    """ids: of those images that are to be."""
    tried = "resynchronise"
    here.cluster.must("resync", ids)
    clock = here.cluster.clock
    progress = Progress(clock, RESYNC_STALL_TIMEOUT)
    hint = f"see that rbd-mirror runs at {here.site} and reaches {peer.site}, then start again: it goes on"

    def look() -> tuple[bool, str]:
        now, there = here.again(), peer.again()
        _check_resync(now, there)
        left = _unfinished(now, there, ids)
        words = f"{len(left)} of {len(now.images)} do not follow {peer.site}: {some(left, now.state)}"
        progress.check([(now.state(image), _last_snapshot(now, image)) for image in left], tried, now, words, hint)
        return not left, words

    wait_for(clock, here.options.timeout, look, tried, here.site, here.on, hint)


def _check_pools(side: Side) -> None:
    for (pool, namespace), found in side.seen.pools.items():
        name = "/".join(filter(None, (pool, namespace)))
        if found.mode == "disabled":
            raise Refused(
                "enable replication",
                site=side.site,
                on=f"pool {name}",
                seen="mirroring is disabled for the pool",
                wanted="mirroring in image mode, with the other site's cluster as peer",
                next_step=f"rbd mirror pool enable {name} image, then rbd mirror pool peer bootstrap at both sites",
            )
        if not found.peers:
            raise Refused(
                "enable replication",
                site=side.site,
                on=f"pool {name}",
                seen="the pool has no mirroring peer",
                wanted="the other site's cluster as peer",
                next_step=f"rbd mirror pool peer bootstrap create {pool} at one site, import at the other (rx-tx)",
            )


def _to_enable(source: Side) -> list[Image]:
    absent = [image for image in sorted(source.images) if image not in source.seen.images]
    if absent:
        raise NotFound(
            "enable replication",
            site=source.site,
            on=source.on,
            seen=f"no image {some(absent)}",
            wanted="the image of every PersistentVolume of the group",
            next_step="look at `pool` in the group's options and at `rbd ls`; nothing was changed",
        )
    mirrored = [image for image in sorted(source.images) if source.is_mirrored(image)]
    secondary = [image for image in mirrored if not source.is_primary(image)]
    if secondary:
        raise Refused(
            "enable replication",
            site=source.site,
            on=source.on,
            seen=f"not primary: {some(secondary)}",
            wanted=f"all images primary at {source.site}, or not mirrored yet",
            next_step="look where the plan lives (playbook status); nothing was changed",
        )
    mode = source.options.mode
    other = [image for image in mirrored if source.seen.images[image]["mirror"]["mode"] != mode]
    if other:
        raise Conflict(
            "enable replication",
            site=source.site,
            on=source.on,
            seen=f"mirrored in another mode than {mode}: {some(other)}",
            wanted=f"mode {mode} for all images",
            next_step="set `mode` in the group's options to what they have; changing it means to copy them anew",
        )
    return [image for image in sorted(source.images) if not source.is_mirrored(image)]


def _check_target(source: Side, target: Side, todo: list[Image]) -> None:
    """An image of the same name that is no copy would never be replaced, and rbd-mirror would only log it."""
    strangers = []
    for image in sorted(source.images):
        facts = target.seen.images.get(counterpart(target, image))
        if facts is None:
            continue
        mirror = facts.get("mirror")
        if image in todo or not mirror or mirror["global_id"] != source.seen.images[image]["mirror"]["global_id"]:
            strangers.append(counterpart(target, image))
    if strangers:
        raise Conflict(
            "enable replication",
            site=target.site,
            on=target.on,
            seen=f"images that are no copies of {source.site}'s: {some(strangers)}",
            wanted="no image of that name, or its copy",
            next_step=f"rename or remove them at {target.site} if nobody needs them; nothing was changed",
        )


def _wait_for_copies(target: Side) -> None:
    def look() -> tuple[bool, str]:
        now = target.again(history=False)
        left = [image for image in now.images if not now.is_mirrored(image)]
        states = some(left, lambda image: f"{image} {now.state(image)}")
        return not left, f"{len(left)} of {len(now.images)} are not there yet: {states}"

    hint = f"see that rbd-mirror runs at {target.site} and reaches the peer (rbd mirror pool status); then start again"
    clock = target.cluster.clock
    wait_for(clock, APPEAR_TIMEOUT, look, "wait for the images at the target", target.site, target.on, hint)


def _check_resync(here: Side, peer: Side) -> None:
    """What a site holds is thrown away only for what a primary holds."""
    peer.check_all_mirrored("resynchronise")
    if here.primaries:
        raise Refused(
            "resynchronise",
            site=here.site,
            on=here.on,
            seen=f"primary: {some(here.primaries)}",
            wanted="all images demoted",
            next_step=f"demote the group at {here.site} first, if {peer.site} has the data that counts",
        )
    if peer.others:
        raise Refused(
            "resynchronise",
            site=here.site,
            on=here.on,
            seen=f"not primary at {peer.site}: {some(peer.others)}",
            wanted=f"all images primary at {peer.site}: their data replaces that of {here.site}",
            next_step="promote the site whose data counts first; nothing was thrown away",
        )


def _is_lost(here: Side, peer: Side, image: Image) -> bool:
    """Whether only a resync helps: split-brain, or writes that the peer never got."""
    facts = here.seen.images[image]
    if here.is_in_between(image):
        # a resync that an earlier attempt asked for is on its way
        return False
    if not here.is_mirrored(image):
        raise Refused(
            "resynchronise",
            site=here.site,
            on=f"image {image}",
            seen="not mirrored, and of the same name as the peer's",
            wanted="a demoted copy, or no image of that name",
            next_step=f"rename or remove it at {here.site} if nobody needs it",
        )
    if is_split_brain(facts["status"]):
        return True
    last = newest(facts)
    if last is not None and last["origin"] == peer.uuid(counterpart(peer, image)):
        return False
    found = arrivals(here.only(image), peer.only(counterpart(peer, image)))
    return not all(item.holds for item in found.values())


def _unfinished(here: Side, peer: Side, ids: dict[Image, str]) -> list[Image]:
    """Images that do not follow the peer yet. A resync makes an image anew, with another id."""
    return [image for image in sorted(here.images) if not _follows(here, peer, image, ids.get(image, ""))]


def _follows(here: Side, peer: Side, image: Image, old: str) -> bool:
    facts = here.seen.images.get(image)
    if facts is None or not here.is_mirrored(image) or facts["id"] == old:
        return False
    status = facts["status"]
    if not status["up"] or status["state"] != "replaying":
        return False
    if facts["mirror"]["mode"] == "journal":
        return True
    last = newest(facts)
    return bool(last and last["complete"] and last["origin"] == peer.uuid(counterpart(peer, image)))


def _last_snapshot(side: Side, image: Image) -> object:
    """Grows while the image is copied."""
    return newest(side.seen.images[image]) if "snapshots" in side.seen.images.get(image, {}) else None
