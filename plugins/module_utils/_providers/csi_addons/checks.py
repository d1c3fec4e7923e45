# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be there, at one site and at its peer, before a verb of csi-addons' provider begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..._errors import NotFound, Unreachable
from ..last_primary import Copy
from ..object_wait import Key
from ..peer import asking_peer, split_brain
from .guard import ReplicatedCopy
from .listing import Unit
from .side import Side
from .status import is_primary, may_write, volume_status

WANTED = {
    "promote": "the peer secondary and in sync, or this copy demoted last; nothing was written",
    "replicate": "primary here, and at the peer absent or secondary; nothing was written",
}
NEXT_STEP = {
    "promote": "demote the peer and prove its final sync, or declare it lost and force",
    "replicate": "protect where the plan lives; where both sites are primary, find out which holds the data, then"
    " reprotect",
}


def require_claims(side: Side, tried: str) -> list[Key]:
    """What they make necessary."""
    keys = side.keys()
    if not keys:
        raise side.refused(
            f"{tried} the group",
            "none of its claims is here",
            "its claims with their volumes: csi-addons reaches a volume through its claim",
            "create the claims first (they bind while the volume is secondary), then start again",
        )
    return keys


def existing(side: Side, tried: str, since: int | None = None) -> list[Unit]:
    units = side.matched(require_claims(side, tried), since)
    for unit in units:
        if unit.item is None:
            raise NotFound(
                f"{tried} the group",
                site=side.site.name,
                on=f"group {side.group.name}, {unit.volume}",
                seen=f"it has no {side.kind.kind}",
                next_step="run protect where the plan lives first",
            )
        if out := side.left_out(unit.item):
            raise side.refused(
                f"{tried} the group",
                out,
                "all of the group's claims in its status.persistentVolumeClaimsRefList; nothing was written",
                "look at the log of the group's controller: a claim that it cannot take in is not replicated",
                unit,
            )
    return units


def at_peer(side: Side, there: Side, units: Sequence[Unit], since: int | None = None) -> list[Unit]:
    """The peer's objects, asked after the moment, or now."""
    with asking_peer(side.group.name, side.site.name, there.site.name):
        return there.matched([unit.key for unit in units], since)


def check_no_split(side: Side, there: Side, units: Sequence[Unit]) -> None:
    """units: primary here. There is nothing to ask a silent peer's permission for."""
    if not units:
        return
    try:
        theirs = there.matched([unit.key for unit in units])
    except (Unreachable, NotFound):
        return
    if both := [unit.volume for unit in theirs if unit.item and is_primary(unit.item)]:
        raise split_brain(side.group.name, side.site.name, there.site.name, both)


def copy_of(side: Side, unit: Unit) -> ReplicatedCopy:
    return ReplicatedCopy(unit.item, side.site.name)


def refuse(
    verb: str,
    here: Side,
    mine: Sequence[Unit],
    there: Side,
    theirs: Sequence[Unit],
    reason: Callable[[Copy, Copy], str],
) -> None:
    for unit, other in zip(mine, theirs, strict=True):
        if why := reason(copy_of(here, unit), copy_of(there, other)):
            raise here.refused(f"{verb} the group", why, WANTED[verb], NEXT_STEP[verb], unit)


def require_demoted(side: Side, units: Sequence[Unit]) -> None:
    for unit in units:
        if may_write(unit.item or {}):
            raise side.refused(
                "prove the final sync",
                volume_status(unit.volume, unit.item, side.kind.kind).message or "role primary",
                "secondary: what is still writable proves nothing",
                "demote it first",
                unit,
            )


def require_primary(side: Side, peer: str, units: Sequence[Unit]) -> None:
    """A copy is thrown away only for one that is primary. units: at the peer."""
    for unit in units:
        if unit.item is None or not is_primary(unit.item):
            seen = volume_status(unit.volume, unit.item, side.kind.kind)
            raise side.refused(
                "resynchronise the group",
                f"at {peer}: role {seen.role}, {seen.message or seen.health}",
                f"primary at {peer}: its data replaces this copy",
                f"promote {peer} first, or find out which side holds the data",
                unit,
            )
