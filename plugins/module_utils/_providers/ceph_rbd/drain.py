# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a planned demotion: the peer replays all that is in the journals of the source's primaries.

Behind a demotion it would leave out what a cut link keeps from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ..._cluster.clock import Clock
from ..._cluster.waiting import wait_for
from ..site_handle import Tell
from .images import Image
from .lineage import has_backlog, is_journaled
from .nudges import Nudges
from .side import Side, again_both, some
from .switch import Progress, counterpart, standstill

# of the progress
STAGE = "journals replayed"
TRIED = "wait until the peer has replayed the journals"
# nothing is replayed any more; by then a peer that is cut off is reported as down
STALL_TIMEOUT = 60.0


@dataclass(frozen=True)
class Ended:
    """How the wait has ended: all is replayed, or some journals stand still before their end.

    left: images of these. source, words, still: how it was then, and for how many seconds.
    """

    source: Side
    left: Sequence[Image] = ()
    words: str = ""
    still: float = 0.0


def drain(source: Side, target: Side, tell: Tell) -> None:
    """Until the target has replayed all, or stands still with the link up.

    Seen with 16.2.15: with all VMs off and the link up it stands still some entries before the end, until there are
    more. Where it may be given one, it is; a demotion is one too, and the final sync judges what has come of it.
    """
    source.check_all_mirrored(TRIED)
    target.check_all_mirrored(TRIED)
    hint = f"nothing was demoted: see that rbd-mirror runs at {target.site} and reaches {source.site}, then start again"
    ended = _wait(source, target, hint, tell)
    if not all(_reports(ended.source, image) for image in ended.left):
        raise standstill(TRIED, target, ended.words, ended.still, hint)


def _wait(source: Side, target: Side, hint: str, tell: Tell) -> Ended:
    clock = Clock()
    progress, nudges = Progress(clock, STALL_TIMEOUT), Nudges(clock)
    pairs = itertools.chain([(source, target)], iter(lambda: again_both(source, target), None))

    def look() -> tuple[list[Ended], str]:
        now, there = next(pairs, (source, target))
        left = [image for image in now.primaries if _has_backlog(now, there, image)]
        total = len(now.primaries)
        if not left:
            tell(STAGE, total, total)
            return [Ended(now)], ""
        states = some(left, lambda image: f"{image} {there.state(counterpart(there, image))}")
        words = f"{len(left)} of {len(now.images)} images have not all of {now.site}'s data: {states}"
        still = progress.stands_still({image: now.seen.images[image]["journal"] for image in left})
        if not still:
            nudges.give(now, left)
        tell(STAGE, total - len(left), total, waiting_for=some(left) + nudges.words(left))
        return ([Ended(now, left, words, still)] if still else []), words

    (ended,) = wait_for(clock, target.options.timeout, look, TRIED, target.site, target.on, hint)
    return ended


def _reports(source: Side, image: Image) -> bool:
    """Whether the peer's rbd-mirror reaches the source."""
    return any(peer["up"] for peer in source.seen.images[image]["peers"])


def _has_backlog(source: Side, target: Side, image: Image) -> bool:
    facts = source.seen.images[image]
    return is_journaled(facts) and has_backlog(facts, target.uuid(counterpart(target, image)))
