# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be there, at one site and at its peer, before a verb of a described product begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..._errors import NotFound, Unreachable, Unsupported
from ..._model.plan import Group
from ..last_primary import Copy
from ..peer import asking_peer, split_brain
from .guard import DescribedCopy
from .side import Side
from .status import Unit, role_of, volume_status

Reason = Callable[[Copy, Copy], str]


def named(side: Side, tried: str, since: int | None = None) -> list[Unit]:
    """What replicates its claims. One whose volume is another product's would be switched with them, and moved not."""
    check_covered(side, tried)
    units = side.units(since)
    if not units:
        raise side.refused(
            f"{tried} the group",
            "none of its claims is here",
            "its claims with their volumes: the plan names an object for each",
            "create the claims first, then start again",
        )
    return units


def check_covered(side: Side, tried: str) -> None:
    for volume in side.site.volumes(side.group):
        if volume.pv and not side.covers(volume.pv):
            raise side.refused(
                f"{tried} the group",
                f"{volume.claim}: its volume {volume.pv['metadata']['name']} is not what the product replicates, by"
                " covers of the plan",
                "volumes of one product in a group",
                "correct covers, or the group's selector; nothing was written",
            )


def existing(side: Side, tried: str, since: int | None = None) -> list[Unit]:
    units = named(side, tried, since)
    for unit in units:
        if unit.item is None:
            raise absent(side, tried, unit)
    return units


def require_promotable(side: Side, since: int) -> None:
    """As far as a copy shows it that nobody has asked for yet; its claims may come later."""
    check_covered(side, "promote")
    todo = [unit for unit in side.units(since) if role_of(side.described, unit) != "primary"]
    side.check_not_of_others(todo)
    missing = [unit for unit in todo if unit.item is None]
    if missing and side.described.create is None:
        raise absent(side, "promote", missing[0])


def require_proof(side: Side) -> None:
    if "proof" not in side.described.status:
        raise undescribed(side.group, "prove a final sync", "status.proof")


def absent(side: Side, tried: str, unit: Unit) -> NotFound:
    return NotFound(
        f"{tried} the group",
        site=side.site.name,
        on=f"group {side.group.name}, {unit.volume}",
        seen=f"it has no {side.described.kind.kind} named {'/'.join(part for part in unit.key if part)}",
        next_step="run protect where the plan lives first, or correct the name in the plan",
    )


def undescribed(group: Group, what: str, path: str) -> Unsupported:
    return Unsupported(
        what,
        on=f"group {group.name}",
        seen=f"the plan describes no {path}",
        next_step="describe it in the options, if the product can do it; docs/providers/custom.md has an example",
    )


def at_peer(there: Side, units: Sequence[Unit]) -> list[Unit]:
    """The peer's objects, asked now."""
    with asking_peer(there.group.name, there.site.plan.peer_of(there.site.name), there.site.name):
        return matched(units, there.units())


def matched(units: Sequence[Unit], others: Sequence[Unit]) -> list[Unit]:
    """The other site's, in the order of these. What has no claim there has no object."""
    found = {unit.claim: unit for unit in others}
    return [found.get(unit.claim, replace(unit, item=None)) for unit in units]


def check_no_split(side: Side, there: Side, units: Sequence[Unit]) -> None:
    """units: primary here. There is nothing to ask a silent peer's permission for."""
    if not units:
        return
    try:
        theirs = matched(units, there.units())
    except (Unreachable, NotFound):
        return
    if both := [unit.volume for unit in theirs if role_of(there.described, unit) == "primary"]:
        raise split_brain(side.group.name, side.site.name, there.site.name, both)


# by verb: what is wanted, and the next step
ADVICE = {
    "promote": (
        "the peer secondary and proven to be in sync, or this copy demoted last; nothing was written",
        "demote the peer and prove its final sync, or declare it lost and force",
    ),
    "replicate": (
        "primary here, and at the peer absent or secondary; nothing was written",
        "protect where the plan lives; where both sites are primary, find out which holds the data, then reprotect",
    ),
}


def refuse(verb: str, here: Side, mine: Sequence[Unit], there: Side, theirs: Sequence[Unit], reason: Reason) -> None:
    for unit, other in zip(mine, theirs, strict=True):
        if why := reason(DescribedCopy(unit, here.described), DescribedCopy(other, there.described)):
            raise here.refused(f"{verb} the group", f"{unit.volume}: {why}", *ADVICE[verb])


def require_role(side: Side, units: Sequence[Unit], role: str, tried: str, why: str, next_step: str) -> None:
    for unit in units:
        seen = volume_status(side.described, unit)
        if seen.role != role:
            words = f"{unit.volume}: role {seen.role} {seen.message}".rstrip()
            raise side.refused(tried, words, f"{role}: {why}", next_step)


def require_objects(side: Side, units: Sequence[Unit]) -> None:
    if units and side.described.create is None:
        raise side.refused(
            "replicate the group",
            f"{units[0].volume} has no {side.described.kind.kind}",
            "an object, or create in the plan",
            "make it, or describe it in the plan",
        )
