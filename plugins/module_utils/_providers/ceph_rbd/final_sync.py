# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The final sync of a planned move: what the peer lacks is waited for before the demotion, and proven after it.

Journals need more than their positions. Where its link was cut in the middle of a replay and the image has been opened
anew since (a VM that was restarted, a demotion), rbd-mirror 16.2.15 goes on at the newest part of the journal, leaves
out what is before it, and reports no entry behind: seen on the lab with 447 of 511 MiB missing.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from ..._cluster.clock import Clock
from ..._cluster.waiting import wait_for
from ..._errors import Refused, TerminalState, Timeout
from ..._model.group_status import SyncProof
from .contents import difference, read_both
from .images import Image
from .lineage import AND_DATA, COMPARED, has_backlog
from .side import Side, again_both, some
from .switch import Progress, counterpart, remedy_of_gap, wait_arrived

TRIED = "prove the final sync"
DRAINED = "wait until the peer has replayed the journals"
# nothing is replayed any more; by then a peer that is cut off is reported as down
STALL_TIMEOUT = 60.0


def drain(source: Side, target: Side) -> None:
    """Until the target has replayed all that is written to the source's primaries: behind a demotion it would leave out
    what a cut link keeps from it.

    Seen with 16.2.15: with all VMs off and the link up it stands still some entries before the end, until there are
    more. A demotion is such a one, and the final sync judges what has come of it.
    """
    source.check_all_mirrored(DRAINED)
    target.check_all_mirrored(DRAINED)
    clock = Clock()
    progress = Progress(clock, STALL_TIMEOUT)
    hint = f"nothing was demoted: see that rbd-mirror runs at {target.site} and reaches {source.site}, then start again"
    pairs = itertools.chain([(source, target)], iter(lambda: again_both(source, target), None))

    def look() -> tuple[bool, str]:
        now, there = next(pairs, (source, target))
        left = [image for image in now.primaries if _has_backlog(now, there, image)]
        if not left:
            return True, ""
        states = some(left, lambda image: _state(there, image))
        words = f"{len(left)} of {len(now.images)} images have not all of {now.site}'s data: {states}"
        shown = {image: now.seen.images[image]["journal"] for image in left}
        try:
            progress.check(shown, DRAINED, there, words, hint)
        except Timeout:
            if not all(_reports(now, image) for image in left):
                raise
            return True, ""
        return False, words

    wait_for(clock, target.options.timeout, look, DRAINED, target.site, target.on, hint)


def _state(target: Side, image: Image) -> str:
    return f"{image} {target.state(counterpart(target, image))}"


def _reports(source: Side, image: Image) -> bool:
    """Whether the peer's rbd-mirror reaches the source."""
    return any(peer["up"] for peer in source.seen.images[image]["peers"])


def _has_backlog(source: Side, target: Side, image: Image) -> bool:
    return is_journaled(source, image) and has_backlog(
        source.seen.images[image], target.uuid(counterpart(target, image))
    )


def is_journaled(side: Side, image: Image) -> bool:
    return bool(side.seen.images[image]["mirror"]["mode"] == "journal")


def final_sync(source: Side, target: Side) -> list[SyncProof]:
    """A proof for each of the groups."""
    source.check_all_mirrored(TRIED)
    target.check_all_mirrored(TRIED)
    if source.primaries:
        raise Refused(
            TRIED,
            site=source.site,
            on=source.on,
            seen=f"primary: {some(source.primaries)}",
            wanted="secondary: what is still writable proves nothing",
            next_step="demote the group first",
        )
    found, source, target = wait_arrived(TRIED, source, target, target.options.timeout)
    read = _check_data(source, target)
    return [
        SyncProof(
            name,
            holds=all(found[image].holds for image in images),
            compared=COMPARED[source.options.mode] + (AND_DATA if read else ""),
            source=some(images, lambda image: f"{image}: {found[image].source}"),
            target=some(images, lambda image: f"{image}: {found[image].target}"),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            volumes=len(images),
        )
        for name, images in target.members.items()
    ]


def _check_data(source: Side, target: Side) -> bool:
    """Refuse copies that lie behind a gap, which positions do not show; whether there were any that had to be read."""
    if target.options.proof != "data":
        return False
    journaled = {image for image in source.images if is_journaled(source, image)}
    if not journaled:
        return False
    others = {image: counterpart(target, image) for image in journaled}
    held, copied = read_both(source.narrowed(journaled), target.narrowed(others.values()), target.options.timeout)
    found = {others[image]: difference(held[image], copied[others[image]]) for image in journaled}
    differing = [image for image, words in found.items() if words]
    if differing:
        raise TerminalState(
            TRIED,
            site=target.site,
            on=target.on,
            seen=f"{len(differing)} of {len(found)} images do not hold {source.site}'s data: "
            + some(differing, lambda image: f"{image} has {found[image]}"),
            wanted="the same data at both sites, as both journals are at their end",
            next_step=remedy_of_gap(source.site, target.site),
        )
    return True
