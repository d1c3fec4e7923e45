# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned switch as Trident can do it: as a whole.

Trident makes no source read-only by itself. A source stops to be one only by becoming the mirror of a copy that was
promoted, so both happen here, after a final sync, and with no moment at which both sides are secondary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._errors import Refused
from .objects import final_sync_of, following, handover, is_handed_over, promoted
from .side import Mirror, Object, Side
from .status import ASKED, describe, follows, handle, is_primary, is_whole, remote_of
from .sync import check_asynchronous, send_rest


@dataclass(frozen=True)
class Pair:
    mine: Mirror
    theirs: Mirror

    @property
    def is_done(self) -> bool:
        return follows(self.mine.item)

    @property
    def waits_for_sync(self) -> bool:
        return is_primary(self.mine.item) and follows(self.theirs.item, handle(self.mine.item or {}))

    @property
    def was_cut(self) -> bool:
        """A planned switch has asked for the peer's promotion, and did not come to its end."""
        if not self.is_given_up or self.mine.item is None or not final_sync_of(self.theirs.item or {}):
            return False
        return ASKED.read(self.mine.item) != "promoted" or is_handed_over(self.theirs.item or {}, self.mine.item)

    @property
    def is_given_up(self) -> bool:
        """The peer was asked to be promoted: only a resync, which throws this copy away, may follow if by force.

        After a failure it is brought to look before it is asked again.
        """
        if self.theirs.item is None:
            return False
        if asked := ASKED.read(self.theirs.item):
            return bool(asked == "promoted")
        return self.mine.item is not None and is_handed_over(self.theirs.item, self.mine.item)


def switch(here: Side, there: Side, pairs: Sequence[Pair]) -> bool:
    """All of them are looked at before anything is written. here: the side that hands over."""
    for pair in pairs:
        if not (pair.is_done or pair.waits_for_sync or pair.is_given_up):
            raise _no_way(here, there, pair)
    todo = [pair for pair in pairs if not pair.is_done and (pair.waits_for_sync or pair.was_cut)]
    if not todo:
        return False
    for pair in todo:
        check_source(here, there, pair.mine, handle(pair.theirs.item or {}))
    # it becomes a mirror when its copy is promoted already
    here.check_ours([pair.mine for pair in todo], follower=True)
    there.check_ours([pair.theirs for pair in todo])
    _promote(there, todo)
    give_up(here, there, [pair.mine for pair in todo])
    return True


def require_movable(here: Side, there: Side, pairs: Sequence[Pair]) -> None:
    """While everything still runs: what a switch that nobody has begun would refuse after VMs were stopped."""
    for pair in pairs:
        if not pair.waits_for_sync:
            raise _no_way(here, there, pair)
    check_asynchronous(there, [pair.theirs for pair in pairs])
    here.check_ours([pair.mine for pair in pairs], follower=True)
    there.check_ours([pair.theirs for pair in pairs])


def _promote(there: Side, pairs: Sequence[Pair]) -> None:
    """The peers, each with the name of the update that proves that it had everything."""
    mine = {pair.theirs.key: pair.mine.item or {} for pair in pairs}
    behind = [pair.theirs for pair in pairs if pair.waits_for_sync]
    broken: list[Mirror] = []
    cut = [pair.theirs for pair in pairs if pair.was_cut and not is_primary(pair.theirs.item)]
    awake = there.awakened(cut, lambda _mirror: promoted())
    there.settle([copy for copy in awake if copy.item and not ASKED.read(copy.item)], "looked at")
    for copy in there.matched([copy.key for copy in cut]):
        # a promotion that failed has left some as they were: to what their sources hold by now the rest is missing
        (behind if is_whole(copy.item, handle(mine[copy.key])) else broken).append(copy)
    updates = send_rest(there, behind) if behind else {}
    # of those whose mirror was broken, what was proven before stands
    updates |= {copy.key: final_sync_of(copy.item or {}) for copy in broken}
    handovers = {key: handover(name, mine[key]) for key, name in updates.items()}
    there.settle(there.ask([*behind, *broken], lambda _mirror: promoted(), handovers), "primary")


def give_up(here: Side, there: Side, mirrors: Sequence[Mirror]) -> None:
    """Their data is replaced by that of the other side, which is primary."""
    sources = {mirror.key: handle(mirror.item or {}) for mirror in there.matched([mirror.key for mirror in mirrors])}
    for mirror in mirrors:
        check_source(here, there, mirror, sources[mirror.key])
    options = here.options

    def reestablished(mirror: Mirror) -> Object:
        return following("reestablished", mirror.key[1], sources[mirror.key], options.policy, options.schedule)

    here.settle(here.ask(mirrors, reestablished), "follows")


def check_source(here: Side, there: Side, mirror: Mirror, source: str) -> None:
    """Trident never lets a relationship change the volume that it names, and fails it for the attempt."""
    if mirror.item is None or remote_of(mirror.item) in ("", source):
        return
    raise here.refused(
        "make the volume a mirror",
        mirror,
        f"it mirrors, or has mirrored, {remote_of(mirror.item)}",
        f"{source}, the volume of {there.site.name}",
        "the volume was exchanged there: make this copy anew (delete its TridentMirrorRelationship and its claim), then"
        " protect the plan again",
    )


def _no_way(here: Side, there: Side, pair: Pair) -> Refused:
    mine, theirs = (describe(item) if item else "absent" for item in (pair.mine.item, pair.theirs.item))
    return here.refused(
        "hand the volume over",
        pair.mine,
        f"its TridentMirrorRelationship: {mine}; at {there.site.name}: {theirs}",
        f"promoted here, and established or reestablished from it at {there.site.name}",
        "nothing was changed, and Trident cannot make a source read-only: run protect, and wait until the mirror is"
        " established",
    )
