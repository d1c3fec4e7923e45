# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned switch of a group as a whole, its undoing, and the replication back that ends it."""

from __future__ import annotations

from dataclasses import dataclass

from ..._cluster.kinds import MIGRATION, MIGRATION_SCHEDULE, STORK_ACTION
from ..._errors import Conflict, DrError, TerminalState
from .action import ask, await_success, find, new_name
from .objects import Object, asked_patch, give_up_patch, go_on_patch
from .side import Side
from .status import DELETION, NAMESPACES, STATUS, SUCCESSFUL, Standing, is_ended, state, what_lacks

# how often a schedule may change between our look and our write: Stork writes each of its migrations to it
ATTEMPTS = 5


@dataclass(frozen=True)
class Ends:
    """A site and its peer, with what stands there."""

    here: Side
    mine: Standing
    peer: Side
    theirs: Standing

    @property
    def turned(self) -> Ends:
        return Ends(self.peer, self.theirs, self.here, self.mine)

    def again(self) -> Ends:
        return Ends(self.here, self.here.standing(), self.peer, self.peer.standing())


def switch(ends: Ends) -> None:
    """From here, which is primary or was left in the middle, to the peer. What fails leaves this site primary."""
    ends.here.check_alone()
    ends.peer.check_alone()
    if ends.mine.action_of_switch and not _may_succeed(ends):
        undo(ends)
        ends = ends.again()
    action = ends.mine.action_of_switch or _begin(ends)
    try:
        _complete(ends, action)
    except DrError as error:
        _take_back(ends, error)
        raise


def note_action(ends: Ends) -> bool:
    """Of a switch from here that has succeeded, by the Action that a killed attempt did not live to note."""
    action = find(ends.theirs.actions, ends.mine.action_of_switch)
    if action is None or ends.mine.uid_of_switch or not ends.theirs.activated:
        return False
    _note(ends.here, action)
    return True


def undo(ends: Ends) -> None:
    """A switch from here that has not succeeded: nothing of it goes on, and this site sends again.

    The Action goes first, and is waited for: Stork could still activate the peer. Stork would suspend the schedule
    whose copy is activated.
    """
    ends = ends.again()
    ends.peer.delete(STORK_ACTION, [find(ends.theirs.actions, ends.mine.action_of_switch)])
    ends = ends.again()
    last_mile = ends.mine.last_mile
    ends.here.delete(MIGRATION, [last_mile] if last_mile and not is_ended(last_mile) else [])
    if ends.theirs.activated:
        ends.peer.deactivate()
    ends.here.api.patch(MIGRATION_SCHEDULE, ends.here.out_name, ends.here.namespace, go_on_patch())


def reverse(ends: Ends) -> bool:
    """From here, which was failed over to: it sends, and the peer takes in. Whether something was changed.

    The copy that protects this site from its peer's schedule goes last.
    """
    ends.here.check_alone()
    ends.peer.check_alone()
    spaces = {key[0] for key in ends.mine.claims} or set(NAMESPACES.read(ends.mine.copy or ends.mine.out or {}) or ())
    changed = ends.here.send(spaces)
    ends.peer.await_copy()
    changed = ends.peer.delete(MIGRATION_SCHEDULE, [ends.theirs.out]) or changed
    return ends.here.delete(MIGRATION_SCHEDULE, [ends.mine.copy]) or changed


def await_whole(side: Side) -> None:
    """Stork rolls a failover back whose schedule's newest migration has failed; one under way is waited for."""
    tried = f"wait until the newest migration of group {side.group.name} has taken all of it along"

    def whole(seen: Standing) -> bool:
        newest = seen.migrations[-1] if seen.migrations else None
        lacking = what_lacks(newest, seen.claims) if newest else "there is none yet"
        if newest and lacking and is_ended(newest) and STATUS.read(newest) == SUCCESSFUL:
            raise side.refused(
                tried,
                lacking,
                "every claim of the group in it: Stork passes over volumes that are not Portworx's",
                "leave claims of another product to a group of their own; for one that is newer than the migration,"
                " wait for the next",
            )
        return not lacking

    side.settle(whole, tried)


def _may_succeed(ends: Ends) -> bool:
    """Whether the Action of a killed attempt is there, and has not failed."""
    action = find(ends.theirs.actions, ends.mine.action_of_switch)
    if action is None or DELETION.read(action):
        return False
    return not is_ended(action) or STATUS.read(action) == SUCCESSFUL


def _begin(ends: Ends) -> str:
    await_whole(ends.here)
    action = new_name(ends.peer.copy_name)
    for attempt in range(ATTEMPTS):
        seen = ends.here.standing()
        if seen.out is None or seen.action_of_switch:
            raise ends.here.refused(
                "give the group up",
                state(seen) if seen.out else "its schedule was deleted",
                f"{ends.here.out_name}, given up by nobody else",
                "run protect where the plan lives, or see what else switches the group",
            )
        patch = give_up_patch(action, seen.out["metadata"]["resourceVersion"])
        try:
            ends.here.api.patch(MIGRATION_SCHEDULE, ends.here.out_name, ends.here.namespace, patch)
            return action
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("a Conflict was raised before")


def _complete(ends: Ends, action: str) -> None:
    spaces = sorted(NAMESPACES.read(ends.theirs.copy or {}) or ())
    _note(ends.here, ask(ends.peer, action, spaces, forced=False))
    await_success(ends.peer, action)
    seen = ends.here.standing()
    if not seen.given_up:
        raise TerminalState(
            "give the group up",
            site=ends.here.site.name,
            on=f"group {ends.here.group.name}",
            seen=f"Action {action} is successful, but {_lacking(seen)}",
            wanted="a last migration after the VMs were off, with every volume of the group",
            next_step="Stork skips a source that it cannot reach: look at the ClusterPair at"
            f" {ends.peer.site.name}, then start again",
        )


def _note(side: Side, action: Object) -> None:
    patch = asked_patch(action["metadata"]["uid"])
    side.api.patch(MIGRATION_SCHEDULE, side.out_name, side.namespace, patch)


def _lacking(seen: Standing) -> str:
    return what_lacks(seen.last_mile, seen.claims) if seen.last_mile else "it has made no last migration at the source"


def _take_back(ends: Ends, error: DrError) -> None:
    try:
        undo(ends)
    except DrError as left:
        told = f"the switch was not taken back ({left}): nothing starts at either site until the same command has run"
    else:
        told = f"the switch was taken back: {ends.here.site.name} is primary, {state(ends.here.standing())}"
    error.next_step = f"{told}; {error.next_step}" if error.next_step else told
