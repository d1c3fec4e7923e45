# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching all images of a group: every one is looked at before the first one is changed."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Mapping

from ..._cluster.clock import Clock
from ..._cluster.waiting import wait_for
from ..._errors import Refused, TerminalState, Timeout
from .cluster import VERB_TIMEOUT
from .images import Image, at_peer
from .lineage import Arrival, arrival, has_complete_copy, is_half_a_sync, is_journaled
from .side import Side, again_both, some

# 4 s measured for a demotion to arrive, 10 s for a forced promotion; both follow rbd-mirror's 30 s rounds
SWITCH_TIMEOUT = 300.0
# and for each image, of which several are switched at once
SWITCH_SECONDS = 1.0
# A forced one that is cut off before the image went back to its last complete snapshot leaves half a sync in it.
FORCED_TIMEOUT = 900
# nothing arrives any more; rbd-mirror notes how far it is every 30 s
STALL_TIMEOUT = 90.0

FREED = "see that guests can write to what was promoted by force"

# by image of the target; the source, the target
Arrived = tuple[dict[Image, Arrival], Side, Side]

# What a promotion answers while it may still succeed: the demotion has not arrived; the replay is being stopped.
NOT_YET = {errno.EBUSY, errno.EROFS}
# "image is already primary", "image is not primary"
DONE_BEFORE = {errno.EINVAL}


def counterpart(side: Side, image: Image) -> Image:
    """The image of the other side at this one."""
    return at_peer([image], side.options.pool).pop()


def arrivals(source: Side, target: Side) -> dict[Image, Arrival]:
    """For every image of the target, whether it holds all that the source's holds. Both with history."""
    found = {}
    for image in source.images:
        other = counterpart(target, image)
        facts, there = source.seen.images[image], target.seen.images[other]
        found[other] = arrival(facts, source.uuid(image), there, target.uuid(other))
    return found


def demote(side: Side) -> bool:
    side.check_all_mirrored("demote")
    todo = side.primaries
    if not todo:
        return False
    failed, now = side.switch("demote", todo, VERB_TIMEOUT)
    side.cluster.check("demote", failed, DONE_BEFORE)
    left = now.primaries
    if left:
        raise TerminalState(
            "demote",
            site=side.site,
            on=side.on,
            seen=f"still primary: {some(left)}",
            wanted="all images demoted",
            next_step="look at the images' locks and watchers (rbd status), then start again",
        )
    return True


def promote_planned(here: Side, there: Side) -> bool:
    """The product itself promotes at both sites when both are demoted, and lets an old copy go first."""
    here.check_all_mirrored("promote")
    there.check_all_mirrored("promote")
    check_peer_demoted(here, there)
    if not here.others:
        return False
    _found, there, here = wait_arrived("promote", there, here, SWITCH_TIMEOUT)
    _promote(here, "promote", there)
    return True


def promote_forced(here: Side) -> bool:
    here.check_all_mirrored("promote by force")
    todo = here.others
    empty = [image for image in todo if not has_complete_copy(here.seen.images[image])]
    if empty:
        raise Refused(
            "promote by force",
            site=here.site,
            on=here.on,
            seen=f"never wholly synchronised: {some(empty)}",
            wanted="a complete mirror snapshot of every image, or a journal whose first copy has ended",
            next_step="nothing was changed: restore these volumes from a backup, or wait for their first copy",
        )
    halves = [image for image in todo if is_half_a_sync(here.seen.images[image])]
    if halves:
        raise TerminalState(
            "promote by force",
            site=here.site,
            on=here.on,
            seen=f"a forced promotion was cut off before it went back to the last complete snapshot: {some(halves)}",
            wanted="images that hold one complete mirror snapshot",
            next_step="nothing was changed, and Ceph itself would promote half a sync without a word: "
            "docs/providers/ceph_rbd.md says how to take the data of the last complete snapshot",
        )
    if todo:
        _promote(here, "promote_forced", None)
    # as they were seen first: a promotion that ended has looked at its locks itself
    free(here)
    return bool(todo)


def free(here: Side) -> None:
    """Take what is primary from rbd-mirror, where a forced promotion was killed before it gave the images up."""
    here.cluster.must("free", [image for image in here.primaries if is_journaled(here.seen.images[image])])


def check_peer_demoted(here: Side, there: Side) -> None:
    """A planned promotion: nothing is primary at the peer."""
    if not there.primaries:
        return
    both = [image for image in there.primaries if here.is_primary(counterpart(here, image))]
    if both:
        raise TerminalState(
            "promote",
            site=here.site,
            on=here.on,
            seen=f"split-brain: primary at {here.site} and at {there.site}: {some(both)}",
            wanted="one primary",
            next_step="choose the site whose data counts, demote the group at the other one and resync it there",
        )
    raise Refused(
        "promote",
        site=here.site,
        on=here.on,
        seen=f"still primary at {there.site}: {some(there.primaries)}",
        wanted=f"all images demoted at {there.site}",
        next_step=f"demote the group at {there.site}; if {there.site} is lost, promote by force",
    )


class Progress:
    """Ends a wait in which nothing moves any more."""

    def __init__(self, clock: Clock, limit: float) -> None:
        self._clock = clock
        self._limit = limit
        self._shown: object = None
        self._moved_at = clock.monotonic()

    def stands_still(self, shown: object) -> float:
        """For how many seconds, where longer than the limit; else 0. shown: what changes while there is progress."""
        if shown != self._shown:
            self._shown, self._moved_at = shown, self._clock.monotonic()
        still = self._clock.monotonic() - self._moved_at
        return still if still > self._limit else 0.0

    def check(self, shown: object, tried: str, side: Side, words: str, hint: str) -> None:
        """shown: as in `stands_still`."""
        still = self.stands_still(shown)
        if still:
            raise standstill(tried, side, words, still, hint)


def standstill(tried: str, side: Side, words: str, still: float, hint: str) -> Timeout:
    return Timeout(tried, site=side.site, on=side.on, seen=f"standstill: {words}", waited=still, next_step=hint)


def wait_arrived(tried: str, source: Side, target: Side, seconds: float) -> Arrived:
    """Until the target holds all that the demoted source holds; and both as they were seen then.

    A peer that becomes primary meanwhile ends it.
    """
    clock = Clock()
    progress = Progress(clock, STALL_TIMEOUT)
    # from a demoted image rbd-mirror takes nothing, unless it followed it while it was primary
    hint = (
        f"see that rbd-mirror runs at {target.site} and reaches {source.site}, then start again; if it stays so, "
        f"promote {source.site} again until {target.site} is healthy, and demote it then"
    )
    pairs = itertools.chain([(source, target)], iter(lambda: again_both(source, target), None))

    def look() -> tuple[list[Arrived], str]:
        there, now = next(pairs, (source, target))
        check_peer_demoted(now, there)
        _check_no_split(tried, now, there)
        found = arrivals(there, now)
        left = {image: item for image, item in found.items() if not item.holds}
        if not left:
            return [(found, there, now)], ""
        words = _unarrived(there.site, now, left)
        remedy = remedy_of_gap(there.site, now.site) if any(item.skipped for item in left.values()) else hint
        progress.check({image: item.target for image, item in left.items()}, tried, now, words, remedy)
        return [], words

    (arrived,) = wait_for(clock, seconds, look, tried, target.site, target.on, hint)
    return arrived


def remedy_of_gap(source: str, target: str) -> str:
    """Later writes would make the positions agree, and hide it."""
    return (
        f"do not move again before these copies were made anew: promote {source} again (a move that is given back "
        f"does), then `rbd mirror image resync` of them at {target}, and wait until they are healthy"
    )


def _check_no_split(tried: str, now: Side, there: Side) -> None:
    if now.splits():
        raise TerminalState(
            tried,
            site=now.site,
            on=now.on,
            seen=f"split-brain: {some(now.splits())}",
            wanted=f"copies of {there.site}'s images",
            next_step="choose the site whose data counts, and resync the group at the other one",
        )


def _unarrived(source: str, target: Side, left: Mapping[Image, Arrival]) -> str:
    def words(image: Image) -> str:
        item = left[image]
        return f"{image} has {item.target}, {source} has {item.source}, {target.state(image)}"

    return f"{len(left)} of {len(target.images)} images have not all of {source}'s data: {some(left, words)}"


def _promote(here: Side, verb: str, there: Side | None) -> None:
    """Retry what the product refuses only for now. here, there: as they were just seen."""
    tried = verb.replace("_", " ")
    now = here

    def look() -> tuple[bool, str]:
        nonlocal now
        within = VERB_TIMEOUT if there is not None else FORCED_TIMEOUT
        failed, left = now.switch(verb, now.others, within, NOT_YET)
        now.cluster.check(verb, failed, NOT_YET | DONE_BEFORE)
        now = left
        if left.others and there is not None:
            check_peer_demoted(left, there.again(history=False))

        def words(image: Image) -> str:
            return f"{image}: {failed[image]['message']}, {left.state(image)}" if image in failed else left.state(image)

        return not left.others, f"{len(left.others)} of {len(left.images)} not promoted: {some(left.others, words)}"

    hint = "see that rbd-mirror runs at both sites; `rbd mirror image status` shows what it waits for"
    seconds = SWITCH_TIMEOUT + SWITCH_SECONDS * len(here.others)
    wait_for(Clock(), seconds, look, tried, here.site, here.on, hint)
