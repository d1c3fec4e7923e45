# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a test that failed: its move is brought to an end, so that the next test fails only for reasons of its own."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from demo.observation import newest_run

TRIES = 3


def mend(stage: Stage, failed: str) -> None:
    """failed: the name of the test. What cannot be mended is told in `stage.broken`."""
    for attempt in stage.attempts:
        attempt.kill()
    # a site that is lost stays lost
    stage.world.lab.run("heal")
    stage.world.lab.run("up")
    stage.free_locks()
    # tallied now, they are not the next test's
    stage.judge_writers()
    move = stage.under_way
    if move is None:
        return
    ended = _cleaned(stage, move) if _was_rolled_back(stage, move) else _finished(stage, move)
    if ended:
        stage.under_way = None
    else:
        stage.broken = f"{failed} failed, and its {move.name} could not be brought to an end: see {stage.world.log}"


def _was_rolled_back(stage: Stage, move: Move) -> bool:
    run = newest_run(stage.world.cluster(move.target))
    return (run.get("source"), run.get("state")) == (move.source, "rolled_back")


def _cleaned(stage: Stage, move: Move) -> bool:
    """The plan is where it was, on a copy that a cut link may have left behind."""
    stage.at = move.source
    if stage.world.play("reprotect").returncode:
        return False
    stage.world.storage.await_replicated(stage.world.sites)
    return True


def _finished(stage: Stage, move: Move) -> bool:
    for _try in range(TRIES):
        if stage.begin(move).wait() == 0:
            stage.at = move.target
            return True
    return False
