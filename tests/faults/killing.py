# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempt after attempt of a move is killed; each begins as soon as the one before it is dead."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.beside import begin_beside
from ansible_collections.ocpvirt.dr.tests.faults.kills import Kill, Place
from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

# a step may be over before a kill at its boundary arrives: then the next attempt is killed there too
BOUNDARY_TRIES = 3


def kill_all(
    stage: Stage, move: Move, kills: Sequence[Kill], places: Sequence[Place], attempt: Attempt | None = None
) -> int:
    """How many kills struck. places: of the move, in their order. attempt: the first one, if it is under way."""
    struck = 0
    for kill in kills:
        for _try in range(1 if kill.after else BOUNDARY_TRIES):
            attempt = attempt or stage.begin(move)
            if not attempt.reaches(kill.place, kill.after, places[places.index(kill.place) + 1 :]):
                _assert_done(move, attempt, f"before a kill {kill}")
                attempt = None
                break
            following = _strike(stage, move, kill, attempt, places)
            struck += attempt.killed
            met, attempt = attempt.newest, following
            if met == kill.place:
                break
    if attempt is not None:
        _assert_done(move, attempt, "beside what its last kill left")
    return struck


def _assert_done(move: Move, attempt: Attempt, when: str) -> None:
    assert attempt.wait() == 0, f"P5: {move.name} {when}:\n{attempt.output[-6000:]}"


def _strike(stage: Stage, move: Move, kill: Kill, attempt: Attempt, places: Sequence[Place]) -> Attempt | None:
    """The next attempt, where that begins before the killed one's module is gone."""
    print(f"{time.strftime('%H:%M:%S')} {move.name}: kill -9 {kill}", flush=True)
    following = None
    left = attempt.leave_module() if kill.beside else None
    if left is not None:
        following = begin_beside(stage, move, attempt, left, places)
    elif kill.parent_only:
        stage.orphans_ended(attempt.kill_parent)
    else:
        attempt.kill()
    stage.tally.kills[move.playbook] += attempt.killed
    stage.tally.parents += int(kill.parent_only and attempt.killed)
    if attempt.newest != kill.place:
        print(f"  it met {attempt.newest}", flush=True)
    elif attempt.killed and not kill.after:
        stage.tally.boundaries.met(move.playbook, kill.place)
    if following is None and not kill.lock:
        stage.free_locks()
    return following
