# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same command again while the module of the killed attempt still lives: it waits for its lock, or is refused."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.orphans import Orphans
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

BEGIN, END = "begin", "end"
# from the first step on until the lock was looked at, in a failback's second play too; the lock lasts far longer
LOOKS = 6.0
WAITED, REFUSED = "waited for its lock", "refused with its run"


def begin_beside(stage: Stage, move: Move, killed: Attempt, left: Orphans, places: Sequence[Place]) -> Attempt | None:
    """The next attempt once it has the lock; None where there is none that goes on.

    left: is held up, as it would end before another ansible-playbook is where the lock is taken. It goes on once the
    next attempt waits for that, and has a second for all that it wants to write.
    """
    met = killed.newest or places[0]
    holders = stage.lock_holders(move.locked_at(met.play))
    if not holders:
        left.go_on()
        stage.orphans_ended(left.await_end)
        return None
    following = stage.begin(move)
    following.reaches(Place(1, BEGIN), LOOKS)
    early = gone_past(following.begun)
    left.go_on()
    stage.orphans_ended(left.await_end)
    # a module of the last step gives the lock away
    if met.step != END:
        early = gone_past(following.begun)
    if early:
        stage.violated(f"P6: {move.name} went on with {early[0]} beside a module of {', '.join(holders)}")
    beyond = [place for place in places if place.step != BEGIN]
    if following.reaches(beyond[0], later=beyond[1:]):
        stage.tally.beside[WAITED] += 1
        return following
    if following.wait() != 0:
        if not names_one(following.output, holders):
            stage.violated(f"P6: {move.name} was not refused with {holders}:\n{following.output[-6000:]}")
        stage.tally.beside[REFUSED] += 1
    return None


def gone_past(begun: Sequence[tuple[float, Place]]) -> list[Place]:
    """Steps that an attempt has begun after the one that takes the lock."""
    return [place for _at, place in begun if place.step != BEGIN]


def names_one(output: str, holders: Sequence[str]) -> bool:
    """Whether a refusal says whose lock it was. holders: run#attempt."""
    return any(holder.rpartition("#")[0] in output for holder in holders)
