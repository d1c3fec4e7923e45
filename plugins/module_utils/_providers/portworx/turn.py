# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb of the provider does, decided by what stands at both sites; nothing is written where it is refused."""

from __future__ import annotations

from ..._model.group_status import SyncProof
from .action import find
from .status import STATUS, SUCCESSFUL, describe, state, what_lacks
from .switch import Ends, await_whole, note_action, reverse, switch, undo


def hand_over(ends: Ends) -> bool:
    """The planned switch from here; False where the peer is primary already, or this copy takes in.

    Whether the peer is so by a switch that has taken everything along, the proof finds out.
    """
    mine, theirs = ends.mine, ends.theirs
    if theirs.activated or theirs.sends or (mine.out is None and mine.receives):
        return note_action(ends)
    _require_schedule(ends)
    switch(ends)
    return True


def check_movable(ends: Ends) -> None:
    """What the switch would refuse, or wait for in vain, with all VMs off. The first migration it waits for."""
    _require_schedule(ends)
    ends.here.check_alone()
    ends.peer.check_alone()
    newest = ends.mine.newest_ended
    if newest and (lacking := what_lacks(newest, ends.mine.claims)):
        raise ends.here.refused(
            "hand the group over",
            lacking,
            "a newest migration that has taken every claim of the group along: Stork fails over by it",
            "wait for the next one, or remove what stands in its way; claims of another product, which Stork passes"
            " over, belong in a group of their own; nothing was written",
        )


def _require_schedule(ends: Ends) -> None:
    if ends.mine.out is None or not ends.theirs.receives:
        raise ends.here.refused(
            "demote the group",
            both(ends),
            f"a schedule here, and Stork's copy of it at {ends.peer.site.name}",
            "run protect where the plan lives",
        )


def prove(ends: Ends) -> SyncProof:
    mine, theirs = ends.mine, ends.theirs
    action = find(theirs.actions, mine.action_of_switch)
    done = action is not None and STATUS.read(action) == SUCCESSFUL
    if not (mine.given_up and mine.last_mile and theirs.activated and action and done):
        raise ends.here.refused(
            "prove the final sync",
            f"{both(ends)}, {describe(action) if action else 'no Action of it'}",
            "a source that a successful failover has given up, with all of its volumes in the last migration",
            "demote it first",
        )
    return SyncProof(
        ends.here.group.name,
        holds=True,
        compared="the product's word for each claim in the last migration, which was made after the demotion; no"
        " content was compared",
        source=f"{describe(mine.last_mile)}, {len(mine.claims)} volumes",
        target=describe(action),
        at=ends.here.api.clock.now().isoformat(),
        volumes=len(mine.claims),
    )


def take_up(ends: Ends) -> bool:
    """The planned promotion here: the end of the switch, or the end of one from here that has not succeeded."""
    if note_action(ends.turned):
        ends = ends.again()
    mine, theirs = ends.mine, ends.theirs
    if mine.activated and (theirs.given_up or (theirs.out is None and theirs.receives)):
        return reverse(ends)
    if mine.action_of_switch and not theirs.activated:
        undo(ends)
        return True
    if mine.role == "primary" and theirs.role == "secondary":
        return False
    raise ends.here.refused(
        "promote the group",
        both(ends),
        "a peer that a planned switch has given up; nothing was written",
        f"demote it at {ends.peer.site.name}: that is the switch; if both are primary, reprotect; or declare that site"
        " lost and force",
    )


def replace_copy(ends: Ends) -> bool:
    """The peer's copy, by what is here: this site sends from now on. False where it does already."""
    mine, theirs, here, copy = ends.mine, ends.theirs, ends.here.site.name, ends.peer.site.name
    newest = mine.newest_ended
    follows = mine.sends and theirs.receives and theirs.out is None and mine.copy is None
    if follows and newest and not what_lacks(newest, mine.claims):
        return False
    if mine.role != "primary" or not (mine.activated or theirs.role != "primary"):
        raise ends.peer.refused(
            "resynchronise the group",
            both(ends),
            f"primary at {here} alone, or failed over to it: its data replaces the copy at {copy}",
            f"to keep what {here} holds: storkctl deactivate migrations at {copy}, then the same command"
            if mine.role == "primary" and theirs.activated
            else f"promote {here} first, or find out which side holds the data",
        )
    reverse(ends)
    await_whole(ends.here)
    return True


def both(ends: Ends) -> str:
    here, peer = ends.here.site.name, ends.peer.site.name
    return f"at {here}: {state(ends.mine)}; at {peer}: {state(ends.theirs)}"
